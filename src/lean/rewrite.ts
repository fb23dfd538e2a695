// Walks that rebuild an expression: putting values in for bound variables, taking free variables out, putting universe
// levels in. Each visits a shared part once per depth; deep expressions are walked with a stack of their own.
import { APP, BVAR, CONST, FVAR, LAM, LET, PI, PROJ, SORT, partsOf, type Expr } from "./expr.ts";
import type { Levels, Level } from "./level.ts";
import type { Name } from "./name.ts";
import type { Terms } from "./terms.ts";
import { sure } from "./fault.ts";

/** What becomes of `e` under `offset` binders; undefined to look into its parts. */
type Leaf = (e: Expr, offset: number) => Expr | undefined;

/** Above this height the native stack is not used. */
const RECURSION_HEIGHT_MAX = 800;

const TABLE_SIZE = 1 << 8;
const STAMP_MAX = 2 ** 31 - 1;

export class Rewriter {
  readonly #terms: Terms;
  readonly #levels: Levels;
  // Answers of the present walk: an open-addressed table whose entries count only with the present stamp.
  #stamp = 0;
  #filled = 0;
  #stamps = new Int32Array(TABLE_SIZE);
  #offsets = new Int32Array(TABLE_SIZE);
  #keys: (Expr | undefined)[] = Array.from({ length: TABLE_SIZE });
  #answers: (Expr | undefined)[] = Array.from({ length: TABLE_SIZE });

  constructor(terms: Terms, levels: Levels) {
    this.#terms = terms;
    this.#levels = levels;
  }

  /** Puts closed `values` in for the outermost loose variables of `e`: the last value for the innermost one. */
  instantiate(e: Expr, values: readonly Expr[], count: number = values.length, start = 0): Expr {
    if (e.loose === 0 || count === 0) return e;
    const terms = this.#terms;
    return this.#walk(e, (at, offset) => {
      if (at.loose <= offset) return at;
      if (at.kind !== BVAR) return undefined;
      const index = at.index - offset;
      return index < count ? values[start + count - 1 - index] : terms.bvar(at.index - count);
    });
  }

  /** The inverse of instantiate: `variables` have consecutive levels and become bound, the last one innermost. */
  abstract(e: Expr, variables: readonly Expr[]): Expr {
    const first = variables[0];
    if (first === undefined || e.free <= first.index) return e;
    const terms = this.#terms;
    const base = first.index;
    const last = base + variables.length - 1;
    return this.#walk(e, (at, offset) => {
      if (at.free <= base) return at;
      if (at.kind !== FVAR) return undefined;
      if (variables[at.index - base] !== at) throw new Error("a free variable outside of its scope");
      return terms.bvar(offset + last - at.index);
    });
  }

  instantiateLevels(e: Expr, names: readonly Name[], values: readonly Level[]): Expr {
    if (!e.hasParam || names.length === 0) return e;
    const terms = this.#terms;
    const levels = this.#levels;
    const put = (level: Level): Level => levels.substitute(level, names, values);
    return this.#walk(e, (at) => {
      if (!at.hasParam) return at;
      if (at.kind === SORT) return terms.universe(put(sure(at.levels[0])));
      return at.kind === CONST ? terms.constant(at.name, at.levels.map(put)) : undefined;
    });
  }

  /** Replaces what `leaf` answers for; offsets are ignored by it. */
  replace(e: Expr, leaf: (e: Expr) => Expr | undefined): Expr {
    return this.#walk(e, leaf);
  }

  #walk(e: Expr, leaf: Leaf): Expr {
    if (++this.#stamp === STAMP_MAX) {
      // A stamp used again would bring back answers of an old walk.
      this.#stamps.fill(0);
      this.#stamp = 1;
    }
    this.#filled = 0;
    return e.height > RECURSION_HEIGHT_MAX ? this.#walkDeep(e, leaf) : this.#visit(e, 0, leaf);
  }

  #visit(e: Expr, offset: number, leaf: Leaf): Expr {
    const answer = leaf(e, offset);
    if (answer !== undefined) return answer;
    if (isLeaf(e)) return e;
    const known = this.#recall(e, offset);
    if (known !== undefined) return known;
    const left = this.#visit(e.left, offset, leaf);
    let made: Expr;
    switch (e.kind) {
      case APP:
        made = this.#terms.app(left, this.#visit(e.right, offset, leaf));
        break;
      case LAM:
        made = this.#terms.lam(left, this.#visit(e.right, offset + 1, leaf));
        break;
      case PI:
        made = this.#terms.pi(left, this.#visit(e.right, offset + 1, leaf));
        break;
      case LET: {
        const value = this.#visit(e.right, offset, leaf);
        made = this.#terms.let(left, value, this.#visit(e.body, offset + 1, leaf));
        break;
      }
      default:
        made = this.#terms.proj(e.name, e.index, left);
    }
    this.#remember(e, offset, made);
    return made;
  }

  /** As #visit with the parts still to do on a stack; a part is done when its answer is recalled. */
  #walkDeep(root: Expr, leaf: Leaf): Expr {
    const stack: [Expr, number][] = [[root, 0]];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const [e, offset] = top;
      if (this.#recall(e, offset) !== undefined) {
        // A shared part that was put on the stack more than once.
        stack.pop();
        continue;
      }
      const answer = leaf(e, offset) ?? (isLeaf(e) ? e : undefined);
      if (answer !== undefined) this.#remember(e, offset, answer);
      else if (!this.#isPending(stack, e, offset)) this.#remember(e, offset, this.#rebuild(e, offset));
      else continue;
      stack.pop();
    }
    return sure(this.#recall(root, 0));
  }

  #isPending(stack: [Expr, number][], e: Expr, offset: number): boolean {
    const before = stack.length;
    for (const [part, under] of partsOf(e)) {
      if (this.#recall(part, offset + under) === undefined) stack.push([part, offset + under]);
    }
    return stack.length > before;
  }

  #rebuild(e: Expr, offset: number): Expr {
    const [left, right, body] = partsOf(e).map(([part, under]) => sure(this.#recall(part, offset + under)));
    if (left === undefined) return e;
    if (right === undefined) return this.#terms.proj(e.name, e.index, left);
    if (body !== undefined) return this.#terms.let(left, right, body);
    if (e.kind === APP) return this.#terms.app(left, right);
    return e.kind === LAM ? this.#terms.lam(left, right) : this.#terms.pi(left, right);
  }

  #recall(e: Expr, offset: number): Expr | undefined {
    const mask = this.#stamps.length - 1;
    let at = slotOf(e.id, offset) & mask;
    while (this.#stamps[at] === this.#stamp) {
      if (this.#keys[at] === e && this.#offsets[at] === offset) return this.#answers[at];
      at = (at + 1) & mask;
    }
    return undefined;
  }

  #remember(e: Expr, offset: number, answer: Expr): void {
    if (++this.#filled * 2 > this.#stamps.length) this.#grow();
    const mask = this.#stamps.length - 1;
    let at = slotOf(e.id, offset) & mask;
    while (this.#stamps[at] === this.#stamp) at = (at + 1) & mask;
    this.#stamps[at] = this.#stamp;
    this.#keys[at] = e;
    this.#offsets[at] = offset;
    this.#answers[at] = answer;
  }

  #grow(): void {
    const [stamps, offsets, keys, answers] = [this.#stamps, this.#offsets, this.#keys, this.#answers];
    const size = stamps.length * 4;
    this.#stamps = new Int32Array(size);
    this.#offsets = new Int32Array(size);
    this.#keys = Array.from({ length: size });
    this.#answers = Array.from({ length: size });
    this.#filled = 0;
    const stamp = this.#stamp;
    for (let i = 0; i < stamps.length; i++) {
      if (stamps[i] === stamp) this.#remember(sure(keys[i]), sure(offsets[i]), sure(answers[i]));
    }
  }
}

function isLeaf({ kind }: Expr): boolean {
  return kind !== APP && kind !== LAM && kind !== PI && kind !== LET && kind !== PROJ;
}

function slotOf(id: number, offset: number): number {
  const h = Math.imul(id + Math.imul(offset, 0x85ebca6b), 0x9e3779b1);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) >>> 7;
}
