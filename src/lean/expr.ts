// Expressions, hash-consed: two expressions that differ at most in the names of bound variables are one object.
//
// Bound variables are de Bruijn indices. A binder is opened with a free variable that carries its type and a level: one
// more than the highest level in the expression that is opened. So what is computed about an expression depends on the
// expression alone, and every answer can be remembered at its node.
import type { Level } from "./level.ts";
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

/** The fields that few kinds have. All expressions of the others share one of these. */
export interface Rest {
  /** Index of BVAR, level of FVAR, field of PROJ. */
  readonly index: number;
  /** Body of LET. */
  readonly body: Expr | undefined;
  readonly name: Name;
  /** Of CONST; the one level of SORT. */
  readonly levels: readonly Level[];
  readonly literal: bigint | string;
}

const PARAM_BIT = 1;
const KEPT_BIT = 2;
const HEIGHT_SHIFT = 2;

/**
 * One shape for all kinds, so that the engine compiles each access once; and a small one, as memory goes mostly to
 * expressions.
 */
export class Expr {
  readonly kind: Kind;
  readonly id: number;
  /** How many binders must stand around it so that no bound variable is loose. */
  readonly loose: number;
  /** One more than the highest level of a free variable in it, 0 without any. */
  readonly free: number;
  /** Function of APP; domain of LAM and PI; type of LET and FVAR; structure of PROJ. */
  readonly left: Expr;
  /** Argument of APP; body of LAM and PI; value of LET. */
  readonly right: Expr;
  readonly rest: Rest;
  memo: Memo | undefined;
  /** Height and two flags. */
  bits: number;

  /** @param left undefined for what stands where there is no part: it is its own part */
  constructor(
    kind: Kind,
    id: number,
    left: Expr | undefined,
    right: Expr | undefined,
    rest: Rest,
    loose: number,
    free: number,
    height: number,
    hasParam: boolean,
  ) {
    this.kind = kind;
    this.id = id;
    this.loose = loose;
    this.free = free;
    this.left = left ?? this;
    this.right = right ?? this;
    this.rest = rest;
    this.memo = undefined;
    this.bits = (height << HEIGHT_SHIFT) | (hasParam ? PARAM_BIT : 0);
  }

  get hasParam(): boolean {
    return (this.bits & PARAM_BIT) !== 0;
  }

  /** Whether it came from the export or is part of a declaration, so that it outlives the check of one. */
  get kept(): boolean {
    return (this.bits & KEPT_BIT) !== 0;
  }

  keep(): void {
    this.bits |= KEPT_BIT;
  }

  /** Longest path to a leaf: deep expressions are walked with an explicit stack. */
  get height(): number {
    return this.bits >> HEIGHT_SHIFT;
  }

  get index(): number {
    return this.rest.index;
  }

  get body(): Expr {
    return this.rest.body ?? this;
  }

  get name(): Name {
    return this.rest.name;
  }

  get levels(): readonly Level[] {
    return this.rest.levels;
  }

  get literal(): bigint | string {
    return this.rest.literal;
  }
}

/** What has been computed about an expression. */
export interface Memo {
  weak: Expr | undefined;
  core: Expr | undefined;
  /** The type, of an expression that is known to have one. */
  type: Expr | undefined;
  /** The type, where it has been checked that there is one. */
  checked: Expr | undefined;
  constant: ConstantMemo | undefined;
}

export function memoOf(e: Expr): Memo {
  return (e.memo ??= {
    weak: undefined,
    core: undefined,
    type: undefined,
    checked: undefined,
    constant: undefined,
  });
}

/** Of a CONST, with its levels put in. */
interface ConstantMemo {
  type: Expr | undefined;
  value: Expr | undefined;
  /** Of a recursor: the values of its rules, by constructor. */
  rules: Map<Name, Expr> | undefined;
}

export function constantMemoOf(e: Expr): ConstantMemo {
  return (memoOf(e).constant ??= { type: undefined, value: undefined, rules: undefined });
}

export function headOf(e: Expr): Expr {
  let at = e;
  while (at.kind === APP) at = at.left;
  return at;
}

/** The arguments of an application, in order. */
export function argsOf(e: Expr): Expr[] {
  const args: Expr[] = [];
  for (let at = e; at.kind === APP; at = at.left) args.push(at.right);
  for (let i = 0, j = args.length - 1; i < j; i++, j--) {
    const [first, last] = [args[i], args[j]];
    if (first !== undefined && last !== undefined) [args[i], args[j]] = [last, first];
  }
  return args;
}

/** Whether it is the constant of that name, without universe levels: with other levels it would be another one. */
export function isConst(e: Expr, name: Name): boolean {
  return e.kind === CONST && e.name === name && e.levels.length === 0;
}

/** The parts of a compound expression, with how many binders it puts around each. */
export function partsOf(e: Expr): [Expr, number][] {
  const { kind, left, right } = e;
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
      [e.body, 1],
    ];
  return kind === PROJ ? [[left, 0]] : [];
}
