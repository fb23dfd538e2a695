// Literals: numbers and texts as the constructor applications they stand for, and arithmetic on numbers.
import { APP, CONST, NAT, isConst, type Expr } from "./expr.ts";
import { giveUp } from "./fault.ts";
import type { Kernel } from "./kernel.ts";
import type { Name } from "./name.ts";

/** Larger results are not computed: the check ends as unavailable. */
const BITS_MAX = 1 << 24;

/** `n` as `Nat.zero` or `Nat.succ (n - 1)`. */
export function natConstructor(k: Kernel, n: bigint): Expr {
  const { terms, known } = k;
  if (n === 0n) return terms.constant(known.zero, []);
  return terms.app(terms.constant(known.succ, []), terms.nat(n - 1n));
}

/** A text as the list of its characters, each by its code point. */
export function textConstructor(k: Kernel, text: string): Expr {
  const { terms, known, levels } = k;
  const char = terms.constant(known.char, []);
  const at = [levels.zero];
  const charOfNat = terms.constant(known.charOfNat, []);
  const cons = terms.app(terms.constant(known.cons, at), char);
  let list = terms.app(terms.constant(known.nil, at), char);
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  for (const point of points.toReversed()) {
    list = terms.apps(cons, [terms.app(charOfNat, terms.nat(BigInt(point))), list]);
  }
  return terms.app(terms.constant(textMaker(k), []), list);
}

/** String.ofList, or String.mk of Lean before 4.26. */
export function textMaker(k: Kernel): Name {
  const { literals, known } = k;
  return literals.textMaker ?? (k.environment.has(known.stringOfList) ? known.stringOfList : known.stringMk);
}

/** The constants that a text stands for, by whose meaning it is what it is. */
export function textNames(k: Kernel): readonly Name[] {
  const { known } = k;
  return [known.string, known.char, known.charOfNat, known.nil, known.cons, textMaker(k)];
}

/** The number that `e` is by form alone. */
export function numberOf(k: Kernel, e: Expr): bigint | undefined {
  if (e.kind === NAT && typeof e.literal === "bigint") return e.literal;
  return isConst(e, k.known.zero) ? 0n : undefined;
}

/** Computes `e` when it is Nat.succ or an accelerated operation on numbers. */
export function reduceNat(k: Kernel, e: Expr): Expr | undefined {
  if (e.kind !== APP || e.free > 0) return undefined;
  const f = e.left;
  if (f.kind === CONST) {
    if (isConst(f, k.known.succ)) {
      const n = numberOf(k, k.whnf(e.right));
      return n === undefined ? undefined : k.terms.nat(n + 1n);
    }
    return undefined;
  }
  if (f.kind !== APP || f.left.kind !== CONST) return undefined;
  const operation = k.accelerated.get(f.left.name);
  if (operation === undefined) return undefined;
  const a = numberOf(k, k.whnf(f.right));
  if (a === undefined) return undefined;
  const b = numberOf(k, k.whnf(e.right));
  if (b === undefined) return undefined;
  const result = operation(a, b);
  if (typeof result === "bigint") return k.terms.nat(result);
  return k.terms.constant(result ? k.known.true : k.known.false, []);
}

/** What `e` is the successor of, by form alone. */
export function predecessorOf(k: Kernel, e: Expr): Expr | undefined {
  if (e.kind === NAT && typeof e.literal === "bigint")
    return e.literal > 0n ? k.terms.nat(e.literal - 1n) : undefined;
  return e.kind === APP && isConst(e.left, k.known.succ) ? e.right : undefined;
}

export function isZeroNumber(k: Kernel, e: Expr): boolean {
  return numberOf(k, e) === 0n;
}

function bitsOf(n: bigint): number {
  return n === 0n ? 0 : n.toString(16).length * 4;
}

/** Numbers below this are multiplied without asking how large they are. */
const SMALL = 1n << 64n;

function multiply(a: bigint, b: bigint): bigint {
  if (a > SMALL && b > SMALL && bitsOf(a) + bitsOf(b) > BITS_MAX * 4) {
    giveUp("Cannot compute a product: the result is too large");
  }
  return a * b;
}

function power(a: bigint, b: bigint): bigint {
  if (a > 1n && (b > BigInt(BITS_MAX) || bitsOf(a) * Number(b) > BITS_MAX * 4)) {
    giveUp("Cannot compute a power: the result is too large");
  }
  return a ** b;
}

function shiftLeft(a: bigint, b: bigint): bigint {
  if (a > 0n && b > BigInt(BITS_MAX)) giveUp("Cannot compute a shift: the result is too large");
  return a === 0n ? 0n : a << b;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (x > 0n) [x, y] = [y % x, x];
  return y;
}

/** What each operation computes, by the last part of its name; numbers are never negative. */
export const NAT_OPERATIONS = {
  add: (a: bigint, b: bigint) => a + b,
  sub: (a: bigint, b: bigint) => (a > b ? a - b : 0n),
  mul: multiply,
  div: (a: bigint, b: bigint) => (b === 0n ? 0n : a / b),
  mod: (a: bigint, b: bigint) => (b === 0n ? a : a % b),
  gcd,
  pow: power,
  beq: (a: bigint, b: bigint) => a === b,
  ble: (a: bigint, b: bigint) => a <= b,
  land: (a: bigint, b: bigint) => a & b,
  lor: (a: bigint, b: bigint) => a | b,
  xor: (a: bigint, b: bigint) => a ^ b,
  shiftLeft,
  shiftRight: (a: bigint, b: bigint) => (b > BigInt(bitsOf(a)) ? 0n : a >> b),
} as const;
