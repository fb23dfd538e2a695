// The walk along the digits of the order. Its one rule: from the present position take the longest run of digits that
// begins order/product(S) for some set S of 1..limit prime powers; of all such sets take one with the fewest factors, and
// of those the first in the order of ascending primes. Then go on behind the run, until no set gives even one digit.
import { decibels } from "../sound/elementary.ts";
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
  /** How many removals of any number of factors give these digits. */
  matchCount: number;
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
      matchCount: matches.length,
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

/**
 * How many of `count` numbers should begin with one of these runs of digits if their leading digits followed Benford's law: the
 * sum of count * log10(1 + 1/d), to two decimals.
 */
export function expectedMatches(runs: readonly string[], count: number): number {
  const share = runs.reduce((sum, digits) => sum + decibels(1 + 1 / Number(digits)) / 10, 0);
  return Number((count * share).toFixed(2));
}
