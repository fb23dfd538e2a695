// Capability and performance indices with confidence intervals, and the percentile method for values that are not normal.
import { smallest } from "#base/extremes.ts";
import { formatFigure } from "#base/numbers.ts";
import { chiSquareQuantile, noncentralityOf } from "./distributions.ts";
import { meanOf, quantileOf, scaleOf, sumOf } from "./moments.ts";
import { normalQuantile, normalUpper } from "./normal.ts";
import type { Sigma } from "./sigma.ts";

/** At least one of the limits must be there; a limit that is not there has no index. */
export interface Limits {
  lower?: number | undefined;
  upper?: number | undefined;
  target?: number | undefined;
}

/** `LSL 9, target 10, USL 11`. */
export function formatLimits({ lower, upper, target }: Limits): string {
  const parts = [
    lower === undefined ? "" : `LSL ${formatFigure(lower, 9)}`,
    target === undefined ? "" : `target ${formatFigure(target, 9)}`,
    upper === undefined ? "" : `USL ${formatFigure(upper, 9)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

export interface Interval {
  lower: number;
  upper: number;
}

/** An index with its two-sided confidence interval and its one-sided lower bound. null: the limits allow no such index. */
export interface Index {
  value: number;
  interval: Interval;
  /** At the same confidence, with the whole risk on this side. */
  lowerBound: number;
}

/** Within: Cp, CPL, CPU, Cpk, Cpm. Overall: Pp, PPL, PPU, Ppk, Ppm. The names differ by the sigma that is used only. */
export interface Indices {
  mean: number;
  sigma: Sigma;
  /** (U - L) / 6 sigma. */
  spread: Index | null;
  /** (mean - L) / 3 sigma. */
  lower: Index | null;
  /** (U - mean) / 3 sigma. */
  upper: Index | null;
  /** The smaller of the two. */
  nearest: Index;
  /** (U - L) / 6 sqrt(sigma^2 + (mean - target)^2). */
  target: Index | null;
  /** Expected parts outside the limits in a million, of a normal distribution with this mean and sigma. */
  partsPerMillion: { below: number; above: number; total: number };
}

export interface IndexOptions {
  /** Default 0.95. */
  confidence?: number | undefined;
}

/**
 * Indices of n values with this mean and sigma (see estimateSigma).
 * Intervals: spread by chi-square; nearest by Bissell, "How reliable is your capability index?" (Applied Statistics 39,
 * 1990): C -+ z sqrt(1/(9n) + C^2/(2 df)); one-sided indices exactly, by the noncentral t; target by chi-square with
 * Boyles' degrees of freedom n (1 + d^2)^2 / (1 + 2 d^2), d = (mean - target) / sigma (J. Quality Technology 23, 1991).
 */
export function computeIndices(
  { n, mean, sigma }: { n: number; mean: number; sigma: Sigma },
  limits: Limits,
  { confidence = 0.95 }: IndexOptions = {},
): Indices {
  const { lower, upper } = checkLimits(limits);
  const risk = 1 - confidence;
  const df = sigma.degreesOfFreedom;
  const toLower = lower === undefined ? undefined : (mean - lower) / (3 * sigma.value);
  const toUpper = upper === undefined ? undefined : (upper - mean) / (3 * sigma.value);
  const nearest = Math.min(toLower ?? Number.POSITIVE_INFINITY, toUpper ?? Number.POSITIVE_INFINITY);
  const below = lower === undefined ? 0 : 1e6 * normalUpper((mean - lower) / sigma.value);
  const above = upper === undefined ? 0 : 1e6 * normalUpper((upper - mean) / sigma.value);
  const spread = lower === undefined || upper === undefined ? undefined : (upper - lower) / (6 * sigma.value);
  return {
    mean,
    sigma,
    spread: spread === undefined ? null : byChiSquare(spread, df, risk),
    lower: toLower === undefined ? null : oneSided(toLower, n, df, risk),
    upper: toUpper === undefined ? null : oneSided(toUpper, n, df, risk),
    nearest: bissell(nearest, n, df, risk),
    target: spread === undefined ? null : targetIndex(spread, { n, mean, sigma }, limits, risk),
    partsPerMillion: { below, above, total: below + above },
  };
}

function byChiSquare(value: number, df: number, risk: number): Index {
  const at = (p: number) => value * Math.sqrt(chiSquareQuantile(p, df) / df);
  return { value, interval: { lower: at(risk / 2), upper: at(1 - risk / 2) }, lowerBound: at(risk) };
}

function bissell(value: number, n: number, df: number, risk: number): Index {
  const error = Math.sqrt(1 / (9 * n) + (value * value) / (2 * df));
  const two = normalQuantile(1 - risk / 2) * error;
  const one = normalQuantile(1 - risk) * error;
  return { value, interval: { lower: value - two, upper: value + two }, lowerBound: value - one };
}

function oneSided(value: number, n: number, df: number, risk: number): Index {
  const bound = (p: number) => exactOneSidedBound(value, n, df, p);
  return { value, interval: { lower: bound(risk / 2), upper: bound(1 - risk / 2) }, lowerBound: bound(risk) };
}

/**
 * The value of a one-sided index that would give an estimate as high as `value` with probability p: 3 sqrt(n) times the
 * estimate is noncentral t with noncentrality 3 sqrt(n) times the index. Exact for the overall sigma (df = n - 1).
 */
export function exactOneSidedBound(value: number, n: number, df: number, p: number): number {
  const scale = 3 * Math.sqrt(n);
  return noncentralityOf(value * scale, df, p) / scale;
}

function targetIndex(
  spread: number,
  { n, mean, sigma }: { n: number; mean: number; sigma: Sigma },
  { lower = 0, upper = 0, target = (lower + upper) / 2 }: Limits,
  risk: number,
): Index {
  const shift = (mean - target) / sigma.value;
  const value = spread / Math.hypot(1, shift);
  const df = (n * (1 + shift * shift) ** 2) / (1 + 2 * shift * shift);
  return byChiSquare(value, df, risk);
}

/** @throws RangeError when no limit is given or the lower one is not below the upper one. */
export function checkLimits(limits: Limits): Limits {
  const { lower, upper, target } = limits;
  for (const each of [lower, upper, target]) {
    if (each !== undefined && !Number.isFinite(each))
      throw new RangeError(`a limit must be a finite number, not ${each}`);
  }
  if (lower === undefined && upper === undefined)
    throw new RangeError("there must be a lower or an upper limit");
  if (lower !== undefined && upper !== undefined && !(lower < upper)) {
    throw new RangeError(`the lower limit ${lower} is not below the upper limit ${upper}`);
  }
  return limits;
}

export interface PercentileIndices {
  /** 0.135 %, 50 % and 99.865 % points of the sample. */
  low: number;
  median: number;
  high: number;
  /** (U - L) / (high - low); null also where both points are one value. */
  pp: number | null;
  /** The smaller of (median - L) / (median - low) and (U - median) / (high - median); null where a side has no width. */
  ppk: number | null;
  /** Too few values to have seen the outer points (n < 740): they are the extreme values, and the indices too good. */
  isExtrapolated: boolean;
}

const OUTER = 0.00135;

/** Performance by percentiles of the sample, for values of any distribution: ISO 22514-2, general geometric method. */
export function percentileIndices(values: readonly number[], limits: Limits): PercentileIndices {
  const { lower, upper } = checkLimits(limits);
  const [low, median, high] = [OUTER, 0.5, 1 - OUTER].map((p) => quantileOf(values, p, 6)) as [
    number,
    number,
    number,
  ];
  const scale = scaleOf(values);
  const ratio = (from: number, to: number, first: number, last: number): number | null => {
    const found = (to / scale - from / scale) / (last / scale - first / scale);
    return Number.isFinite(found) ? found : null;
  };
  const sides = [
    ...(lower === undefined ? [] : [ratio(lower, median, low, median)]),
    ...(upper === undefined ? [] : [ratio(median, upper, median, high)]),
  ];
  const known = sides.filter((side) => side !== null);
  return {
    low,
    median,
    high,
    pp: lower === undefined || upper === undefined ? null : ratio(lower, upper, low, high),
    ppk: known.length < sides.length ? null : smallest(known),
    isExtrapolated: OUTER * (values.length + 1) < 1,
  };
}

/** Values that are seen outside the limits. */
export function countOutside(
  values: readonly number[],
  { lower, upper }: Limits,
): { below: number; above: number } {
  const below = values.filter((value) => lower !== undefined && value < lower).length;
  const above = values.filter((value) => upper !== undefined && value > upper).length;
  return { below, above };
}

/** Mean and number of all values of the subgroups. */
export function describeGroups(groups: readonly (readonly number[])[]): { n: number; mean: number } {
  return { n: sumOf(groups.map(({ length }) => length)), mean: meanOf(groups.flat()) };
}
