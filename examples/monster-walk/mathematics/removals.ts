// Every way to remove whole prime powers from the order: 2^15 - 1 non-empty sets, all of them looked at.
import type { PrimePower } from "./monster.ts";
import { productOf, valueOf } from "./monster.ts";

export interface Removal {
  /** How many prime powers are removed. */
  size: number;
  /** The removed primes, ascending. */
  primes: number[];
  /** The order divided by the removed prime powers. */
  quotient: bigint;
  /** The quotient's decimal numeral. */
  numeral: string;
}

/** All non-empty removals, by ascending mask. Each product is one multiplication away from a smaller one. */
export function listRemovals(powers: readonly PrimePower[]): Removal[] {
  const order = productOf(powers);
  const values = powers.map(valueOf);
  const products: bigint[] = [1n];
  const removals: Removal[] = [];
  for (let mask = 1; mask < 1 << powers.length; mask++) {
    const lowest = 31 - Math.clz32(mask & -mask);
    const product = (products[mask & (mask - 1)] ?? 1n) * (values[lowest] ?? 1n);
    products.push(product);
    const primes = powers.filter((_, index) => (mask >> index) & 1).map((power) => power.prime);
    const quotient = order / product;
    removals.push({ size: primes.length, primes, quotient, numeral: quotient.toString() });
  }
  return removals;
}

/** The number of leading characters two numerals share. */
export function sharedPrefix(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}

export function startingWith(removals: readonly Removal[], digits: string): Removal[] {
  return removals.filter((removal) => removal.numeral.startsWith(digits));
}

/** Orders by number of factors, then by the primes in ascending order. */
export function compareRemovals(a: Removal, b: Removal): number {
  if (a.size !== b.size) return a.size - b.size;
  for (const [index, prime] of a.primes.entries()) {
    const difference = prime - (b.primes[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** For each number of removed factors 1..n: the most leading digits of `numeral` that any removal of that size keeps. */
export function bestBySize(removals: readonly Removal[], numeral: string): number[] {
  const best: number[] = [];
  for (const removal of removals) {
    const kept = sharedPrefix(removal.numeral, numeral);
    best[removal.size - 1] = Math.max(best[removal.size - 1] ?? 0, kept);
  }
  return best;
}
