// Expressions, hash-consed: two expressions that differ at most in the names of bound variables are one object.
//
// Bound variables are de Bruijn indices. A binder is opened with a free variable that carries its type and a level: one
// more than the highest level in the expression that is opened. So what is computed about an expression depends on the
// expression alone, and every answer can be remembered at its node.
import { ZERO, type Level } from "./level.ts";
import type { Name } from "./name.ts";

export const BVAR = 0;
export const FVAR = 1;
export const SORT = 2;
export const CONST = 3;
export const APP = 4;
export const LAM = 5;
export const PI = 6;
export const LET = 7;
export const PROJ = 8;
export const NAT = 9;
export const STR = 10;

export type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** One shape for all kinds, so that the engine compiles each access once. */
export interface Expr {
  readonly kind: Kind;
  readonly id: number;
  readonly hash: number;
  /** How many binders must stand around it so that no bound variable is loose. */
  readonly loose: number;
  /** One more than the highest level of a free variable in it, 0 without any. */
  readonly free: number;
  readonly hasParam: boolean;
  /** Longest path to a leaf: deep expressions are walked with an explicit stack. */
  readonly height: number;
  /** Index of BVAR, level of FVAR, field of PROJ. */
  readonly index: number;
  /** Function of APP; domain of LAM and PI; type of LET and FVAR; structure of PROJ. */
  readonly left: Expr;
  /** Argument of APP; body of LAM and PI; value of LET. */
  readonly right: Expr;
  /** Body of LET. */
  readonly body: Expr;
  readonly name: Name;
  /** Of CONST; the one level of SORT. */
  readonly levels: readonly Level[];
  readonly literal: bigint | string;
  /** Whether it came from the export or is part of a declaration, so that it outlives the check of one. */
  kept: boolean;
  memo: Memo | undefined;
}

/** What has been computed about an expression. */
export interface Memo {
  weak: Expr | undefined;
  core: Expr | undefined;
  /** The type, of an expression that is known to have one. */
  type: Expr | undefined;
  /** The type, where it has been checked that there is one. */
  checked: Expr | undefined;
  /** Type and value of a CONST with its levels put in. */
  constType: Expr | undefined;
  constValue: Expr | undefined;
  /** A tree of expressions known to be equal (union-find). */
  same: Expr | undefined;
}

export function memoOf(e: Expr): Memo {
  return (e.memo ??= {
    weak: undefined,
    core: undefined,
    type: undefined,
    checked: undefined,
    constType: undefined,
    constValue: undefined,
    same: undefined,
  });
}

const NO_LEVELS: readonly Level[] = [];

interface Fields {
  index: number;
  left: Expr;
  right: Expr;
  body: Expr;
  name: Name;
  levels: readonly Level[];
  literal: bigint | string;
}

/** The table of all expressions. */
export class Terms {
  readonly #none: Expr;
  readonly #noName: Name;
  #slots: (Expr | undefined)[] = Array.from({ length: 1 << 16 });
  #used = 0;
  #temporary = 0;
  /** How many expressions have been made: the measure of work. */
  created = 0;

  constructor(noName: Name) {
    this.#noName = noName;
    const none: Omit<Expr, "left" | "right" | "body"> & { left?: Expr; right?: Expr; body?: Expr } = {
      ...{ kind: BVAR, id: 0, hash: 0, loose: 0, free: 0, hasParam: false, height: 0, index: 0 },
      ...{ name: noName, levels: NO_LEVELS, literal: "", kept: true, memo: undefined },
    };
    none.left = none.right = none.body = none as Expr;
    this.#none = none as Expr;
  }

  /** Expressions of the present declaration only. */
  get temporary(): number {
    return this.#temporary;
  }

  #intern(kind: Kind, hash: number, f: Fields): Expr {
    const mask = this.#slots.length - 1;
    let at = mix(hash) & mask;
    for (let found = this.#slots[at]; found !== undefined; found = this.#slots[at]) {
      if (found.hash === hash && found.kind === kind && isSameNode(found, f)) return found;
      at = (at + 1) & mask;
    }
    const e = makeNode(kind, hash, f, ++this.created);
    this.#slots[at] = e;
    this.#temporary++;
    if (++this.#used * 2 > mask) this.#rebuild(this.#slots.length * 2, this.#slots);
    return e;
  }

  #rebuild(size: number, from: Iterable<Expr | undefined>): void {
    this.#slots = Array.from({ length: size });
    const mask = size - 1;
    for (const e of from) {
      if (e === undefined) continue;
      let at = mix(e.hash) & mask;
      while (this.#slots[at] !== undefined) at = (at + 1) & mask;
      this.#slots[at] = e;
    }
  }

  /**
   * Forgets everything that was computed, and all expressions that are not kept. Midway through a declaration free
   * variables stay, as they are told apart by being one object.
   */
  forget(midway: boolean): void {
    if (midway)
      for (const e of this.#slots.filter((e) => e?.kind === FVAR)) if (e !== undefined) this.keep(e);
    const kept = this.#slots.filter((e) => e?.kept === true);
    for (const e of kept) if (e !== undefined) e.memo = undefined;
    let size = 1 << 16;
    while (size < kept.length * 3) size *= 2;
    this.#used = kept.length;
    this.#temporary = 0;
    this.#rebuild(size, kept);
  }

  /** Marks `e` and its parts as belonging to the environment. */
  keep(e: Expr): Expr {
    const stack = [e];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at.kept) continue;
      at.kept = true;
      this.#temporary--;
      stack.push(at.left, at.right, at.body);
    }
    return e;
  }

  #node(kind: Kind, hash: number, fields: Partial<Fields>): Expr {
    const none = this.#none;
    const { index = 0, left = none, right = none, body = none } = fields;
    const { name = this.#noName, levels = NO_LEVELS, literal = "" } = fields;
    return this.#intern(kind, hash, { index, left, right, body, name, levels, literal });
  }

  bvar(index: number): Expr {
    return this.#node(BVAR, combine(1, index, 0), { index });
  }

  fvar(level: number, type: Expr): Expr {
    return this.#node(FVAR, combine(2, level, type.id), { index: level, left: type });
  }

  universe(level: Level): Expr {
    return this.#node(SORT, combine(3, level.id, 0), { levels: [level] });
  }

  constant(name: Name, levels: readonly Level[]): Expr {
    let hash = combine(4, name.id, levels.length);
    for (const level of levels) hash = combine(4, hash, level.id);
    return this.#node(CONST, hash, { name, levels });
  }

  app(left: Expr, right: Expr): Expr {
    const hash = combine(5, left.id, right.id);
    const mask = this.#slots.length - 1;
    let at = mix(hash) & mask;
    for (let found = this.#slots[at]; found !== undefined; found = this.#slots[at]) {
      if (found.left === left && found.right === right && found.kind === APP) return found;
      at = (at + 1) & mask;
    }
    return this.#node(APP, hash, { left, right });
  }

  apps(head: Expr, args: readonly Expr[], start = 0, end: number = args.length): Expr {
    let e = head;
    for (let i = start; i < end; i++) e = this.app(e, args[i]!);
    return e;
  }

  lam(left: Expr, right: Expr): Expr {
    return this.#node(LAM, combine(6, left.id, right.id), { left, right });
  }

  pi(left: Expr, right: Expr): Expr {
    return this.#node(PI, combine(7, left.id, right.id), { left, right });
  }

  let(left: Expr, right: Expr, body: Expr): Expr {
    return this.#node(LET, combine(8, combine(8, left.id, right.id), body.id), { left, right, body });
  }

  proj(name: Name, index: number, left: Expr): Expr {
    return this.#node(PROJ, combine(9, combine(9, name.id, index), left.id), { name, index, left });
  }

  nat(literal: bigint): Expr {
    // the low bits of many numbers are all zero: of multiples of a power of ten, for one
    return this.#node(NAT, combine(10, Number(literal % HASH_PRIME) | 0, 0), { literal });
  }

  str(literal: string): Expr {
    let hash = literal.length;
    for (let i = 0; i < literal.length; i++) hash = combine(11, hash, literal.charCodeAt(i));
    return this.#node(STR, hash, { literal });
  }
}

/** The greatest prime below 2^32. */
const HASH_PRIME = 4_294_967_291n;

function combine(kind: number, a: number, b: number): number {
  const h = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ Math.imul(b + kind * 0x61c88647, 0xc2b2ae35);
  return (h ^ (h >>> 13)) | 0;
}

function mix(h: number): number {
  return Math.imul(h ^ (h >>> 16), 0x9e3779b1) >>> 4;
}

function isSameNode(e: Expr, f: Fields): boolean {
  if (e.left !== f.left || e.right !== f.right || e.body !== f.body || e.index !== f.index) return false;
  if (e.name !== f.name || e.literal !== f.literal || e.levels.length !== f.levels.length) return false;
  for (let i = 0; i < f.levels.length; i++) if (e.levels[i] !== f.levels[i]) return false;
  return true;
}

function makeNode(kind: Kind, hash: number, f: Fields, id: number): Expr {
  const { index, left, right, body, name, levels, literal } = f;
  let loose = Math.max(left.loose, right.loose, body.loose);
  let free = Math.max(left.free, right.free, body.free);
  if (kind === BVAR) loose = index + 1;
  else if (kind === LAM || kind === PI) loose = Math.max(left.loose, right.loose - 1);
  else if (kind === LET) loose = Math.max(left.loose, right.loose, body.loose - 1);
  else if (kind === FVAR) free = Math.max(free, index + 1);
  const height = 1 + Math.max(left.height, right.height, body.height);
  const own = levels.some((level) => level.hasParam && level.kind !== ZERO);
  const hasParam = own || left.hasParam || right.hasParam || body.hasParam;
  return {
    ...{ kind, id, hash, loose, free, hasParam, height, index, left, right, body, name, levels, literal },
    ...{ kept: false, memo: undefined },
  };
}

export function headOf(e: Expr): Expr {
  let at = e;
  while (at.kind === APP) at = at.left;
  return at;
}

/** The arguments of an application, in order. */
export function argsOf(e: Expr): Expr[] {
  let count = 0;
  for (let at = e; at.kind === APP; at = at.left) count++;
  const args = new Array<Expr>(count);
  for (let at = e; at.kind === APP; at = at.left) args[--count] = at.right;
  return args;
}

export function isConst(e: Expr, name: Name): boolean {
  return e.kind === CONST && e.name === name;
}

/** The parts of a compound expression, with how many binders it puts around each. */
export function partsOf(e: Expr): [Expr, number][] {
  const { kind, left, right, body } = e;
  if (kind === APP)
    return [
      [left, 0],
      [right, 0],
    ];
  if (kind === LAM || kind === PI)
    return [
      [left, 0],
      [right, 1],
    ];
  if (kind === LET)
    return [
      [left, 0],
      [right, 0],
      [body, 1],
    ];
  return kind === PROJ ? [[left, 0]] : [];
}
