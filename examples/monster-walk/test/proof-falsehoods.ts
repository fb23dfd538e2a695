// False statements about the Monster and the walk that were once published as verified, in the certificate's language.
// A checker that accepts one of them checks nothing. `instead` is the true statement beside it.
import type { Claim } from "../mathematics/claim.ts";

interface Falsehood {
  what: string;
  claim: Claim;
  instead?: Claim;
}

const BEST = [7, 11, 17, 19, 29, 31, 41, 59];
const BEST_QUOTIENT = "80807009282149818791922499584000000000";
const HEX_REMOVAL = [2, 7, 11, 17, 71];
const HEX_QUOTIENT = BigInt("0x86f5645cb6c2e79054d72538b").toString();
const ORDER = "808017424794512875886459904961710757005754368000000000";

function shifted(value: string, base: number, [exponent, result]: [number, string]): Claim {
  return { kind: "shifted", value, base, exponent, result };
}

function numeral(value: string, base: number, text: string): Claim {
  return { kind: "numeral", value, base, digits: Array.from(text, (digit) => Number.parseInt(digit, 36)) };
}

function residue(modulus: number, rest: number): Claim {
  return { kind: "residue", value: "8080", modulus, residue: rest };
}

/** 8080 in the bases where wrong numerals were published. */
const NUMERALS: readonly [base: number, right: string][] = [
  [3, "102002021"],
  [7, "32362"],
  [11, "6086"],
  [13, "38A7"],
  [17, "1AG5"],
];

/** The canonical walk, but for what is given as its third group. */
function walkWith(third: readonly number[]): Claim {
  return {
    kind: "walk",
    limit: 10,
    groups: [
      { position: 0, digits: "8080", removed: BEST },
      { position: 4, digits: "1742", removed: [3, 5, 13, 31] },
      { position: 8, digits: "479", removed: third },
      { position: 11, digits: "451", removed: [5, 7, 19, 41] },
      { position: 14, digits: "2875", removed: [5, 11, 29, 41] },
      { position: 18, digits: "8864", removed: [3, 5, 7, 11, 17, 19, 41, 71] },
      { position: 22, digits: "5990", removed: [2, 3, 13, 31, 41, 47, 59, 71] },
      { position: 26, digits: "496", removed: [2, 7, 19, 31, 47, 71] },
      { position: 29, digits: "1710", removed: [5, 41, 59] },
      { position: 33, digits: "7570", removed: [2, 7, 17, 23, 29, 41, 47, 59] },
    ],
    covered: 37,
    stop: "0",
  };
}

export const FALSEHOODS: readonly Falsehood[] = [
  {
    what: "group 3 is {5^9, 11^2, 23, 31}, which gives 479 too, but is not the first of its size",
    claim: walkWith([5, 11, 23, 31]),
    instead: walkWith([3, 13, 31, 71]),
  },
  {
    what: "a quotient of two digits begins with 71 and as many zeros as one likes",
    claim: { kind: "matches", digits: "71".padEnd(21, "0"), count: 1 },
    instead: { kind: "matches", digits: "71".padEnd(21, "0"), count: 0 },
  },
  {
    what: "the order ends in eight zeros",
    claim: { kind: "trailing-zeros", value: ORDER, base: 10, count: 8 },
    instead: { kind: "trailing-zeros", value: ORDER, base: 10, count: 9 },
  },
  {
    what: "the chord repeats no sooner than after 4410 samples",
    claim: { kind: "period", fundamentalHz: 220, sampleRateHz: 44_100, samples: 4410 },
    instead: { kind: "period", fundamentalHz: 220, sampleRateHz: 44_100, samples: 2205 },
  },
  {
    what: "no set of removals, the empty one included, keeps more than 4 digits",
    claim: { kind: "most-kept", removals: "all", count: 4 },
    instead: { kind: "most-kept", removals: "non-empty", count: 4 },
  },
  {
    what: "the best quotient without 35 digits is 8080",
    claim: shifted(BEST_QUOTIENT, 10, [35, "8080"]),
    instead: shifted(BEST_QUOTIENT, 10, [34, "8080"]),
  },
  {
    what: "without 35 digits it is 808, said of 34",
    claim: shifted(BEST_QUOTIENT, 10, [34, "808"]),
    instead: shifted(BEST_QUOTIENT, 10, [35, "808"]),
  },
  {
    what: "the first hexadecimal quotient without 24 digits is 86f",
    claim: shifted(HEX_QUOTIENT, 16, [24, String(0x86f)]),
    instead: shifted(HEX_QUOTIENT, 16, [22, String(0x86f)]),
  },
  {
    what: "that quotient keeps four hexadecimal digits",
    claim: { kind: "kept-digits", removed: HEX_REMOVAL, base: 16, count: 4 },
    instead: { kind: "kept-digits", removed: HEX_REMOVAL, base: 16, count: 3 },
  },
  {
    what: "the best removal keeps four digits in every base",
    claim: { kind: "kept-by-base", removed: BEST, from: 2, counts: Array.from({ length: 70 }, () => 4) },
    instead: { kind: "kept-by-base", removed: BEST, from: 10, counts: [4] },
  },
  {
    what: "the digits kept are the difference of the logarithms",
    claim: { kind: "kept-digits", removed: BEST, base: 10, count: 15 },
    instead: { kind: "kept-digits", removed: BEST, base: 10, count: 4 },
  },
  {
    what: "the removed product is 10^15.00034",
    claim: {
      kind: "logarithm",
      value: "9999348224523427",
      lowerThousandths: 15_000,
      upperThousandths: 15_001,
    },
    instead: {
      kind: "logarithm",
      value: "9999348224523427",
      lowerThousandths: 15_999,
      upperThousandths: 16_000,
    },
  },
  {
    what: "the removal adds nine zeros",
    claim: { kind: "trailing-zeros", value: BEST_QUOTIENT, base: 10, count: 18 },
    instead: { kind: "trailing-zeros", value: BEST_QUOTIENT, base: 10, count: 9 },
  },
  {
    what: "8080 in base 71 is 1m, two digits",
    claim: numeral("8080", 71, "1m"),
    instead: { kind: "numeral", value: "8080", base: 71, digits: [1, 42, 57] },
  },
  {
    what: "8080 has two digits in base 71 already",
    claim: { kind: "least-base", value: "8080", digits: 2, base: 71 },
    instead: { kind: "least-base", value: "8080", digits: 2, base: 90 },
  },
  ...NUMERALS.map(([base, right]) => ({
    what: `8080 in base ${base} ends in another digit`,
    claim: numeral("8080", base, `${right.slice(0, -1)}${right.endsWith("1") ? "0" : "1"}`),
    instead: numeral("8080", base, right),
  })),
  ...(
    [
      [3, 1],
      [7, 2],
      [11, 6],
      [13, 7],
    ] as const
  ).map(([modulus, rest]) => ({
    what: `${modulus} divides 8080`,
    claim: residue(modulus, 0),
    instead: residue(modulus, rest),
  })),
  {
    what: "80801742 in base 16 is another number by one digit",
    claim: numeral("80801742", 16, "4d0efcf"),
    instead: numeral("80801742", 16, "4d0efce"),
  },
  {
    what: "the order in base 16 begins 9a8c8a",
    claim: shifted(ORDER, 16, [39, String(0x9a8c8a)]),
    instead: shifted(ORDER, 16, [39, String(0x86fa3f)]),
  },
  {
    what: "group 4 can't be extended",
    claim: { kind: "longest-run", position: 11, limit: 15, count: 3 },
    instead: { kind: "longest-run", position: 11, limit: 10, count: 3 },
  },
  {
    what: "group 8 can't be extended",
    claim: { kind: "longest-run", position: 26, limit: 15, count: 3 },
    instead: { kind: "longest-run", position: 26, limit: 10, count: 3 },
  },
  {
    what: "group 4 can be extended with 10 factors",
    claim: { kind: "longest-run", position: 11, limit: 10, count: 4 },
    instead: { kind: "longest-run", position: 11, limit: 11, count: 4 },
  },
  {
    what: "group 8 can be extended with 12 factors",
    claim: { kind: "longest-run", position: 26, limit: 12, count: 4 },
    instead: { kind: "longest-run", position: 26, limit: 13, count: 4 },
  },
  {
    what: "the harmonic of 71 is at 15610 Hz",
    claim: { kind: "highest", prime: 71, fundamentalHz: 220, frequencyHz: 15_610 },
    instead: { kind: "highest", prime: 71, fundamentalHz: 220, frequencyHz: 15_620 },
  },
  {
    what: "71 is the quietest",
    claim: { kind: "quietest", prime: 71, exponent: 1, denominator: 2 },
    instead: { kind: "quietest", prime: 2, exponent: 46, denominator: 47 },
  },
  {
    what: "eighteen removals keep 808",
    claim: { kind: "matches", digits: "808", count: 18 },
    instead: { kind: "matches", digits: "808", count: 17 },
  },
  {
    what: "20 bars of 8/8 at 80 crotchets a minute last five minutes",
    claim: { kind: "bars", bars: 20, beatsPerBar: 8, beatUnit: 8, crotchetsPerMinute: 80, seconds: 300 },
    instead: { kind: "bars", bars: 20, beatsPerBar: 8, beatUnit: 8, crotchetsPerMinute: 80, seconds: 60 },
  },
  {
    what: "2047 is prime, as Fermat's test to base 2 would have it",
    claim: { kind: "prime", value: 2047, generator: 2, factors: [2, 3, 11, 31] },
  },
  {
    what: "2 generates the residues of 7",
    claim: { kind: "prime", value: 7, generator: 2, factors: [2, 3] },
  },
];
