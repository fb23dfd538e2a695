// Walks that rebuild an expression: putting values in for bound variables, taking free variables out, putting universe
// levels in. Each visits a shared part once per depth; deep expressions are walked with a stack of their own.
import { APP, BVAR, CONST, FVAR, LAM, LET, PAIR, PI, PROJ, SORT, type Expr } from "./kind.ts";
import type { Hints } from "./hints.ts";
import type { Level } from "./level-kind.ts";
import type { Name } from "./names.ts";
import type { Scope, Scopes } from "./scopes.ts";
import type { Terms } from "./terms.ts";

const VALUES = 0;
const SCOPE = 1;
const LAZY = 2;
const ABSTRACT = 3;
const LEVELS = 4;
const REPLACE = 5;

/** Nobody knows yet. */
const OPEN = -1;

/** Deeper than this the native stack is not used. */
const DEPTH_MAX = 400;
/** Answers are remembered from here on: small expressions are done sooner without. */
const FREE_VISITS = 12;
const TABLE_SIZE = 1 << 8;
const STAMP_MAX = 2 ** 31 - 1;

/** Arguments of an application that stand in a scope: each is put into the scope when it is asked for. */
export interface Arguments {
  readonly raw: readonly Expr[];
  readonly scope: Scope;
  /** OPEN where it has not been made. */
  readonly made: Expr[];
}

export class Rewriter {
  readonly #terms: Terms;
  readonly #scopes: Scopes;
  readonly #inner: Rewriter | undefined;
  readonly #hints: Hints;
  #mode = VALUES;
  #values: readonly Expr[] = [];
  #start = 0;
  #count = 0;
  #base = 0;
  #scope: Scope = 0;
  #arguments: Arguments | undefined;
  #names: readonly Name[] = [];
  #levels: readonly Level[] = [];
  #leaf: (e: Expr) => Expr = () => OPEN;
  // Answers of the present walk: an open-addressed table whose entries count only with the present stamp.
  // Four words an entry: stamp, expression, offset, answer.
  #stamp = 0;
  #filled = 0;
  #visits = 0;
  #table = new Int32Array(TABLE_SIZE * 4);

  /** @param inner for what has to be made while this one is walking */
  constructor(terms: Terms, scopes: Scopes, hints: Hints, inner?: Rewriter) {
    this.#hints = hints;
    this.#terms = terms;
    this.#scopes = scopes;
    this.#inner = inner;
  }

  /** Puts closed `values` in for the outermost loose variables of `e`: the last value for the innermost one. */
  instantiate(e: Expr, values: readonly Expr[], count: number = values.length, start = 0): Expr {
    if (count === 0 || this.#terms.loose(e) === 0) return e;
    this.#mode = VALUES;
    this.#values = values;
    this.#start = start;
    this.#count = count;
    return this.#walk(e);
  }

  /** Puts the values of a scope in. */
  close(e: Expr, scope: Scope): Expr {
    if (this.#terms.loose(e) === 0) return e;
    this.#mode = SCOPE;
    this.#scope = scope;
    return this.#walk(e);
  }

  /** As `instantiate`, with some of the arguments of an application. */
  instantiateLazily(e: Expr, args: Arguments, count: number, start: number): Expr {
    if (count === 0 || this.#terms.loose(e) === 0) return e;
    this.#mode = LAZY;
    this.#arguments = args;
    this.#start = start;
    this.#count = count;
    return this.#walk(e);
  }

  /** The inverse of instantiate: `variables` have consecutive levels and become bound, the last one innermost. */
  abstract(e: Expr, variables: readonly Expr[], count: number = variables.length): Expr {
    const first = variables[0];
    if (first === undefined || count === 0) return e;
    const base = this.#terms.depth(first);
    if (this.#terms.free(e) <= base) return e;
    this.#mode = ABSTRACT;
    this.#values = variables;
    this.#base = base;
    this.#count = count;
    return this.#walk(e);
  }

  instantiateLevels(e: Expr, names: readonly Name[], values: readonly Level[]): Expr {
    if (names.length === 0 || !this.#terms.hasParam(e)) return e;
    this.#mode = LEVELS;
    this.#names = names;
    this.#levels = values;
    return this.#walk(e);
  }

  /** Replaces what `leaf` answers for (not -1); it must not use this rewriter. */
  replace(e: Expr, leaf: (e: Expr) => Expr): Expr {
    this.#mode = REPLACE;
    this.#leaf = leaf;
    return this.#walk(e);
  }

  #walk(e: Expr): Expr {
    if (++this.#stamp === STAMP_MAX) {
      // A stamp used again would bring back answers of an old walk.
      this.#table.fill(0);
      this.#stamp = 1;
    }
    this.#filled = 0;
    this.#visits = 0;
    return this.#visit(e, 0, 0);
  }

  /** What becomes of `e` under `offset` binders; OPEN to look into its parts. */
  #answer(e: Expr, offset: number): Expr {
    const terms = this.#terms;
    const mode = this.#mode;
    if (mode <= LAZY) {
      if (terms.loose(e) <= offset) return e;
      return terms.kind(e) === BVAR ? this.#valueAt(terms.index(e) - offset, offset) : OPEN;
    }
    if (mode === ABSTRACT) {
      if (terms.free(e) <= this.#base) return e;
      return terms.kind(e) === FVAR ? this.#bind(e, offset) : OPEN;
    }
    if (mode === LEVELS) return this.#putLevels(e);
    const answer = this.#leaf(e);
    return answer !== OPEN || terms.kind(e) >= APP ? answer : e;
  }

  #valueAt(index: number, offset: number): Expr {
    if (this.#mode === SCOPE) return this.#scopes.valueAt(this.#scope, index);
    const count = this.#count;
    if (index >= count) return this.#terms.bvar(index + offset - count);
    const place = this.#start + count - 1 - index;
    if (this.#mode === VALUES) return this.#values[place]!;
    const args = this.#arguments;
    if (args === undefined || this.#inner === undefined) throw new Error("no arguments");
    const made = args.made[place]!;
    if (made !== OPEN) return made;
    return (args.made[place] = this.#inner.close(args.raw[place]!, args.scope));
  }

  #bind(e: Expr, offset: number): Expr {
    const depth = this.#terms.depth(e);
    const last = this.#base + this.#count - 1;
    if (depth < this.#base) return e;
    if (depth > last || this.#values[depth - this.#base] !== e)
      throw new Error("a free variable outside of its scope");
    return this.#terms.bvar(offset + last - depth);
  }

  #putLevels(e: Expr): Expr {
    const terms = this.#terms;
    if (!terms.hasParam(e)) return e;
    const { levels } = terms;
    const kind = terms.kind(e);
    if (kind === SORT) return terms.universe(levels.substitute(terms.level(e), this.#names, this.#levels));
    if (kind !== CONST) return kind === FVAR ? e : OPEN;
    let list = 0;
    for (const level of levels.items(terms.list(e)))
      list = levels.append(list, levels.substitute(level, this.#names, this.#levels));
    return terms.constant(terms.name(e), list);
  }

  #visit(e: Expr, offset: number, depth: number): Expr {
    const answer = this.#answer(e, offset);
    if (answer !== OPEN) return answer;
    const isRemembered = ++this.#visits > FREE_VISITS;
    if (isRemembered) {
      const known = this.#recall(e, offset);
      if (known !== OPEN) return known;
    }
    if (depth > DEPTH_MAX) return this.#visitDeep(e, offset);
    const terms = this.#terms;
    const kind = terms.kind(e);
    const left = this.#visit(terms.left(e), offset, depth + 1);
    const inner = kind === LAM || kind === PI || kind === PAIR ? offset + 1 : offset;
    const right = kind === PROJ ? terms.right(e) : this.#visit(terms.right(e), inner, depth + 1);
    const made = this.#build(kind, left, right);
    if (kind >= LAM && kind <= LET) this.#hints.copy(e, made);
    if (isRemembered) this.#remember(e, offset, made);
    return made;
  }

  #build(kind: number, left: Expr, right: Expr): Expr {
    const terms = this.#terms;
    switch (kind) {
      case APP:
        return terms.app(left, right);
      case LET:
        return terms.letPair(left, right);
      case PROJ:
        return terms.projAt(right, left);
      default:
        return terms.binder(kind as typeof LAM, left, right);
    }
  }

  /** As #visit, with the parts still to do on a stack: a part is done when its answer is recalled. */
  #visitDeep(root: Expr, offset: number): Expr {
    const terms = this.#terms;
    const exprs: Expr[] = [root];
    const offsets: number[] = [offset];
    while (exprs.length > 0) {
      const e = exprs.at(-1)!;
      const at = offsets.at(-1)!;
      if (this.#known(e, at) === OPEN) {
        const kind = terms.kind(e);
        const inner = kind === LAM || kind === PI || kind === PAIR ? at + 1 : at;
        const [left, right] = [terms.left(e), terms.right(e)];
        const first = this.#known(left, at);
        const second = kind === PROJ ? right : this.#known(right, inner);
        if (first === OPEN) {
          exprs.push(left);
          offsets.push(at);
        }
        if (second === OPEN) {
          exprs.push(right);
          offsets.push(inner);
        }
        if (first === OPEN || second === OPEN) continue;
        this.#remember(e, at, this.#build(kind, first, second));
      }
      exprs.pop();
      offsets.pop();
    }
    return this.#recall(root, offset);
  }

  #known(e: Expr, offset: number): Expr {
    const answer = this.#answer(e, offset);
    return answer === OPEN ? this.#recall(e, offset) : answer;
  }

  #recall(e: Expr, offset: number): Expr {
    const table = this.#table;
    const mask = (table.length >> 2) - 1;
    const stamp = this.#stamp;
    for (let slot = slotOf(e, offset) & mask; ; slot = (slot + 1) & mask) {
      const at = slot << 2;
      if (table[at] !== stamp) return OPEN;
      if (table[at + 1] === e && table[at + 2] === offset) return table[at + 3]!;
    }
  }

  #remember(e: Expr, offset: number, answer: Expr): void {
    if (++this.#filled * 8 > this.#table.length) this.#grow();
    const table = this.#table;
    const mask = (table.length >> 2) - 1;
    let slot = slotOf(e, offset) & mask;
    while (table[slot << 2] === this.#stamp) slot = (slot + 1) & mask;
    const at = slot << 2;
    table[at] = this.#stamp;
    table[at + 1] = e;
    table[at + 2] = offset;
    table[at + 3] = answer;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 4);
    this.#filled = 1;
    for (let at = 0; at < old.length; at += 4)
      if (old[at] === this.#stamp) this.#remember(old[at + 1]!, old[at + 2]!, old[at + 3]!);
  }
}

function slotOf(e: Expr, offset: number): number {
  const h = Math.imul(e + Math.imul(offset, 0x85ebca6b), 0x9e3779b1);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) >>> 7;
}
