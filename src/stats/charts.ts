// Shewhart control charts: individuals with moving ranges, means with ranges, means with standard deviations. Constants are
// computed for any subgroup size (constants.ts). Source of all limits: Montgomery, "Introduction to Statistical Quality
// Control", and the NIST/SEMATECH e-Handbook, 6.3.2.
import { c4, d2, d3 } from "./constants.ts";
import { deviationOf, meanOf, rangeOf } from "./moments.ts";
import { estimateSigma, movingRanges, type SigmaMethod } from "./sigma.ts";

export type ChartKind = "individuals" | "moving-range" | "mean" | "range" | "standard-deviation";

export interface Chart {
  kind: ChartKind;
  /** What is plotted, in order. */
  points: number[];
  centre: number;
  /** The centre line at each point: it differs where subgroups of different sizes have different ranges to expect. */
  centres: number[];
  /** Standard deviation of each point. */
  sigma: number[];
  /** Limits at 3 sigma for each point; a lower limit of a spread is never below 0. */
  lower: number[];
  upper: number[];
}

export interface ChartPair {
  location: Chart;
  spread: Chart;
  /** The estimate of sigma within subgroups that the limits are made of. */
  sigma: number;
}

interface ChartOptions {
  /** Centre line given instead of estimated. */
  centre?: number | undefined;
  /** Sigma given instead of estimated. */
  sigma?: number | undefined;
}

/** Individuals and moving ranges: sigma = mean moving range / d2(2). At least 2 values. */
export function chartIndividuals(values: readonly number[], options: ChartOptions = {}): ChartPair {
  const sigma = options.sigma ?? estimateSigma([values], "moving-range").value;
  const location = makeChart(
    "individuals",
    values,
    options.centre ?? meanOf(values),
    values.map(() => sigma),
  );
  const ranges = movingRanges(values);
  const spread = makeChart(
    "moving-range",
    ranges,
    d2(2) * sigma,
    ranges.map(() => d3(2) * sigma),
  );
  return { location, spread, sigma };
}

/** Means and ranges of subgroups: sigma = mean of R / d2(n). Subgroups of at least 2 values, sizes may differ. */
export function chartMeansAndRanges(
  groups: readonly (readonly number[])[],
  options: ChartOptions = {},
): ChartPair {
  const sigma = options.sigma ?? estimateSigma(groups, "range").value;
  const sizes = groups.map(({ length }) => length);
  const centre = meanOf(sizes.filter((n) => n > 1).map((n) => d2(n))) * sigma;
  const deviations = sizes.map((n) => spreadOr0(n, d3) * sigma);
  const spread = makeChart(
    "range",
    groups.map(rangeOf),
    centre,
    deviations,
    sizes.map((n) => spreadOr0(n, d2) * sigma),
  );
  return { location: chartMeans(groups, sigma, options.centre), spread, sigma };
}

/** Means and standard deviations of subgroups: sigma = mean of s / c4(n), or by another method. */
export function chartMeansAndDeviations(
  groups: readonly (readonly number[])[],
  options: ChartOptions & { method?: SigmaMethod } = {},
): ChartPair {
  const sigma = options.sigma ?? estimateSigma(groups, options.method ?? "standard-deviation").value;
  const sizes = groups.map(({ length }) => length);
  const centre = meanOf(sizes.filter((n) => n > 1).map((n) => c4(n))) * sigma;
  const deviations = sizes.map((n) => spreadOr0(n, (size) => Math.sqrt(1 - c4(size) ** 2)) * sigma);
  const centres = sizes.map((n) => spreadOr0(n, c4) * sigma);
  const points = groups.map((group) => spreadOr0(group.length, () => deviationOf(group)));
  const spread = makeChart("standard-deviation", points, centre, deviations, centres);
  return { location: chartMeans(groups, sigma, options.centre), spread, sigma };
}

/** A subgroup of one value has no spread: its point and its limits are 0, and the next ones keep their places. */
function spreadOr0(size: number, of: (size: number) => number): number {
  return size > 1 ? of(size) : 0;
}

function chartMeans(groups: readonly (readonly number[])[], sigma: number, given: number | undefined): Chart {
  const centre = given ?? meanOf(groups.flat());
  return makeChart(
    "mean",
    groups.map(meanOf),
    centre,
    groups.map(({ length }) => sigma / Math.sqrt(length)),
  );
}

function makeChart(
  kind: ChartKind,
  points: readonly number[],
  centre: number,
  sigma: readonly number[],
  centres: readonly number[] = points.map(() => centre),
): Chart {
  const isLocation = kind === "individuals" || kind === "mean";
  const limit = (direction: number) =>
    centres.map((middle, index) => middle + direction * 3 * (sigma[index] ?? Number.NaN));
  const lower = limit(-1);
  return {
    kind,
    points: [...points],
    centre,
    centres: [...centres],
    sigma: [...sigma],
    lower: isLocation ? lower : lower.map((each) => Math.max(0, each)),
    upper: limit(1),
  };
}

/** Points outside their limits, counted from 1. */
export function pointsOutside({ points, lower, upper }: Chart): number[] {
  return points.flatMap((point, index) => {
    const isOutside = point > (upper[index] ?? Number.NaN) || point < (lower[index] ?? Number.NaN);
    return isOutside ? [index + 1] : [];
  });
}

export interface EwmaOptions {
  centre: number;
  sigma: number;
  /** Weight of the newest point, 0 < lambda <= 1; default 0.2. */
  lambda?: number;
  /** Width of the limits in sigma; default 3. */
  width?: number;
  /** Size of the subgroup each point is the mean of; default 1. */
  size?: number;
}

export interface Ewma {
  points: number[];
  lower: number[];
  upper: number[];
  /** From 1. */
  violations: number[];
}

/**
 * Exponentially weighted moving average: z_i = lambda x_i + (1 - lambda) z_(i-1), z_0 = centre, limits at
 * width sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2 i)) / n). Roberts 1959; Lucas and Saccucci 1990.
 */
export function chartEwma(values: readonly number[], options: EwmaOptions): Ewma {
  const { centre, sigma, lambda = 0.2, width = 3, size = 1 } = options;
  if (!(lambda > 0 && lambda <= 1))
    throw new RangeError(`lambda must be above 0 and at most 1, not ${lambda}`);
  let average = centre;
  const points = values.map((value) => (average = lambda * value + (1 - lambda) * average));
  const halves = values.map((_, index) => {
    const share = (lambda / (2 - lambda)) * -Math.expm1(2 * (index + 1) * Math.log1p(-lambda));
    return width * sigma * Math.sqrt(share / size);
  });
  const lower = halves.map((half) => centre - half);
  const upper = halves.map((half) => centre + half);
  const violations = points.flatMap((point, index) =>
    Math.abs(point - centre) > (halves[index] ?? 0) ? [index + 1] : [],
  );
  return { points, lower, upper, violations };
}

export interface CusumOptions {
  centre: number;
  sigma: number;
  /** Decision interval in sigma; default 5. */
  interval?: number;
  /** Shift to be found, in sigma; half of it is the allowance. Default 1. */
  shift?: number;
  /** Start of both sums, in sigma: the fast initial response. Default 0. */
  headStart?: number;
  /** Size of the subgroup each point is the mean of; default 1. */
  size?: number;
}

export interface Cusum {
  /** In sigma of a point; `low` is 0 or below. */
  high: number[];
  low: number[];
  interval: number;
  /** From 1. */
  violations: { high: number[]; low: number[] };
}

/** Tabular cumulative sums: high_i = max(0, high_(i-1) + z_i - shift/2), low the same downwards. Page 1954. */
export function chartCusum(values: readonly number[], options: CusumOptions): Cusum {
  const { centre, sigma, interval = 5, shift = 1, headStart = 0, size = 1 } = options;
  if (!(headStart >= 0 && headStart < interval)) {
    throw new RangeError(`the head start must be from 0 to below ${interval}, not ${headStart}`);
  }
  const scores = values.map((value) => ((value - centre) / sigma) * Math.sqrt(size));
  let up = headStart;
  const high = scores.map((score) => (up = Math.max(0, up + score - shift / 2)));
  let down = -headStart;
  const low = scores.map((score) => (down = Math.min(0, down + score + shift / 2)));
  const beyond = (sums: readonly number[]) =>
    sums.flatMap((sum, index) => (Math.abs(sum) > interval ? [index + 1] : []));
  return { high, low, interval, violations: { high: beyond(high), low: beyond(low) } };
}
