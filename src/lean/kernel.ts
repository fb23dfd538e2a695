// What the parts of the kernel share: the tables of terms, the environment, and the three judgements, each remembered
// and each safe to call at any depth (see goals.ts).
import type { Environment } from "./environment.ts";
import { SORT, type Expr } from "./expr.ts";
import type { Level, Levels } from "./level.ts";
import type { Name, Names } from "./name.ts";
import type { Rewriter } from "./rewrite.ts";
import type { Terms } from "./terms.ts";

/** An operation on two natural numbers; gives up when the result would be too large. */
export type NatOperation = (a: bigint, b: bigint) => bigint | boolean;

export interface Kernel {
  readonly names: Names;
  readonly known: KnownNames;
  readonly levels: Levels;
  readonly terms: Terms;
  readonly rewriter: Rewriter;
  readonly environment: Environment;
  /** Declarations outside of the logic (unsafe, partial): what uses them is rejected. */
  readonly excluded: Set<Name>;
  /** Prefix of names that no export can spell. */
  readonly nestedRoot: Name;
  /** Operations whose declaration has been held against what the operation computes. */
  readonly accelerated: Map<Name, NatOperation>;
  /** What texts are made with, from the first text on: a later declaration must not change what a text is. */
  readonly literals: { textMaker: Name | undefined };
  /** Counts a step that makes no expression, so that a reduction without end meets the limit on work. */
  spend(): void;
  /** Weak head normal form. */
  whnf(e: Expr): Expr;
  /** Weak head normal form without unfolding definitions. */
  core(e: Expr): Expr;
  /** The type of an expression known to have one. */
  infer(e: Expr): Expr;
  /** The type of an expression, of which every part is checked. */
  check(e: Expr): Expr;
  /** Definitional equality of two expressions that have types. */
  isEqual(a: Expr, b: Expr): boolean;
}

const KNOWN = {
  nat: "Nat",
  zero: "Nat.zero",
  succ: "Nat.succ",
  add: "Nat.add",
  sub: "Nat.sub",
  mul: "Nat.mul",
  div: "Nat.div",
  mod: "Nat.mod",
  gcd: "Nat.gcd",
  pow: "Nat.pow",
  beq: "Nat.beq",
  ble: "Nat.ble",
  land: "Nat.land",
  lor: "Nat.lor",
  xor: "Nat.xor",
  shiftLeft: "Nat.shiftLeft",
  shiftRight: "Nat.shiftRight",
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
export function universeOf(k: Kernel, type: Expr): Level | undefined {
  const sort = k.whnf(k.infer(type));
  return sort.kind === SORT ? sort.levels[0] : undefined;
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
