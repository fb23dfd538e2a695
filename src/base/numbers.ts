// Numbers as people read them, everywhere: on a terminal, in a page of charts, in a report. One rounding; `typeset` gives the
// same text the signs of print.

/** What stands where a figure could not be had. */
const NONE = "-";

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Whether a text is a number in decimal notation, with a point: `0x5` is none, and neither is an empty text. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** A figure with `digits` significant digits, in plain notation where that is short. */
export function formatFigure(value: number | null | undefined, digits = 5): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "\u221E" : "-\u221E";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? rounded.toExponential() : String(rounded);
}

/** The same, but of a whole number all digits: it is a count. */
export function formatNumber(value: number, digits = 6): string {
  return Number.isInteger(value) && Math.abs(value) < 1e12 ? String(value) : formatFigure(value, digits);
}

/**
 * A value of the process with two more digits than its spread has: 299.852 for a spread of 0.079. With more where it would
 * look as if it were on another side of a limit: 10.0500001, not 10.0500, beside a limit of 10.05.
 */
export function formatBy(
  value: number | null | undefined,
  spread: number | undefined,
  limits: readonly (number | undefined)[] = [],
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const isOnItsSide = (text: string) =>
    limits.every((limit) => limit === undefined || side(Number(text), limit) === side(value, limit));
  const first = (least: number, write: (digits: number) => string) => {
    for (let digits = least; digits < DIGITS_MAX; digits += 1)
      if (isOnItsSide(write(digits))) return write(digits);
    return String(value);
  };
  if (spread === undefined || !(spread > 0)) return first(9, (digits) => formatFigure(value, digits));
  const decimals = 2 - Math.floor(Math.log10(spread));
  // Digits of a number that is far from 1 stand before its exponent.
  if (decimals > 12 || decimals < -6) {
    const size = value === 0 ? spread : Math.abs(value);
    const digits = Math.min(15, Math.max(4, decimals + Math.floor(Math.log10(size)) + 1));
    return first(digits, (count) => formatFigure(value, count));
  }
  return first(Math.max(0, decimals), (count) => value.toFixed(count));
}

/** Capability indices: two decimals, as everybody writes them, and more where 1.327 would look like 1.33; large ones shorter. */
export function formatIndex(value: number | null | undefined, minimum?: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (Math.abs(value) >= 1000) return value.toExponential(2);
  const isOnItsSide = (text: string) => minimum === undefined || Number(text) >= minimum === value >= minimum;
  for (let decimals = 2; decimals < DIGITS_MAX; decimals += 1)
    if (isOnItsSide(value.toFixed(decimals))) return value.toFixed(decimals);
  return String(value);
}

/** A value and what it is held against, with the digits that show on which side it is. */
export function tellApart(value: number, limit: number, digits = 4): [value: string, limit: string] {
  const write = (each: number, count: number) => String(Number(each.toPrecision(count)));
  let count = digits;
  const isTold = () => side(Number(write(value, count)), Number(write(limit, count))) === side(value, limit);
  while (count < DIGITS_MAX && !isTold()) count += 1;
  return [write(value, count), write(limit, count)];
}

/** All that a 64-bit number has. */
const DIGITS_MAX = 17;

function side(value: number, limit: number): number {
  return Math.sign(value - limit);
}

/** `= 0.021`, `< 0.001`. */
export function formatP(p: number | null | undefined): string {
  if (p === null || p === undefined) return NONE;
  return p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`;
}

/** `1 stage`, `6 stages`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const NARROW_SPACE = "\u202F";
const SUPERSCRIPTS = "\u2070\u00B9\u00B2\u00B3\u2074\u2075\u2076\u2077\u2078\u2079";

/** The text of a number in print: a minus sign, groups of three digits, powers of ten. */
export function typeset(text: string): string {
  const [mantissa = "", exponent] = text.split("e");
  const [whole = "", fraction] = mantissa.split(".");
  const isLong = whole.replace("-", "").length > 4;
  const grouped = isLong ? whole.replaceAll(/\B(?=(\d{3})+$)/g, NARROW_SPACE) : whole;
  const number = (fraction === undefined ? grouped : `${grouped}.${fraction}`).replace("-", "\u2212");
  return exponent === undefined ? number : `${number}\u00A0\u00D7\u00A010${superscript(exponent)}`;
}

function superscript(exponent: string): string {
  const digits = exponent.replace("+", "").split("");
  return digits.map((digit) => (digit === "-" ? "\u207B" : (SUPERSCRIPTS[Number(digit)] ?? ""))).join("");
}
