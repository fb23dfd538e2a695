// The second program's view of the removals. It multiplies what stays instead of dividing by what goes, never prints a
// numeral, and finds leading digits by binary search in a table of products that are scaled to one length and sorted.

/** The order of the Monster group as published (Conway et al., ATLAS of Finite Groups, 1985): what powers must multiply to. */
export const PUBLISHED_ORDER = 808017424794512875886459904961710757005754368000000000n;

export interface Entry {
  /** Primes that were taken out, ascending. */
  removed: readonly number[];
  value: bigint;
  /** Decimal digits of `value`. */
  digits: number;
  /** `value` followed by as many zeros as make it as long as the order. */
  scaled: bigint;
}

export interface Table {
  primes: readonly number[];
  powers: ReadonlyMap<number, bigint>;
  exponents: ReadonlyMap<number, number>;
  order: bigint;
  orderDigits: number;
  /** All removals, the empty one among them, by ascending `scaled`. */
  entries: readonly Entry[];
}

/** Throws RangeError when the powers are not those of the Monster's order. */
export function buildTable(powers: readonly { prime: number; exponent: number }[]): Table {
  const primes = powers.map((power) => power.prime);
  const values = powers.map(({ prime, exponent }) => repeat(BigInt(prime), exponent));
  const order = values.reduce((product, value) => product * value, 1n);
  if (order !== PUBLISHED_ORDER)
    throw new RangeError("The prime powers do not multiply to the published order");
  if (primes.some((prime, index) => index > 0 && prime <= (primes[index - 1] ?? 0))) {
    throw new RangeError("The primes are not in ascending order");
  }
  const orderDigits = lengthOf(order);
  const entries: Entry[] = [];
  const descend = (index: number, kept: bigint, removed: readonly number[]): void => {
    const [prime, value] = [primes[index], values[index]];
    if (prime === undefined || value === undefined) {
      const digits = lengthOf(kept);
      entries.push({ removed, value: kept, digits, scaled: kept * repeat(10n, orderDigits - digits) });
      return;
    }
    descend(index + 1, kept * value, removed);
    descend(index + 1, kept, [...removed, prime]);
  };
  descend(0, 1n, []);
  return {
    primes,
    powers: new Map(primes.map((prime, index) => [prime, values[index] ?? 0n])),
    exponents: new Map(powers.map(({ prime, exponent }) => [prime, exponent])),
    order,
    orderDigits,
    entries: entries.toSorted((a, b) => (a.scaled < b.scaled ? -1 : a.scaled > b.scaled ? 1 : 0)),
  };
}

/** Non-empty removals of 1..limit factors whose quotient begins with these digits. */
export function entriesBeginning(table: Table, digits: string, limit = table.primes.length): Entry[] {
  if (!/^[0-9]+$/.test(digits)) throw new RangeError(`${JSON.stringify(digits)} is not a run of digits`);
  if (digits.startsWith("0") || digits.length > table.orderDigits) return [];
  const unit = repeat(10n, table.orderDigits - digits.length);
  const low = BigInt(digits) * unit;
  return table.entries
    .slice(firstAtLeast(table.entries, low), firstAtLeast(table.entries, low + unit))
    .filter(
      (entry) => entry.digits >= digits.length && entry.removed.length > 0 && entry.removed.length <= limit,
    );
}

function firstAtLeast(entries: readonly Entry[], bound: bigint): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.scaled ?? 0n) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The digits of the order from `position` on, `length` of them. */
export function orderDigitsAt(table: Table, position: number, length: number): string {
  if (position + length > table.orderDigits) throw new RangeError("The order has no digits there");
  const cut = (table.order / repeat(10n, table.orderDigits - position - length)) % repeat(10n, length);
  return length === 0 ? "" : String(cut).padStart(length, "0");
}

/** The quotient left by a removal: the product of the powers that stay. */
export function quotientOf(table: Table, removed: readonly number[]): bigint {
  if (new Set(removed).size !== removed.length || removed.some((prime) => !table.powers.has(prime))) {
    throw new RangeError(`${removed.join(", ")} is not a set of the order's primes`);
  }
  const kept = table.primes.filter((prime) => !removed.includes(prime));
  return kept.reduce((product, prime) => product * (table.powers.get(prime) ?? 0n), 1n);
}

/** value^count by repeated multiplication. */
export function repeat(value: bigint, count: number): bigint {
  let product = 1n;
  for (let index = 0; index < count; index++) product *= value;
  return product;
}

/** How many decimal digits `value` has. */
function lengthOf(value: bigint): number {
  let length = 0;
  for (let bound = 1n; bound <= value; bound *= 10n) length++;
  return length;
}
