// The Monster group's order as its fifteen prime powers. These 15 pairs are the only numbers about the Monster that are
// written down in this pipeline; every other figure is computed from them.
// Source: the order of the largest sporadic simple group (R. Griess, 1982), 2^46 3^20 ... 59 71.

/** One whole prime power of the order: what the walk removes or keeps as a unit. */
export interface PrimePower {
  prime: number;
  exponent: number;
}

export const PRIME_POWERS: readonly PrimePower[] = [
  { prime: 2, exponent: 46 },
  { prime: 3, exponent: 20 },
  { prime: 5, exponent: 9 },
  { prime: 7, exponent: 6 },
  { prime: 11, exponent: 2 },
  { prime: 13, exponent: 3 },
  { prime: 17, exponent: 1 },
  { prime: 19, exponent: 1 },
  { prime: 23, exponent: 1 },
  { prime: 29, exponent: 1 },
  { prime: 31, exponent: 1 },
  { prime: 41, exponent: 1 },
  { prime: 47, exponent: 1 },
  { prime: 59, exponent: 1 },
  { prime: 71, exponent: 1 },
];

export function valueOf({ prime, exponent }: PrimePower): bigint {
  return BigInt(prime) ** BigInt(exponent);
}

/** The product of the prime powers: the order of the group, for all fifteen. */
export function productOf(powers: readonly PrimePower[]): bigint {
  return powers.reduce((product, power) => product * valueOf(power), 1n);
}
