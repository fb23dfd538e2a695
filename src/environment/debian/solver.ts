// Which packages a request comes to: as apt chooses (depcache.cc of 2.6), depth first, each group by the first of its
// members that can be had, with what was marked for a member taken back where that fails.
import { isVersionWithin } from "#package/debian-version.ts";
import type { Dependency } from "#package/debian-relations.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { DebianPackage, Universe } from "./universe.ts";

export interface Solution {
  /** How many of the first are the base. */
  base: number;
  /** What a package needs comes before it, but for circles. */
  packages: DebianPackage[];
}

/** Tells of /usr as all of Debian has it now; the package that others would take for it brings programs to change that. */
const MERGED_USR = "usr-is-merged";

/** The essential packages, which all others count on, and those asked for, with all that they need. */
export function solve(universe: Universe, names: readonly string[]): Solution {
  const solver = new Solver(universe);
  const merged = universe.candidate(MERGED_USR);
  for (const each of [...(merged === undefined ? [] : [merged]), ...universe.essential()])
    solver.request(each.name);
  const base = solver.marked.length;
  for (const name of names) solver.request(name);
  return { base, packages: inOrder(solver, base) };
}

/** Why a package can't be had, in words. */
type Reason = string;

export class Solver {
  readonly #universe: Universe;
  readonly #marked = new Map<string, DebianPackage>();
  /** Marked packages by the names that they provide. */
  readonly #provided = new Map<string, Set<DebianPackage>>();
  #why: Reason | undefined;

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  get marked(): DebianPackage[] {
    return [...this.#marked.values()];
  }

  /** @throws PipeliteError PACKAGE_UNKNOWN, PACKAGES_IN_CONFLICT */
  request(name: string): void {
    const real = this.#universe.candidate(name);
    const [only, ...more] = real === undefined ? this.#universe.providers(name) : [real];
    if (only === undefined || more.length > 0) {
      const names = [only, ...more].flatMap((each) => each?.name ?? []);
      const suggestion =
        names.length > 0
          ? `It is provided by ${names.join(", ")}: name one of them`
          : "Look for it with `apt-cache search`";
      throw pipeliteError("PACKAGE_UNKNOWN", { package: name, suggestion });
    }
    this.#why = undefined;
    if (!this.#mark(only))
      throw pipeliteError("PACKAGES_IN_CONFLICT", { package: name, problem: this.#why ?? "" });
  }

  /** A marked package that does for a dependency. */
  satisfier(dependency: Dependency): DebianPackage | undefined {
    const real = this.#marked.get(dependency.name);
    if (real !== undefined && isSatisfiedBy(dependency, real)) return real;
    return [...(this.#provided.get(dependency.name) ?? [])].find((each) => isSatisfiedBy(dependency, each));
  }

  /** @returns false, with nothing more marked than before, where it can't be had */
  #mark(each: DebianPackage): boolean {
    const known = this.#marked.get(each.name);
    if (known !== undefined) return known === each;
    const foe = this.#foeOf(each);
    if (foe !== undefined) return this.#refuse(`${each.name} and ${foe.name} exclude each other`);
    const before = this.#marked.size;
    this.#add(each);
    for (const group of each.needs) {
      if (group.some((dependency) => this.satisfier(dependency) !== undefined)) continue;
      const candidates = group.flatMap((dependency) => this.#candidatesFor(dependency));
      if (candidates.length === 0) this.#refuse(`${each.name} needs ${inWords(group)}, which is not there`);
      if (candidates.some((candidate) => this.#mark(candidate))) continue;
      this.#undo(before);
      return false;
    }
    return true;
  }

  #refuse(why: Reason): false {
    this.#why ??= why;
    return false;
  }

  #candidatesFor(dependency: Dependency): DebianPackage[] {
    const real = this.#universe.candidate(dependency.name);
    const all = [...(real === undefined ? [] : [real]), ...this.#universe.providers(dependency.name)];
    return all.filter((candidate) => isSatisfiedBy(dependency, candidate));
  }

  /** A marked package that it excludes, or that excludes it. */
  #foeOf(each: DebianPackage): DebianPackage | undefined {
    for (const dependency of each.foes) {
      const foes = [this.#marked.get(dependency.name), ...(this.#provided.get(dependency.name) ?? [])];
      const foe = foes.find(
        (one) => one !== undefined && one !== each && isSatisfiedBy(dependency, one, true),
      );
      if (foe !== undefined) return foe;
    }
    return this.marked.find((one) => one.foes.some((dependency) => isSatisfiedBy(dependency, each, true)));
  }

  #add(each: DebianPackage): void {
    this.#marked.set(each.name, each);
    for (const { name } of each.provides) {
      const known = this.#provided.get(name) ?? new Set();
      this.#provided.set(name, known.add(each));
    }
  }

  #undo(before: number): void {
    for (const each of this.marked.slice(before)) {
      this.#marked.delete(each.name);
      for (const { name } of each.provides) this.#provided.get(name)?.delete(each);
    }
  }
}

/** @param isFoe whether it is about excluding: an architecture does not matter there */
function isSatisfiedBy(
  { name, qualifier, relation, version }: Dependency,
  each: DebianPackage,
  isFoe = false,
): boolean {
  const fits = (own: string | undefined): boolean =>
    relation === undefined ||
    version === undefined ||
    (own !== undefined && isVersionWithin(own, relation, version));
  if (each.name === name) {
    const isAny = qualifier === "any" && !isFoe;
    if (isAny && !["allowed", "foreign"].includes(each.text("multi-arch"))) return false;
    if (fits(each.version)) return true;
  }
  return each.provides.some((provided) => provided.name === name && fits(provided.version));
}

function inWords(group: readonly Dependency[]): string {
  return group
    .map(({ name, relation, version }) =>
      relation === undefined ? name : `${name} (${relation} ${version})`,
    )
    .join(" or ");
}

/** Depth first again, over what is marked: the base by itself, then the rest. */
function inOrder(solver: Solver, base: number): DebianPackage[] {
  const all = solver.marked;
  const ordered: DebianPackage[] = [];
  const seen = new Set<DebianPackage>();
  const within = (part: ReadonlySet<DebianPackage>) => {
    const visit = (each: DebianPackage): void => {
      if (seen.has(each) || !part.has(each)) return;
      seen.add(each);
      for (const group of each.needs) {
        for (const dependency of group) {
          const found = solver.satisfier(dependency);
          if (found === undefined) continue;
          visit(found);
          break;
        }
      }
      ordered.push(each);
    };
    for (const each of part) visit(each);
  };
  within(new Set(all.slice(0, base)));
  within(new Set(all.slice(base)));
  return ordered;
}
