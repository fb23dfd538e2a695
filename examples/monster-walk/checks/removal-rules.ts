// Rules for statements about removals and about the walk.
import { readCount, readCounts, readFields, readInteger, readList, readText } from "./json.ts";
import type { Rule } from "./number-rules.ts";
import type { Entry, Table } from "./removal-table.ts";
import { entriesBeginning, lengthOf, orderDigitsAt, quotientOf, repeat } from "./removal-table.ts";

export const removalRules: Readonly<Record<string, Rule>> = {
  "removal-count": ({ count }, { entries }) => readCount(count, "count") === entries.length - 1,
  quotient: ({ removed, value }, table) =>
    quotientOf(table, readCounts(removed, "removed")) === readInteger(value, "value"),
  "kept-digits": ({ removed, base, count }, table) => {
    const quotient = quotientOf(table, readCounts(removed, "removed"));
    return keptDigits(table.order, quotient, readCount(base, "base")) === readCount(count, "count");
  },
  "kept-by-base": ({ removed, from, counts }, table) => {
    const quotient = quotientOf(table, readCounts(removed, "removed"));
    const first = readCount(from, "from");
    const listed = readCounts(counts, "counts");
    return (
      listed.length > 0 &&
      listed.every((count, index) => keptDigits(table.order, quotient, first + index) === count)
    );
  },
  matches: ({ digits, size, count, example }, table) => {
    const matching = entriesBeginning(table, readText(digits, "digits"));
    const sized =
      size === undefined
        ? matching
        : matching.filter((entry) => entry.removed.length === readCount(size, "size"));
    if (sized.length !== readCount(count, "count")) return false;
    if (example === undefined) return true;
    const shown = readCounts(example, "example");
    return sized.some((entry) => compareSets(entry.removed, shown) === 0);
  },
  "most-kept": ({ removals, count }, table) => {
    const kept = longestRun(table, { position: 0, limit: table.primes.length });
    // the empty removal leaves the order itself, all of it
    return (
      readCount(count, "count") === (readText(removals, "removals") === "all" ? table.orderDigits : kept)
    );
  },
  "most-kept-by-size": ({ counts }, table) => {
    const listed = readCounts(counts, "counts");
    return (
      listed.length === table.primes.length &&
      listed.every((count, index) => {
        const ofSize = (length: number): boolean =>
          entriesBeginning(table, orderDigitsAt(table, 0, length)).some(
            (entry) => entry.removed.length === index + 1,
          );
        return (count === 0 || ofSize(count)) && !ofSize(count + 1);
      })
    );
  },
  "longest-run": ({ position, limit, count }, table) => {
    const found = longestRun(table, {
      position: readCount(position, "position"),
      limit: readCount(limit, "limit"),
    });
    return found === readCount(count, "count");
  },
  walk: ({ limit, groups, covered, stop }, table) => {
    const most = readCount(limit, "limit");
    let position = 0;
    for (const [index, item] of readList(groups, "groups").entries()) {
      const group = readFields(item, `groups[${index}]`);
      const digits = readText(group["digits"], "digits");
      if (readCount(group["position"], "position") !== position) return false;
      if (
        !isBestGroup(table, {
          position,
          digits,
          removed: readCounts(group["removed"], "removed"),
          limit: most,
        })
      )
        return false;
      position += digits.length;
    }
    const isEnd = position === table.orderDigits;
    const next = isEnd ? "" : orderDigitsAt(table, position, 1);
    if (position !== readCount(covered, "covered") || next !== readText(stop, "stop")) return false;
    return isEnd || entriesBeginning(table, next, most).length === 0;
  },
  chance: ({ runs, matches, expectedHundredths }, table) => {
    const listed = readList(runs, "runs").map((run) => readText(run, "run"));
    const found = listed.reduce((sum, run) => sum + entriesBeginning(table, run).length, 0);
    const share = listed.reduce((sum, run) => sum + Math.log10(1 + 1 / Number(run)), 0);
    const expected = 100 * (table.entries.length - 1) * share;
    const stated = readCount(expectedHundredths, "expectedHundredths");
    return found === readCount(matches, "matches") && Math.abs(expected - stated) <= 0.5 + 1e-6;
  },
};

interface Group {
  position: number;
  digits: string;
  removed: readonly number[];
  limit: number;
}

/** The group's removal gives its digits, none gives more, and none before it in the walk's order gives as many. */
function isBestGroup(table: Table, { position, digits, removed, limit }: Group): boolean {
  if (digits === "" || position + digits.length > table.orderDigits) return false;
  if (digits !== orderDigitsAt(table, position, digits.length)) return false;
  if (longestRun(table, { position, limit }) !== digits.length) return false;
  const rivals = entriesBeginning(table, digits, limit);
  const own = rivals.some((entry) => compareSets(entry.removed, removed) === 0);
  return own && rivals.every((entry) => compareSets(removed, entry.removed) <= 0);
}

/** Orders sets by their number of primes, then by the primes. */
function compareSets(a: Entry["removed"], b: Entry["removed"]): number {
  if (a.length !== b.length) return a.length - b.length;
  const index = a.findIndex((prime, place) => prime !== b[place]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

function longestRun(table: Table, { position, limit }: { position: number; limit: number }): number {
  let length = 0;
  while (
    position + length < table.orderDigits &&
    entriesBeginning(table, orderDigitsAt(table, position, length + 1), limit).length > 0
  ) {
    length++;
  }
  return length;
}

/** The number of leading digits in which two numbers agree, written in `base`. */
function keptDigits(a: bigint, b: bigint, base: number): number {
  if (base < 2) throw new RangeError(`${base} is not a base`);
  const radix = BigInt(base);
  const [lengthA, lengthB] = [lengthOf(a, radix), lengthOf(b, radix)];
  let count = 0;
  while (
    count < Math.min(lengthA, lengthB) &&
    a / repeat(radix, lengthA - count - 1) === b / repeat(radix, lengthB - count - 1)
  ) {
    count++;
  }
  return count;
}
