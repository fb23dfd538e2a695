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

const VALUES = new Map<string, number>([
  ...SMALL.map((word, value) => [word.replaceAll(/[·|]/g, ""), value] as const),
  ...TENS.flatMap((word, ten) => (word === "" ? [] : [[word.replaceAll("·", ""), ten * 10] as const])),
]);

/**
 * All whole numbers that a text names, in order, in digits or in words up to ninety-nine. "twenty-three" is
 * 23 and neither
 * 20 nor 3; the base of "2^46" counts and its exponent doesn't; decimals such as 440.000 don't count.
 */
export function numbersIn(text: string): number[] {
  const token = /(?<![\w.,^])\d+(?![\w]|[.,]\d)|[a-z]+(?:[-\u2010\u2011][a-z]+)*/giu;
  const found: number[] = [];
  let tens: { value: number; end: number } | undefined;
  for (const match of text.matchAll(token)) {
    for (const { word, start, end } of parts(match)) {
      const value = /^\d/.test(word) ? Number(word) : VALUES.get(word.toLowerCase());
      const joins = tens !== undefined && /^[ \u2010\u2011-]$/u.test(text.slice(tens.end, start));
      if (
        tens !== undefined &&
        joins &&
        value !== undefined &&
        value > 0 &&
        value < 10 &&
        !/^\d/.test(word)
      ) {
        found.push(tens.value + value);
        tens = undefined;
        continue;
      }
      if (tens !== undefined) found.push(tens.value);
      tens = undefined;
      if (value === undefined) continue;
      if (!/^\d/.test(word) && value >= 20) tens = { value, end };
      else found.push(value);
    }
  }
  if (tens !== undefined) found.push(tens.value);
  return found;
}

function parts(match: RegExpExecArray): { word: string; start: number; end: number }[] {
  return [...match[0].matchAll(/[^-\u2010\u2011]+/gu)].map((part) => {
    const start = match.index + part.index;
    return { word: part[0], start, end: start + part[0].length };
  });
}
