// Which axioms a declaration rests on: those that its type or value names, and those that its constants rest on.
// A text names the constants it is made with.
import type { Constant } from "./environment.ts";
import { CONST, PROJ, STR, partsOf, type Expr } from "./expr.ts";
import type { Name } from "./name.ts";

const NONE: ReadonlySet<Name> = new Set();

export class AxiomUse {
  readonly #textNames: () => readonly Name[];
  readonly #of = new Map<Name, ReadonlySet<Name>>();

  /** @param textNames what every text stands for */
  constructor(textNames: () => readonly Name[]) {
    this.#textNames = textNames;
  }

  /** The axioms of constants that were declared together. Their own constants must be known by now. */
  add(constants: readonly Constant[]): ReadonlySet<Name> {
    let used = NONE;
    const own = new Set(constants.map(({ name }) => name));
    for (const name of referencesOf(constants, this.#textNames))
      if (!own.has(name)) used = union(used, this.#of.get(name) ?? NONE);
    for (const { kind, name } of constants) if (kind === "axiom") used = union(used, new Set([name]));
    for (const { name } of constants) this.#of.set(name, used);
    return used;
  }
}

function union(a: ReadonlySet<Name>, b: ReadonlySet<Name>): ReadonlySet<Name> {
  if (b.size === 0 || b === a || b.isSubsetOf(a)) return a;
  return a.isSubsetOf(b) ? b : a.union(b);
}

function referencesOf(constants: readonly Constant[], textNames: () => readonly Name[]): Set<Name> {
  const found = new Set<Name>();
  const seen = new Set<Expr>();
  const stack = constants.flatMap((constant) =>
    "value" in constant ? [constant.type, constant.value] : [constant.type],
  );
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.kind === CONST || at.kind === PROJ) found.add(at.name);
    if (at.kind === STR) for (const name of textNames()) found.add(name);
    for (const [part] of partsOf(at)) stack.push(part);
  }
  return found;
}
