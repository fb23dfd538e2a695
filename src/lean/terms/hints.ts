// Names of bound variables, which expressions do not have: kept only while a refusal is worded, for people to read.
import type { Expr } from "./kind.ts";
import type { Name } from "./names.ts";

export class Hints {
  #names: Map<Expr, Name> | undefined;
  /** The levels of variables by name: two variables of one name must not pass for each other. */
  readonly #levels = new Map<Name, Set<number>>();

  /** @param names by binder (LAM, PI, LET) or free variable; undefined to keep none */
  open(names: Map<Expr, Name> | undefined): void {
    this.#names = names;
    this.#levels.clear();
  }

  get(e: Expr): Name | undefined {
    return this.#names?.get(e);
  }

  /** `to` is `from` with something put in, or its variable. */
  copy(from: Expr, to: Expr): void {
    if (this.#names === undefined) return;
    const name = this.#names.get(from);
    if (name !== undefined && !this.#names.has(to)) this.#names.set(to, name);
  }

  /** As `copy`, to the free variable that a binder is opened with. */
  copyToVariable(from: Expr, variable: Expr, level: number): void {
    const name = this.#names?.get(from);
    if (name === undefined) return;
    // The same variable may have been opened for another binder before.
    this.#names?.set(variable, name);
    const levels = this.#levels.get(name);
    if (levels === undefined) this.#levels.set(name, new Set([level]));
    else levels.add(level);
  }

  isShared(name: Name): boolean {
    return (this.#levels.get(name)?.size ?? 0) > 1;
  }
}
