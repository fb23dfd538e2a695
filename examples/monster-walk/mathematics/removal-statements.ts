import type { Statement } from "./claim.ts";
import type { Facts } from "./facts.ts";
import type { Removal } from "./removals.ts";
import { compareRemovals, startingWith } from "./removals.ts";
import { count, set, state } from "./wording.ts";

export function stateRemovals(facts: Facts, removals: readonly Removal[]): Statement[] {
  const { best, count: total, mostDigitsKept: most, mostDigitsKeptBySize: bySize } = facts.removals;
  const removed = best.removed;
  const logarithm = BigInt(best.product).toString().length;
  const zeros = facts.order.trailingZeros;
  return [
    state("removals.count", `There are ${total} non-empty sets of prime powers to remove`, {
      kind: "removal-count",
      count: total,
    }),
    state(
      "removals.most-kept",
      `No removal keeps more than ${most} leading digits, and ${most} are reached`,
      {
        kind: "most-kept",
        removals: "non-empty",
        count: most,
      },
    ),
    state(
      "removals.most-kept-by-size",
      `The most digits kept by removals of 1, 2, 3 ... factors are ${bySize.join(", ")}`,
      {
        kind: "most-kept-by-size",
        counts: bySize,
      },
    ),
    state(
      "best.unique",
      `Exactly one removal keeps ${best.digits}: ${set(removed, facts.powers)}, ${removed.length} factors`,
      {
        kind: "matches",
        digits: best.digits,
        count: startingWith(removals, best.digits).length,
        example: removed,
      },
    ),
    state("best.quotient", `The order divided by ${set(removed, facts.powers)} is ${best.quotient}`, {
      kind: "quotient",
      removed,
      value: best.quotient,
    }),
    state("best.kept", `It keeps ${most} leading digits of the order`, {
      kind: "kept-digits",
      removed,
      base: 10,
      count: most,
    }),
    state("best.shifted", `Its digits without the last ${best.quotient.length - most} are ${best.digits}`, {
      kind: "shifted",
      value: best.quotient,
      base: 10,
      exponent: best.quotient.length - most,
      result: best.digits,
    }),
    state("best.trailing-zeros", `It ends in the same ${zeros} zeros as the order`, {
      kind: "trailing-zeros",
      value: best.quotient,
      base: 10,
      count: zeros,
    }),
    state("best.product", `The removed product ${best.product} lies just below 10^${logarithm}`, {
      kind: "logarithm",
      value: best.product,
      lowerThousandths: 1000 * logarithm - 1,
      upperThousandths: 1000 * logarithm,
    }),
    ...stateShorterRuns(facts, removals),
  ];
}

/** For each shorter run of the order's leading digits, from two: how many removals give it, and the smallest of them. */
function stateShorterRuns(facts: Facts, removals: readonly Removal[]): Statement[] {
  const statements: Statement[] = [];
  for (let length = 2; length < facts.removals.mostDigitsKept; length++) {
    const digits = facts.order.decimal.slice(0, length);
    const matches = startingWith(removals, digits).toSorted(compareRemovals);
    const first = matches[0];
    if (first === undefined) continue;
    const size = first.size;
    const sameSize = matches.filter((removal) => removal.size === size).length;
    statements.push(
      state(
        `removals.keeping-${digits}`,
        `${count(matches.length, "removal")} of any size keep ${digits} or more`,
        {
          kind: "matches",
          digits,
          count: matches.length,
        },
      ),
      state(
        `removals.smallest-${digits}`,
        `The smallest of them have ${count(size, "factor")}: ${sameSize} in all, the first ${set(first.primes, facts.powers)}`,
        {
          kind: "matches",
          digits,
          size,
          count: sameSize,
          example: first.primes,
        },
      ),
    );
    for (let fewer = 1; fewer < size; fewer++) {
      statements.push(
        state(`removals.none-${digits}-${fewer}`, `No removal of ${count(fewer, "factor")} keeps ${digits}`, {
          kind: "matches",
          digits,
          size: fewer,
          count: 0,
        }),
      );
    }
  }
  return statements;
}

const LEAST_BASE = 2;
const GREATEST_BASE = 71;

/** What the digits 8080 are in other bases, and that keeping four of them belongs to base ten alone. */
export function stateBases(facts: Facts): Statement[] {
  const { digits, removed, quotient } = facts.removals.best;
  const order = BigInt(facts.order.decimal);
  const counts: number[] = [];
  for (let base = LEAST_BASE; base <= GREATEST_BASE; base++) {
    counts.push(keptInBase(order, BigInt(quotient), BigInt(base)));
  }
  const others = counts.filter((_, index) => index + LEAST_BASE !== 10);
  const value = BigInt(digits);
  let twoDigitBase = 2;
  while (numeral(value, BigInt(twoDigitBase)).length > 2) twoDigitBase++;
  return [
    state(
      "bases.kept",
      `In bases ${LEAST_BASE} to ${GREATEST_BASE} but ten that removal keeps at most ${count(Math.max(...others), "leading digit")}`,
      { kind: "kept-by-base", removed, from: LEAST_BASE, counts },
    ),
    state("bases.two-digits", `${digits} has two digits from base ${twoDigitBase} on`, {
      kind: "least-base",
      value: digits,
      digits: 2,
      base: twoDigitBase,
    }),
    ...facts.powers.map(({ prime }) =>
      state(
        `bases.numeral-${prime}`,
        `${digits} in base ${prime} is ${numeral(value, BigInt(prime)).join(" ")}`,
        {
          kind: "numeral",
          value: digits,
          base: prime,
          digits: numeral(value, BigInt(prime)),
        },
      ),
    ),
    ...facts.powers.map(({ prime }) =>
      state(`residues.${prime}`, `${digits} leaves ${value % BigInt(prime)} modulo ${prime}`, {
        kind: "residue",
        value: digits,
        modulus: prime,
        residue: Number(value % BigInt(prime)),
      }),
    ),
  ];
}

function numeral(value: bigint, base: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest /= base) digits.push(Number(rest % base));
  return digits.toReversed();
}

function keptInBase(a: bigint, b: bigint, base: bigint): number {
  const [x, y] = [numeral(a, base), numeral(b, base)];
  const difference = x.findIndex((digit, index) => digit !== y[index]);
  return difference === -1 ? x.length : difference;
}
