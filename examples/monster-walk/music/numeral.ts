// Numbers as English words, both ways: with the syllables a singer needs, and found again in a running text.

// Syllables are divided by "·"; "|" stands before the stressed syllable of a word that begins unstressed.
// oxfmt-ignore
const SMALL = [
  "ze·ro", "one", "two", "three", "four", "five", "six", "sev·en", "eight", "nine", "ten", "e·|lev·en", "twelve",
  "thir·teen", "four·teen", "fif·teen", "six·teen", "sev·en·teen", "eigh·teen", "nine·teen",
];
const TENS = ["", "", "twen·ty", "thir·ty", "for·ty", "fif·ty", "six·ty", "sev·en·ty", "eigh·ty", "nine·ty"];
const LONGEST_FOOT = 3;

/**
 * The words of 0..99 with syllables divided by "·": 46 -> "for·ty-six". A name too long for one foot of
 * three syllables gets a foot boundary "|" before its unit: 71 -> "sev·en·ty-|one".
 */
export function syllablesOf(value: number): string {
  const unit = SMALL[value < 20 ? value : value % 10];
  const ten = TENS[Math.floor(value / 10)];
  if (!Number.isInteger(value) || value < 0 || unit === undefined || ten === undefined) {
    throw new RangeError(`Cannot spell ${value}: it must be a whole number from 0 to 99`);
  }
  if (value < 20) return unit;
  if (value % 10 === 0) return ten;
  const count = `${ten}·${unit}`.split("·").length;
  return `${ten}-${count > LONGEST_FOOT ? "|" : ""}${unit}`;
}

/** The words of 0..99: 71 -> "seventy-one". */
export function wordsOf(value: number): string {
  return syllablesOf(value).replaceAll(/[·|]/g, "");
}

/**
 * A run of digits as it is sung, two feet of about equal length: "1742" -> "one sev·en| four two"; 0 is "oh".
 */
export function singDigits(digits: string): string {
  const words = digits.split("").map((digit) => (digit === "0" ? "oh" : syllablesOf(Number(digit))));
  const half = Math.ceil(words.length / 2);
  return `${words.slice(0, half).join(" ")}| ${words.slice(half).join(" ")}`;
}

/** Each name of a number, with its value; the longest first, so that twenty-three is not read as twenty. */
const NAMES = Array.from({ length: 100 }, (_, value) => [wordsOf(value), value] as const).toSorted(
  ([a], [b]) => b.length - a.length,
);
const VALUES = new Map(NAMES);
const WORDS = NAMES.map(([name]) => name.replace("-", "[ \u2010\u2011-]")).join("|");
const NUMBER = new RegExp(`(?<![\\w.,^])\\d+(?![\\w]|[.,]\\d)|\\b(?:${WORDS})\\b`, "giu");

/**
 * All whole numbers that a text names, in order, in digits or in words up to ninety-nine. "twenty-three" is 23 and neither
 * 20 nor 3; the base of "2^46" counts and its exponent doesn't; decimals such as 440.000 don't count.
 */
export function numbersIn(text: string): number[] {
  return [...text.matchAll(NUMBER)].map(([found]) => {
    return VALUES.get(found.toLowerCase().replace(/[ \u2010\u2011]/u, "-")) ?? Number(found);
  });
}
