// What may be used by the declaration that is being checked: the declarations before it, and what it has made itself so far.
import type { Constant, Constructor, Inductive, Recursor } from "#lean/read/constants.ts";
import type { Declarations } from "#lean/read/declarations.ts";
import { CONST } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { Rows } from "#lean/terms/rows.ts";

/** Constants that are kept ready; beyond that all are decoded again. */
const READY_MAX = 200_000;

export class KernelEnvironment {
  readonly #declarations: Declarations;
  readonly #ready = new Map<Name, Constant>();
  /** Of the declaration that is being checked. */
  readonly #own = new Map<Name, Constant>();
  readonly #targets = new WeakMap<Recursor, Name>();
  #order = 0;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  get order(): number {
    return this.#order;
  }

  /** Goes on to the declaration of that order; what was made for another is gone. */
  open(order: number): void {
    this.#order = order;
    this.#own.clear();
    if (this.#ready.size > READY_MAX) this.#ready.clear();
  }

  /** undefined for what is not declared before, and for what is not part of the logic. */
  get(name: Name): Constant | undefined {
    const constant = this.find(name);
    return constant === undefined || constant.isUnsafe ? undefined : constant;
  }

  /** As `get`, also for what is not part of the logic. */
  find(name: Name): Constant | undefined {
    if (this.#own.size > 0) {
      const own = this.#own.get(name);
      if (own !== undefined) return own;
    }
    let constant = this.#ready.get(name);
    if (constant === undefined) {
      constant = this.#declarations.find(name);
      if (constant === undefined) return undefined;
      this.#ready.set(name, constant);
    }
    // A later one permits a proof by itself.
    return constant.order < this.#order ? constant : undefined;
  }

  has(name: Name): boolean {
    return this.get(name) !== undefined;
  }

  /** The type whose values a recursor takes apart: that of its major premise. */
  targetOf(recursor: Recursor, terms: Rows): Name {
    const known = this.#targets.get(recursor);
    if (known !== undefined) return known;
    const { paramCount, motiveCount, minorCount, indexCount } = recursor;
    let at = recursor.type;
    for (let i = paramCount + motiveCount + minorCount + indexCount; i > 0; i--) at = terms.right(at);
    const head = terms.head(terms.left(at));
    const target = terms.kind(head) === CONST ? terms.name(head) : 0;
    this.#targets.set(recursor, target);
    return target;
  }

  isTaken(name: Name): boolean {
    return this.#declarations.isTaken(name, this.#order);
  }

  /** Adds a constant of the declaration that is being checked. */
  add(constant: Constant): void {
    this.#own.set(constant.name, constant);
  }

  remove(name: Name): void {
    this.#own.delete(name);
  }

  /**
   * A type with one constructor, without indices, that does not contain itself: it has eta. A wrong "yes" permits to take
   * values for equal that a recursor tells apart.
   */
  structureOf(name: Name): { type: Inductive; constructor: Constructor } | undefined {
    const type = this.get(name);
    if (type?.kind !== "inductive" || type.constructors.length !== 1) return undefined;
    if (type.indexCount !== 0 || type.isRecursive) return undefined;
    const constructor = this.get(type.constructors[0] ?? 0);
    return constructor?.kind === "constructor" ? { type, constructor } : undefined;
  }
}
