// Which packages a request comes to: as apt chooses (depcache.cc of 2.6), depth first, each group by the first of its
// members that can be had, with what was marked for a member taken back where that fails.
import type { PipeliteError } from "#base/errors.ts";
import { nearWords } from "#base/near-words.ts";
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

/** More names than these are no help. */
const NEAR_MAX = 5;

export function unknownPackage(universe: Universe, name: string): PipeliteError {
  // Of the others none is near, and names may be long.
  const known = universe.names().filter((each) => Math.abs(each.length - name.length) <= name.length / 3 + 1);
  const near = nearWords(name, known);
  const isFew = near.length > 0 && near.length <= NEAR_MAX;
  const suggestion = isFew ? `Did you mean ${near.join(" or ")}?` : "Look for it with `apt-cache search`";
  return pipeliteError("PACKAGE_UNKNOWN", { package: name, suggestion });
}

/** Why a package can't be had, in words. */
type Reason = string;

/** Packages that need each other, one after the other: no archive has such a row, and apt goes to 3,000. */
const DEPTH_MAX = 1000;
/** Relations looked at for one request: of choices that all fail in the end there are as many as can be combined. */
const WORK_MAX = 4_000_000;

export class Solver {
  readonly #universe: Universe;
  readonly #marked = new Map<string, DebianPackage>();
  /** Marked packages by the names that they provide. */
  readonly #provided = new Map<string, Set<DebianPackage>>();
  /** Marked packages by the names of what they exclude. */
  readonly #excluding = new Map<string, Set<DebianPackage>>();
  #why: Reason | undefined;
  #work = 0;

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
      if (names.length === 0) throw unknownPackage(this.#universe, name);
      const suggestion = `It is provided by ${listed(names)}: name one of them`;
      throw pipeliteError("PACKAGE_UNKNOWN", { package: name, suggestion });
    }
    this.#why = undefined;
    this.#work = 0;
    if (this.#mark(only, 0)) return;
    const problem = this.#work > WORK_MAX ? TOO_MUCH : (this.#why ?? "");
    throw pipeliteError("PACKAGES_IN_CONFLICT", { package: name, problem });
  }

  /** A marked package that does for a dependency. */
  satisfier(dependency: Dependency): DebianPackage | undefined {
    const real = this.#marked.get(dependency.name);
    if (real !== undefined && isSatisfiedBy(dependency, real)) return real;
    for (const each of this.#provided.get(dependency.name) ?? [])
      if (isSatisfiedBy(dependency, each)) return each;
    return undefined;
  }

  /** @returns false, with nothing more marked than before, where it can't be had */
  #mark(each: DebianPackage, depth: number): boolean {
    const known = this.#marked.get(each.name);
    if (known !== undefined) return known === each;
    if (depth > DEPTH_MAX)
      return this.#refuse(`more than ${DEPTH_MAX} packages need each other, one after the other`);
    const { needs, foes, provides } = each;
    this.#work += 1 + needs.length + foes.length + provides.length;
    if (this.#work > WORK_MAX) return false;
    const foe = this.#foeOf(each);
    if (foe !== undefined)
      return this.#refuse(`${shortened(each.name)} and ${shortened(foe.name)} exclude each other`);
    const before = this.#marked.size;
    this.#add(each);
    for (const group of needs) {
      if (group.some((dependency) => this.satisfier(dependency) !== undefined)) continue;
      const candidates = group.flatMap((dependency) => this.#candidatesFor(dependency));
      this.#work += candidates.length;
      if (candidates.length === 0)
        this.#refuse(`${shortened(each.name)} needs ${inWords(group)}, which is not there`);
      if (candidates.some((candidate) => this.#mark(candidate, depth + 1))) continue;
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
    for (const name of [each.name, ...each.provides.map((provided) => provided.name)])
      for (const one of this.#excluding.get(name) ?? [])
        if (one.foes.some((dependency) => dependency.name === name && isSatisfiedBy(dependency, each, true)))
          return one;
    return undefined;
  }

  #add(each: DebianPackage): void {
    this.#marked.set(each.name, each);
    for (const { name } of each.provides) this.#provided.getOrInsertComputed(name, newSet).add(each);
    for (const { name } of each.foes) this.#excluding.getOrInsertComputed(name, newSet).add(each);
  }

  #undo(before: number): void {
    this.#work += this.#marked.size;
    for (const each of this.marked.slice(before)) {
      this.#marked.delete(each.name);
      for (const { name } of each.provides) this.#provided.get(name)?.delete(each);
      for (const { name } of each.foes) this.#excluding.get(name)?.delete(each);
    }
  }
}

const TOO_MUCH = `its relations leave more choices open than are tried (${WORK_MAX} relations)`;

function newSet(): Set<DebianPackage> {
  return new Set();
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
  return each.providing(name).some((provided) => fits(provided.version));
}

function inWords(group: readonly Dependency[]): string {
  return group
    .slice(0, ALTERNATIVES_NAMED)
    .map(({ name, relation, version }) =>
      shortened(relation === undefined ? name : `${name} (${relation} ${version})`),
    )
    .join(" or ");
}

const ALTERNATIVES_NAMED = 10;

function listed(names: readonly string[]): string {
  const named = names.slice(0, ALTERNATIVES_NAMED).map(shortened).join(", ");
  return names.length > ALTERNATIVES_NAMED
    ? `${named} and ${names.length - ALTERNATIVES_NAMED} others`
    : named;
}

/** What an archive calls its packages may have any length. */
function shortened(text: string): string {
  const NAMED = 100;
  return text.length > NAMED ? `${text.slice(0, NAMED)}...` : text;
}

/** Depth first again, over what is marked: the base by itself, then the rest. */
function inOrder(solver: Solver, base: number): DebianPackage[] {
  const all = solver.marked;
  const ordered: DebianPackage[] = [];
  const seen = new Set<DebianPackage>();
  function* neededBy(each: DebianPackage): Generator<DebianPackage> {
    for (const group of each.needs)
      for (const dependency of group) {
        const found = solver.satisfier(dependency);
        if (found === undefined) continue;
        yield found;
        break;
      }
  }
  const within = (part: ReadonlySet<DebianPackage>) => {
    // By hand, since a row of packages may be longer than a stack is deep.
    const visit = (first: DebianPackage): void => {
      const open: { each: DebianPackage; needs: Iterator<DebianPackage> }[] = [];
      const enter = (each: DebianPackage): void => {
        if (seen.has(each) || !part.has(each)) return;
        seen.add(each);
        open.push({ each, needs: neededBy(each) });
      };
      enter(first);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const { done, value } = top.needs.next();
        if (done !== true) enter(value);
        else ordered.push(...open.splice(-1).map(({ each }) => each));
      }
    };
    for (const each of part) visit(each);
  };
  within(new Set(all.slice(0, base)));
  within(new Set(all.slice(base)));
  return ordered;
}
