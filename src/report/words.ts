// What claims say, in words and figures for people.
import { ISO_TIME, formatQuantity, formatTime } from "#base/quantities.ts";
import { tellApart, typeset } from "#base/numbers.ts";
import type { ClaimValue } from "#home/run-record.ts";

/** @param beside the limit of the value, or the value of the limit: both get enough digits to show on which side they are */
export function formatValue(value: ClaimValue, unit = "", beside?: ClaimValue): string {
  if (value === null) return "not available";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return ISO_TIME.test(value) ? formatTime(value) : withUnit(value, unit);
  const [text, fitting] = formatQuantity(value, unit);
  if (typeof beside === "number" && beside !== value && text === formatQuantity(beside, unit)[0])
    return withUnit(typeset(tellApart(value, beside)[0]), unit);
  return withUnit(typeset(text), fitting);
}

function withUnit(text: string, unit: string): string {
  return unit === "" ? text : `${text}\u00A0${unit}`;
}
