// Estimators of the standard deviation within subgroups (what the process does from one piece to the next), and of the
// overall one. Each says its name and its degrees of freedom, because a capability index means nothing without them.
import { c4, d2, d3, MEDIAN_RANGE_OF_TWO } from "./constants.ts";
import { deviationOf, meanOf, medianOf, rangeOf, scaleOf, squaresOf } from "./moments.ts";
import { sumOf, unscaled, weightedMeanOf } from "./moments.ts";

export const SIGMA_METHODS = [
  "moving-range",
  "median-moving-range",
  "range",
  "standard-deviation",
  "pooled",
  "pooled-unbiased",
  "overall",
] as const;

/**
 * - `moving-range`: mean |x_i - x_(i-1)| / d2(2), for individual values;
 * - `median-moving-range`: median of the same / 0.9539;
 * - `range`: mean of R_i / d2(n_i), weighted by (d2 / d3)^2;
 * - `standard-deviation`: mean of s_i / c4(n_i), weighted by c4^2 / (1 - c4^2);
 * - `pooled`: sqrt(sum (n_i - 1) s_i^2 / sum (n_i - 1));
 * - `pooled-unbiased`: the same / c4(1 + sum (n_i - 1));
 * - `overall`: s of all values.
 */
export type SigmaMethod = (typeof SIGMA_METHODS)[number];

export interface Sigma {
  method: SigmaMethod;
  /** In the unit of the values; NaN when it cannot be had from these values. */
  value: number;
  /** Degrees of freedom of a chi-square distribution with about the same spread. */
  degreesOfFreedom: number;
}

/** |x_i - x_(i-1)|: the moving ranges of span 2. */
export function movingRanges(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? 0)));
}

/** The usual estimator: pooled for subgroups of two or more, mean moving range for individual values. */
export function usualMethod(groups: readonly (readonly number[])[]): SigmaMethod {
  return groups.some((group) => group.length > 1) ? "pooled" : "moving-range";
}

/**
 * The standard deviation within subgroups. The weights of ranges and standard deviations are 1 / variance of each estimate,
 * which gives the linear unbiased one of least variance (qcc's MVLUE, Minitab's Rbar and Sbar); equal for equal sizes.
 * Source: I. W. Burr, "Statistical Quality Control Methods" (1976).
 * @param groups values in the order in which they were measured; subgroups of one are individual values.
 * Degrees of freedom: sum (n_i - 1) for pooled; 0.9 of it for ranges; f_n of it for standard deviations; k - 1 for moving
 * ranges of k values (as Minitab's documentation of capability analysis has them).
 */
export function estimateSigma(groups: readonly (readonly number[])[], method = usualMethod(groups)): Sigma {
  const all = groups.flat();
  const several = groups.filter((group) => group.length > 1);
  const free = sumOf(several.map((group) => group.length - 1));
  const result = (value: number, degreesOfFreedom: number): Sigma => ({ method, value, degreesOfFreedom });
  switch (method) {
    case "moving-range":
      return result(meanOf(movingRanges(all)) / d2(2), all.length - 1);
    case "median-moving-range":
      return result(medianOf(movingRanges(all)) / MEDIAN_RANGE_OF_TWO, all.length - 1);
    case "range":
      return result(
        weighted(several, rangeOf, (n) => [d2(n), d3(n)]),
        0.9 * free,
      );
    case "standard-deviation": {
      const size = several.length === 0 ? 2 : Math.round(free / several.length) + 1;
      const value = weighted(several, deviationOf, (n) => [c4(n), Math.sqrt(1 - c4(n) ** 2)]);
      return result(value, deviationFactor(size) * free);
    }
    case "pooled":
      return result(pooled(several, free), free);
    case "pooled-unbiased":
      return result(free > 0 ? pooled(several, free) / c4(free + 1) : Number.NaN, free);
    case "overall":
      return result(deviationOf(all), all.length - 1);
  }
}

/** @param moments mean and standard deviation of the spread, for sigma 1 and this size of subgroup */
function weighted(
  groups: readonly (readonly number[])[],
  spreadOf: (group: readonly number[]) => number,
  moments: (n: number) => readonly [mean: number, deviation: number],
): number {
  const bySize = groups.map(({ length }) => moments(length));
  const weights = bySize.map(([mean, deviation]) => (mean / deviation) ** 2);
  const [first = 1] = weights;
  return weightedMeanOf(
    groups.map((group, index) => spreadOf(group) / (bySize[index]?.[0] ?? Number.NaN)),
    weights.map((weight) => weight / first),
  );
}

function pooled(groups: readonly (readonly number[])[], free: number): number {
  const scale = scaleOf(groups.flat());
  const squares = groups.map((group) => squaresOf(unscaled(group, scale)));
  return scale * Math.sqrt(Math.max(0, sumOf(squares)) / free);
}

/** f_n: degrees of freedom of the mean of standard deviations against those of the pooled one. */
function deviationFactor(n: number): number {
  const first = [0.88, 0.92, 0.94, 0.95, 0.96, 0.96, 0.97, 0.97][n - 2];
  if (first !== undefined) return first;
  return n < 18 ? 0.98 : n < 65 ? 0.99 : 1;
}
