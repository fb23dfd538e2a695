// Values as people read them: one unit for a whole series, chosen by its size.
import { formatBy, formatFigure } from "#base/numbers.ts";
import type { Display } from "#chart/trend-page.ts";
import type { Trend } from "./trend.ts";

/** The unit that fits the values of a series, with two digits more than the spread has. */
export function displayOf({ series, baseline }: Trend): Display {
  const largest = series.points.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  const [divisor, unit] = unitFor(series.unit ?? "", largest);
  const scale = (value: number) => value / divisor;
  const sigma = baseline === null ? undefined : scale(baseline.sigma);
  const formatScaled = (value: number) =>
    sigma === undefined ? formatFigure(value, 6) : formatBy(value, sigma);
  return { unit, scale, format: (value) => formatScaled(scale(value)), formatScaled };
}

function unitFor(unit: string, largest: number): [divisor: number, unit: string] {
  if (unit === "ms" && largest >= 10_000) return [1000, "s"];
  if (unit === "B" && largest >= 1024 * 1024) return [1024 * 1024, "MiB"];
  if (unit === "B" && largest >= 1024) return [1024, "KiB"];
  return [1, unit];
}
