// The unit in which a series is shown: one for all of its values, chosen by the largest, with two digits more than its spread.
import { largest } from "#base/extremes.ts";
import { formatBy, formatFigure } from "#base/numbers.ts";
import { unitFor } from "#base/quantities.ts";
import type { Display } from "#chart/trend-page.ts";
import type { Trend } from "./trend.ts";

export function displayOf({ series, baseline }: Pick<Trend, "series" | "baseline">): Display {
  const size = largest(
    series.points.map(({ value }) => Math.abs(value)),
    0,
  );
  const { unit, divisor } = unitFor(series.unit ?? "", size);
  const scale = (value: number) => value / divisor;
  const sigma = baseline === null ? undefined : scale(baseline.sigma);
  const formatScaled = (value: number) =>
    sigma === undefined ? formatFigure(value, 6) : formatBy(value, sigma);
  return { unit, scale, format: (value) => formatScaled(scale(value)), formatScaled };
}
