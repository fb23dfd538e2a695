// Arithmetic on numbers that are never negative, as the operations of Lean's Nat compute it.
import { giveUp } from "#lean/fault.ts";
import type { NatOperation } from "./kernel.ts";

/** Larger results are not computed: the check gives up. */
const BITS_MAX = 1 << 24;

/** Numbers below this are multiplied without asking how large they are. */
const SMALL = 1n << 64n;

function bitsOf(n: bigint): number {
  return n === 0n ? 0 : n.toString(16).length * 4;
}

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

/** The greatest k with 2^k ≤ n, and 0 for 0. */
function log2(n: bigint): bigint {
  return n === 0n ? 0n : BigInt(n.toString(2).length - 1);
}

/** What each operation computes, by the last part of its name. */
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
  log2: (a: bigint) => log2(a),
} as const satisfies Record<string, NatOperation>;

export type OperationName = keyof typeof NAT_OPERATIONS;
