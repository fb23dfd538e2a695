// Rules for statements about single numbers and about the sound.
import type { Fields } from "./json.ts";
import { readCount, readCounts, readFields, readInteger, readList, readNumber } from "./json.ts";
import type { Table } from "./removal-table.ts";
import { repeat } from "./removal-table.ts";

/** Decides one kind of claim. Throws RangeError when the claim's fields are not what its kind needs. */
export type Rule = (claim: Fields, table: Table) => boolean;

const SMALL_MAX = 1_000_000;

export const numberRules: Readonly<Record<string, Rule>> = {
  product: ({ powers, value }, table) => {
    const product = readList(powers, "powers").reduce<bigint>((sum, item, index) => {
      const { prime, exponent } = readFields(item, `powers[${index}]`);
      return sum * repeat(BigInt(readCount(prime, "prime")), readCount(exponent, "exponent"));
    }, 1n);
    return product === readInteger(value, "value") && product === table.order;
  },
  prime: ({ value, generator, factors }) => {
    const prime = readCount(value, "value");
    if (prime < 2 || prime > SMALL_MAX || !hasNoDivisor(prime)) return false;
    const listed = readCounts(factors, "factors");
    let rest = prime - 1;
    for (const factor of listed) {
      if (factor < 2 || !hasNoDivisor(factor) || rest % factor !== 0) return false;
      while (rest % factor === 0) rest /= factor;
    }
    return rest === 1 && orderOf(readCount(generator, "generator"), prime) === prime - 1;
  },
  numeral: ({ value, base, digits }) => {
    const radix = readCount(base, "base");
    const places = readCounts(digits, "digits");
    if (radix < 2 || places.length === 0 || places[0] === 0 || places.some((digit) => digit >= radix))
      return false;
    return (
      places.reduce((sum, digit) => sum * BigInt(radix) + BigInt(digit), 0n) === readInteger(value, "value")
    );
  },
  "digit-count": ({ value, base, count }) => {
    const [radix, places] = [BigInt(readCount(base, "base")), readCount(count, "count")];
    const number = readInteger(value, "value");
    return (
      radix >= 2n && places >= 1 && repeat(radix, places - 1) <= number && number < repeat(radix, places)
    );
  },
  "trailing-zeros": ({ value, base, count }) => {
    const [radix, zeros] = [BigInt(readCount(base, "base")), readCount(count, "count")];
    const number = readInteger(value, "value");
    return radix >= 2n && number % repeat(radix, zeros) === 0n && number % repeat(radix, zeros + 1) !== 0n;
  },
  residue: ({ value, modulus, residue }) => {
    const [divisor, rest] = [readCount(modulus, "modulus"), readCount(residue, "residue")];
    return rest < divisor && (readInteger(value, "value") - BigInt(rest)) % BigInt(divisor) === 0n;
  },
  "least-base": ({ value, digits, base }) => {
    const [number, places, radix] = [
      readInteger(value, "value"),
      readCount(digits, "digits"),
      readCount(base, "base"),
    ];
    if (places < 2 || radix < 2) return false;
    const fits = (candidate: number): boolean => number < repeat(BigInt(candidate), places);
    return repeat(BigInt(radix), places - 1) <= number && fits(radix) && (radix === 2 || !fits(radix - 1));
  },
  shifted: ({ value, base, exponent, result }) => {
    const unit = repeat(BigInt(readCount(base, "base")), readCount(exponent, "exponent"));
    const [number, quotient] = [readInteger(value, "value"), readInteger(result, "result")];
    return quotient * unit <= number && number < (quotient + 1n) * unit;
  },
  logarithm: ({ value, lowerThousandths, upperThousandths }) => {
    const power = readInteger(value, "value") ** 1000n;
    const lower = 10n ** BigInt(readCount(lowerThousandths, "lowerThousandths"));
    return lower <= power && power < 10n ** BigInt(readCount(upperThousandths, "upperThousandths"));
  },
};

function hasNoDivisor(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}

/** The least n > 0 with generator^n = 1 modulo `prime`, by going through the powers; 0 when there is none. */
function orderOf(generator: number, prime: number): number {
  let power = 1;
  for (let exponent = 1; exponent < prime; exponent++) {
    power = (power * generator) % prime;
    if (power === 1) return exponent;
  }
  return 0;
}

export const soundRules: Readonly<Record<string, Rule>> = {
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
    const frequency = readCount(frequencyHz, "frequencyHz");
    return (
      primes.includes(top) &&
      frequency === top * readCount(fundamentalHz, "fundamentalHz") &&
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
  duration: ({ seconds, sampleRateHz, samples }) => {
    return (
      readCount(seconds, "seconds") * readCount(sampleRateHz, "sampleRateHz") ===
      readCount(samples, "samples")
    );
  },
  bars: ({ bars, beatsPerBar, beatUnit, crotchetsPerMinute, seconds }) => {
    const beats = readCount(bars, "bars") * readCount(beatsPerBar, "beatsPerBar");
    // a beat is 4/beatUnit crotchets, a crotchet 60/crotchetsPerMinute seconds
    return (
      beats * 4 * 60 ===
      readCount(seconds, "seconds") *
        readCount(beatUnit, "beatUnit") *
        readCount(crotchetsPerMinute, "crotchetsPerMinute")
    );
  },
};
