// Which axioms a declaration rests on: those that its type or value names, and those that its constants rest on. A text
// names the constants it is made with. A wrong answer here hides an axiom.
import type { Constant } from "./read/constants.ts";
import { APP, CONST, PROJ, STR, type Expr } from "./terms/kind.ts";
import { Column } from "./terms/column.ts";
import type { Name } from "./terms/names.ts";
import type { Terms } from "./terms/terms.ts";

/** A number of a set; 0 is the empty one. */
type SetNumber = number;

export class AxiomUse {
  readonly #terms: Terms;
  readonly #textNames: () => readonly Name[];
  /** By constant, of those that rest on any. */
  readonly #ofConstant = new Map<Name, SetNumber>();
  /** By expression of the export: its set + 1, 0 for not known. Nothing is known before there is an axiom. */
  readonly #ofExpr = new Column();
  readonly #sets: (readonly Name[])[] = [[]];
  readonly #numbers = new Map<string, SetNumber>([["", 0]]);
  readonly #unions = new Map<string, SetNumber>();

  /** @param textNames what every text stands for */
  constructor(terms: Terms, textNames: () => readonly Name[]) {
    this.#terms = terms;
    this.#textNames = textNames;
  }

  /** The axioms of constants that were declared together, in order of name's number; those before must be known by now. */
  add(constants: readonly Constant[]): readonly Name[] {
    const axioms = constants.filter(({ kind }) => kind === "axiom").map(({ name }) => name);
    if (axioms.length === 0 && this.#ofConstant.size === 0) return [];
    const own = new Set(constants.map(({ name }) => name));
    let used = this.#number(axioms);
    for (const constant of constants) {
      used = this.#union(used, this.#setOf(constant.type, own));
      if ("value" in constant) used = this.#union(used, this.#setOf(constant.value, own));
      if ("rules" in constant)
        for (const { value } of constant.rules) used = this.#union(used, this.#setOf(value, own));
    }
    if (used !== 0) for (const { name } of constants) this.#ofConstant.set(name, used);
    return this.#sets[used]!;
  }

  /** Of everything in `e`. What mentions the constants that are being declared is not remembered: their set is not known. */
  #setOf(e: Expr, own: ReadonlySet<Name>): SetNumber {
    const terms = this.#terms;
    this.#ofExpr.ensure(terms.kept);
    const known = this.#ofExpr.words;
    const open = new Map<Expr, SetNumber>();
    const stack: Expr[] = [e];
    const found = (part: Expr): SetNumber => (known[part]! > 0 ? known[part]! - 1 : (open.get(part) ?? -1));
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      if (found(at) >= 0) {
        stack.pop();
        continue;
      }
      const kind = terms.kind(at);
      if (kind < APP) {
        if (kind === CONST && own.has(terms.name(at))) open.set(at, 0);
        else known[at] = 1 + this.#leaf(at);
        continue;
      }
      const parts = kind === PROJ ? [terms.left(at)] : [terms.left(at), terms.right(at)];
      const missing = parts.filter((part) => found(part) < 0);
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      let set = kind === PROJ ? (this.#ofConstant.get(terms.field(at)[0]) ?? 0) : 0;
      for (const part of parts) set = this.#union(set, found(part));
      const isOpen = parts.some((part) => open.has(part)) || (kind === PROJ && own.has(terms.field(at)[0]));
      if (isOpen) open.set(at, set);
      else known[at] = 1 + set;
    }
    return found(e);
  }

  #leaf(e: Expr): SetNumber {
    const terms = this.#terms;
    const kind = terms.kind(e);
    if (kind === CONST) return this.#ofConstant.get(terms.name(e)) ?? 0;
    if (kind !== STR) return 0;
    return this.#textNames().reduce((set, name) => this.#union(set, this.#ofConstant.get(name) ?? 0), 0);
  }

  #union(a: SetNumber, b: SetNumber): SetNumber {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = `${a} ${b}`;
    const known = this.#unions.get(key);
    if (known !== undefined) return known;
    const made = this.#number([...this.#sets[a]!, ...this.#sets[b]!]);
    this.#unions.set(key, made);
    return made;
  }

  #number(names: readonly Name[]): SetNumber {
    const sorted = [...new Set(names)].toSorted((a, b) => a - b);
    const key = sorted.join(" ");
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#sets.push(sorted);
    this.#numbers.set(key, this.#sets.length - 1);
    return this.#sets.length - 1;
  }
}
