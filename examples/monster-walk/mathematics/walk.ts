// The walk along the digits of the order. Its one rule: from the present position take the longest run of digits that
// begins order/product(S) for some set S of 1..limit prime powers; of all such sets take one with the fewest factors, and
// of those the first in the order of ascending primes. Then go on behind the run, until no set gives even one digit.
import { logarithm10 } from "./fixed-point.ts";
import type { Removal } from "./removals.ts";
import { compareRemovals, sharedPrefix, startingWith } from "./removals.ts";

export interface WalkGroup {
  /** Counted from 1. */
  index: number;
  /** Offset of the first digit in the order's decimal numeral. */
  position: number;
  digits: string;
  /** The removed primes, ascending; each goes with its whole power. */
  removed: number[];
  /** The primes that stay, ascending. */
  kept: number[];
  /** Decimal numeral of order/product(removed). */
  quotient: string;
  /** How many removals of the same number of factors give these digits. */
  sameSizeCount: number;
  /** How many removals of any number of factors give these digits. */
  matchCount: number;
  /** Expected matches were the leading digits of all removals Benford-distributed, to two decimals. */
  expectedMatches: string;
  /** True when a removal of more factors than the limit would keep a longer run. */
  extendsBeyondLimit: boolean;
}

export interface Walk {
  /** The most factors a removal may have. */
  limit: number;
  groups: WalkGroup[];
  coveredDigits: number;
  /** The digit the walk stops at, or "" at the end of the numeral. */
  stopDigit: string;
}

/** Walks along `numeral`; `removals` are all non-empty removals of `primes`. */
export function walkDigits(
  numeral: string,
  removals: readonly Removal[],
  { limit, primes }: { limit: number; primes: readonly number[] },
): Walk {
  const allowed = removals.filter((removal) => removal.size <= limit);
  const groups: WalkGroup[] = [];
  let position = 0;
  for (;;) {
    const rest = numeral.slice(position);
    const length = longestRun(allowed, rest);
    if (length === 0) break;
    const digits = rest.slice(0, length);
    const matches = startingWith(removals, digits);
    const best = matches.filter((removal) => removal.size <= limit).toSorted(compareRemovals)[0];
    if (best === undefined) break;
    groups.push({
      index: groups.length + 1,
      position,
      digits,
      removed: best.primes,
      kept: primes.filter((prime) => !best.primes.includes(prime)),
      quotient: best.numeral,
      sameSizeCount: matches.filter((removal) => removal.size === best.size).length,
      matchCount: matches.length,
      expectedMatches: formatHundredths(expectedHundredths([digits], removals.length)),
      extendsBeyondLimit: longestRun(removals, rest) > length,
    });
    position += length;
  }
  return { limit, groups, coveredDigits: position, stopDigit: numeral.slice(position, position + 1) };
}

function longestRun(removals: readonly Removal[], rest: string): number {
  let longest = 0;
  for (const removal of removals) longest = Math.max(longest, sharedPrefix(removal.numeral, rest));
  return longest;
}

const PRECISION_BITS = 128n;

/**
 * How many of `count` numbers should begin with one of these digit runs if their leading digits followed Benford's law:
 * the sum of count * log10(1 + 1/d), in hundredths, rounded half up from a 128-bit fixed-point value.
 */
export function expectedHundredths(runs: readonly string[], count: number): bigint {
  const one = 1n << PRECISION_BITS;
  const total = runs.reduce(
    (sum, digits) => sum + logarithm10(BigInt(digits) + 1n, BigInt(digits), PRECISION_BITS),
    0n,
  );
  return (total * BigInt(count) * 200n + one) / (2n * one);
}

export function formatHundredths(hundredths: bigint): string {
  const digits = hundredths.toString().padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
