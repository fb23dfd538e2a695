// Values of loose variables: an expression under binders is looked at together with a scope, so that nothing is put in for
// its variables before that is needed.
import type { Expr } from "./kind.ts";
import { NONE, PairMap } from "./map.ts";
import type { Terms } from "./terms.ts";

/** A number from 0: the scope of no variables. */
export type Scope = number;

export const EMPTY_SCOPE: Scope = 0;

export class Scopes {
  readonly #terms: Terms;
  readonly #outer: Scope[] = [0];
  readonly #values: Expr[] = [0];
  readonly #free: number[] = [0];
  readonly #table = new PairMap();

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  get bytes(): number {
    return this.#table.bytes + this.#outer.length * 24;
  }

  /** `scope` with one more variable, the innermost: a free variable, or the closed value of a let. */
  extend(scope: Scope, value: Expr): Scope {
    const known = this.#table.get(scope, value);
    if (known !== NONE) return known;
    const made = this.#outer.length;
    this.#outer.push(scope);
    this.#values.push(value);
    this.#free.push(Math.max(this.#free[scope]!, this.#terms.free(value)));
    this.#table.set(scope, value, made);
    return made;
  }

  valueAt(scope: Scope, index: number): Expr {
    let at = scope;
    for (let i = index; i > 0; i--) at = this.#outer[at]!;
    if (at === EMPTY_SCOPE) throw new Error("a loose variable without a value");
    return this.#values[at]!;
  }

  /** One more than the highest level of a free variable in it. */
  free(scope: Scope): number {
    return this.#free[scope]!;
  }

  forget(): void {
    this.#table.clear();
    for (const column of [this.#outer, this.#values, this.#free]) column.length = 1;
  }
}
