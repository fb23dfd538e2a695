// What the parts of the kernel share: the tables of terms, the environment, and the judgements, each remembered within a
// declaration and each safe to call at any depth (see engine.ts).
import type { Recursor, RecursorRule } from "#lean/read/constants.ts";
import { SORT, type Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import type { Hints } from "#lean/terms/hints.ts";
import type { Levels } from "#lean/terms/levels.ts";
import { formatName, type Name, type Names } from "#lean/terms/names.ts";
import type { Rewriter } from "#lean/terms/rewrite.ts";
import type { Scope, Scopes } from "#lean/terms/scopes.ts";
import type { Terms } from "#lean/terms/terms.ts";
import { EMPTY_SCOPE } from "#lean/terms/scopes.ts";
import type { KernelEnvironment } from "./environment.ts";
import { formatExpr } from "#lean/print.ts";

/** An operation on two natural numbers; gives up when the result would be too large. */
export type NatOperation = (a: bigint, b: bigint) => bigint | boolean;

/** How an operation came to be computed directly, and from which declaration on. */
export interface Acceleration {
  readonly operation: NatOperation;
  readonly operandCount: 1 | 2;
  /** Declarations from this one on may use it. */
  readonly from: number;
}

export interface Kernel {
  readonly names: Names;
  readonly known: KnownNames;
  readonly levels: Levels;
  readonly terms: Terms;
  readonly scopes: Scopes;
  readonly hints: Hints;
  readonly rewriter: Rewriter;
  /** For replacing: its answers may use `rewriter`. */
  readonly replacer: Rewriter;
  readonly environment: KernelEnvironment;
  /** Operations whose declaration has been held against what the operation computes. */
  readonly accelerated: Map<Name, Acceleration>;
  /** Whether a well-founded recursion may be unrolled once where its proof of being so is stuck (see primitive.ts). */
  isUnrolling: boolean;
  /** Counts a step that makes no expression, so that a reduction without end meets the limit on work. */
  spend(): void;
  /** Weak head normal form. */
  whnf(e: Expr): Expr;
  /** Weak head normal form without unfolding definitions. */
  core(e: Expr): Expr;
  /** As core; projections look at their structure without unfolding definitions. */
  cheap(e: Expr): Expr;
  /** The type of an expression known to have one. The expression may stand in a scope; the type does not. */
  infer(e: Expr, scope?: Scope): Expr;
  /** The type of an expression, of which every part is checked. */
  check(e: Expr, scope?: Scope): Expr;
  /** Definitional equality of two closed expressions that have types. */
  isEqual(a: Expr, b: Expr): boolean;
  /** The type of a constant with its levels put in. */
  constantType(e: Expr): Expr;
  /** Of a constant with a value. */
  constantValue(e: Expr): Expr;
  /** The value of a rule, with the levels that the recursor is used with. */
  ruleValue(e: Expr, recursor: Recursor, rule: RecursorRule): Expr;
}

const KNOWN = {
  nat: "Nat",
  zero: "Nat.zero",
  succ: "Nat.succ",
  natRec: "Nat.rec",
  bool: "Bool",
  true: "Bool.true",
  false: "Bool.false",
  eq: "Eq",
  refl: "Eq.refl",
  iff: "Iff",
  iffIntro: "Iff.intro",
  nonempty: "Nonempty",
  nonemptyIntro: "Nonempty.intro",
  quot: "Quot",
  quotMk: "Quot.mk",
  quotLift: "Quot.lift",
  quotInd: "Quot.ind",
  string: "String",
  stringMk: "String.mk",
  stringOfList: "String.ofList",
  char: "Char",
  charOfNat: "Char.ofNat",
  list: "List",
  nil: "List.nil",
  cons: "List.cons",
} as const;

export type KnownNames = Readonly<Record<keyof typeof KNOWN, Name>>;

export function createKnownNames(names: Names): KnownNames {
  const entries = Object.entries(KNOWN).map(([key, text]) => [key, names.of(text)] as const);
  return Object.fromEntries(entries) as KnownNames;
}

/**
 * The level of the universe that `type` is in, undefined when its own type does not reduce to a universe: a type may be a
 * proposition all the same (by a cast that does not compute). So undefined is neither "proposition" nor "data".
 */
export function universeOf(k: Kernel, type: Expr, scope: Scope = EMPTY_SCOPE): Level | undefined {
  const sort = k.whnf(k.infer(type, scope));
  return k.terms.kind(sort) === SORT ? k.terms.level(sort) : undefined;
}

/**
 * Whether `type` is known to be a proposition: its own type is a universe that is 0 under every assignment. A wrong "yes"
 * permits to take any two values for equal, or to eliminate into data; "no" says nothing, so nothing may rest on it. Where
 * it would, ask `universeOf` and treat what has no universe as the worse case.
 */
export function isProposition(k: Kernel, type: Expr): boolean {
  const level = universeOf(k, type);
  return level !== undefined && k.levels.isZero(level);
}

export function nameText(k: Kernel, name: Name): string {
  return formatName(k.names, name);
}

/** For messages. */
export function showExpr(k: Kernel, e: Expr): string {
  return formatExpr(k, e);
}
