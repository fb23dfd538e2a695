// How the second program decides each kind of claim.
import type { Fields } from "./json.ts";
import { readCount, readCounts, readFields, readInteger, readList, readNumber, readText } from "./json.ts";
import type { Entry, Table } from "./removal-table.ts";
import { entriesBeginning, orderDigitsAt, quotientOf, repeat } from "./removal-table.ts";

/** Decides one kind of claim. Throws RangeError when the claim's fields are not what its kind needs. */
type Rule = (claim: Fields, table: Table) => boolean;

const SMALL_MAX = 1_000_000;

export const rules: Readonly<Record<string, Rule>> = {
  product: ({ powers, value }, table) => {
    const product = readList(powers, "powers").reduce<bigint>((sum, item, index) => {
      const { prime, exponent } = readFields(item, `powers[${index}]`);
      return sum * repeat(BigInt(readCount(prime, "prime")), readCount(exponent, "exponent"));
    }, 1n);
    return product === readInteger(value, "value") && product === table.order;
  },
  prime: ({ value }) => {
    const prime = readCount(value, "value");
    if (prime < 2 || prime > SMALL_MAX) return false;
    for (let divisor = 2; divisor * divisor <= prime; divisor++) if (prime % divisor === 0) return false;
    return true;
  },
  "removal-count": ({ count }, { entries }) => readCount(count, "count") === entries.length - 1,
  quotient: ({ removed, value }, table) =>
    quotientOf(table, readCounts(removed, "removed")) === readInteger(value, "value"),
  matches: ({ digits, count, example }, table) => {
    const matching = entriesBeginning(table, readText(digits, "digits"));
    if (matching.length !== readCount(count, "count")) return false;
    if (example === undefined) return true;
    const shown = readCounts(example, "example");
    return matching.some((entry) => compareSets(entry.removed, shown) === 0);
  },
  "most-kept-by-size": ({ counts }, table) => {
    const listed = readCounts(counts, "counts");
    return (
      listed.length === table.primes.length &&
      listed.every((count, index) => {
        const isKept = (length: number): boolean =>
          entriesBeginning(table, orderDigitsAt(table, 0, length)).some(
            (entry) => entry.removed.length === index + 1,
          );
        return (count === 0 || isKept(count)) && !isKept(count + 1);
      })
    );
  },
  walk: ({ limit, groups, covered, stop }, table) => {
    const most = readCount(limit, "limit");
    let position = 0;
    for (const [index, item] of readList(groups, "groups").entries()) {
      const group = readFields(item, `groups[${index}]`);
      const digits = readText(group["digits"], "digits");
      const removed = readCounts(group["removed"], "removed");
      if (readCount(group["position"], "position") !== position) return false;
      if (!isBestGroup(table, { position, digits, removed, limit: most })) return false;
      position += digits.length;
    }
    const isEnd = position === table.orderDigits;
    const next = isEnd ? "" : orderDigitsAt(table, position, 1);
    if (position !== readCount(covered, "covered") || next !== readText(stop, "stop")) return false;
    return isEnd || entriesBeginning(table, next, most).length === 0;
  },
  chance: ({ runs, matches, expected }, table) => {
    const listed = readList(runs, "runs").map((run) => readText(run, "run"));
    const found = listed.reduce((sum, run) => sum + entriesBeginning(table, run).length, 0);
    const share = listed.reduce((sum, run) => sum + Math.log10(1 + 1 / Number(run)), 0);
    const wanted = (table.entries.length - 1) * share;
    return (
      found === readCount(matches, "matches") &&
      Math.abs(wanted - readNumber(expected, "expected")) <= 0.005 + 1e-8
    );
  },
  frequencies: ({ fundamentalHz, frequenciesHz, belowHz }, { primes }) => {
    const fundamental = readCount(fundamentalHz, "fundamentalHz");
    const listed = readCounts(frequenciesHz, "frequenciesHz");
    const bound = readNumber(belowHz, "belowHz");
    return (
      listed.length === primes.length &&
      primes.every((prime, index) => listed[index] === prime * fundamental && prime * fundamental < bound)
    );
  },
  highest: ({ prime, fundamentalHz, frequencyHz }, { primes }) => {
    const top = readCount(prime, "prime");
    return (
      primes.includes(top) &&
      readCount(frequencyHz, "frequencyHz") === top * readCount(fundamentalHz, "fundamentalHz") &&
      primes.every((other) => other <= top)
    );
  },
  quietest: ({ prime, exponent, denominator }, { exponents }) => {
    const quiet = readCount(prime, "prime");
    const own = readCount(exponent, "exponent");
    return (
      exponents.get(quiet) === own &&
      readCount(denominator, "denominator") === own + 1 &&
      [...exponents].every(([other, theirs]) => other === quiet || theirs < own)
    );
  },
  period: ({ fundamentalHz, sampleRateHz, samples }, { primes }) => {
    const fundamental = readCount(fundamentalHz, "fundamentalHz");
    const rate = readCount(sampleRateHz, "sampleRateHz");
    const length = readCount(samples, "samples");
    if (length < 1 || length > SMALL_MAX || rate < 1) return false;
    const returns = (count: number): boolean =>
      primes.every((prime) => (prime * fundamental * count) % rate === 0);
    for (let shorter = 1; shorter < length; shorter++) if (returns(shorter)) return false;
    return returns(length);
  },
  duration: ({ seconds, sampleRateHz, samples }) =>
    readCount(seconds, "seconds") * readCount(sampleRateHz, "sampleRateHz") === readCount(samples, "samples"),
  bars: ({ bars, beatsPerBar, beatUnit, crotchetsPerMinute, seconds }) => {
    const beats = readCount(bars, "bars") * readCount(beatsPerBar, "beatsPerBar");
    // a beat is 4/beatUnit crotchets, a crotchet 60/crotchetsPerMinute seconds
    const crotchets = readCount(beatUnit, "beatUnit") * readCount(crotchetsPerMinute, "crotchetsPerMinute");
    return beats * 4 * 60 === readCount(seconds, "seconds") * crotchets;
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
  const end = position + digits.length;
  const isExtended =
    end < table.orderDigits &&
    entriesBeginning(table, digits + orderDigitsAt(table, end, 1), limit).length > 0;
  const rivals = entriesBeginning(table, digits, limit);
  const isOwn = rivals.some((entry) => compareSets(entry.removed, removed) === 0);
  return !isExtended && isOwn && rivals.every((entry) => compareSets(removed, entry.removed) <= 0);
}

/** Orders sets by their number of primes, then by the primes. */
function compareSets(a: Entry["removed"], b: Entry["removed"]): number {
  if (a.length !== b.length) return a.length - b.length;
  const index = a.findIndex((prime, place) => prime !== b[place]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
