// Values as people read them: with a unit that fits their size, and no more digits than tell them apart.
import type { ClaimValue } from "#evidence/claims.ts";

export const ISO_DATE = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const NARROW_SPACE = "\u202F";
const SUPERSCRIPTS = "\u2070\u00B9\u00B2\u00B3\u2074\u2075\u2076\u2077\u2078\u2079";

export function formatValue(value: ClaimValue, unit = ""): string {
  if (value === null) return "not available";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return ISO_DATE.test(value) ? formatDate(value) : withUnit(value, unit);
  if (unit === "ms") return formatMilliseconds(value);
  if (unit === "B") return formatBytes(value);
  return withUnit(formatNumber(value), unit);
}

function withUnit(text: string, unit: string): string {
  return unit === "" ? text : `${text}\u00A0${unit}`;
}

function formatMilliseconds(ms: number): string {
  if (Math.abs(ms) < 1000) return withUnit(formatNumber(ms, 3), "ms");
  if (Math.abs(ms) < 120_000) return withUnit((ms / 1000).toFixed(2), "s");
  return withUnit((ms / 60_000).toFixed(1), "min");
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];

function formatBytes(bytes: number): string {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10));
  const size = bytes / 1024 ** power;
  return withUnit(
    power === 0 ? formatNumber(bytes) : size.toPrecision(Math.max(3, String(Math.trunc(size)).length)),
    SIZES[power] ?? "B",
  );
}

/** A number with `digits` significant ones, in groups of three, and with a power of ten where that is shorter. */
export function formatNumber(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return inGroups(String(value));
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) {
    const [mantissa = "", exponent = ""] = rounded.toExponential().split("e");
    return `${asMinus(mantissa)}\u00A0\u00D7\u00A010${superscript(exponent)}`;
  }
  return inGroups(String(rounded));
}

function inGroups(digits: string): string {
  const [whole = "", fraction] = digits.split(".");
  const grouped = whole.length <= 5 ? whole : whole.replaceAll(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
  return asMinus(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

function asMinus(text: string): string {
  return text.replace("-", "\u2212");
}

function superscript(exponent: string): string {
  const digits = exponent.replace("+", "").split("");
  return digits.map((digit) => (digit === "-" ? "\u207B" : (SUPERSCRIPTS[Number(digit)] ?? ""))).join("");
}

/** `2026-11-21T07:01:42.788Z` -> `2026-11-21 07:01:42 UTC` */
export function formatDate(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
