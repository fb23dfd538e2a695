// Process capability of measured deviations. Subgroups are harmonics; the spread within them is pooled.
// Formulas: Cp = (U-L)/6s, Cpk = min(U-m, m-L)/3s, Pp and Ppk the same with the overall spread; lower bound of Cpk after
// A. Bissell, "How reliable is your capability index?", Applied Statistics 39 (1990).

export interface Subgroup {
  name: string;
  values: readonly number[];
  /** Standard uncertainty of each value. */
  uncertainties: readonly number[];
}

export interface Specification {
  lower: number;
  upper: number;
}

/**
 * - `estimated`: the spread is the process's own;
 * - `gauge-limited`: it is no larger than the uncertainty of measuring, so the indices are lower bounds, computed with the
 *   uncertainty in place of a spread that could not be seen;
 * - `not-computable`: too few values, or no spread and no uncertainty at all.
 */
export type CapabilityStatus = "estimated" | "gauge-limited" | "not-computable";

export interface Capability {
  status: CapabilityStatus;
  reason: string;
  n: number;
  subgroups: number;
  degreesOfFreedom: number;
  /** From here on: null where it is not computable. */
  mean: number | null;
  /** Pooled standard deviation within subgroups. */
  withinDeviation: number | null;
  /** Standard deviation of all values around their mean. */
  overallDeviation: number | null;
  /** Root mean square of the standard uncertainties. */
  uncertainty: number | null;
  /** Distinct categories the measurement can tell apart: floor(1.41 process spread / uncertainty). */
  distinctCategories: number | null;
  cp: number | null;
  cpk: number | null;
  /** One-sided lower 95 % confidence bound of Cpk. */
  cpkLowerBound: number | null;
  pp: number | null;
  ppk: number | null;
}

/** The 95 % point of the standard normal distribution. */
const Z_95 = 1.6448536269514722;
const DISTINCT_MIN = 2;

export function estimateCapability(groups: readonly Subgroup[], { lower, upper }: Specification): Capability {
  if (!(lower < upper))
    throw new RangeError(`The lower limit ${lower} is not below the upper limit ${upper}`);
  const all = groups.flatMap((group) => group.values);
  const degreesOfFreedom = groups.reduce((sum, { values }) => sum + Math.max(0, values.length - 1), 0);
  const mean = meanOf(all);
  const within = Math.sqrt(groups.reduce((sum, { values }) => sum + squaresOf(values), 0) / degreesOfFreedom);
  const overall = Math.sqrt(squaresOf(all) / (all.length - 1));
  const uncertainties = groups.flatMap((group) => group.uncertainties);
  const uncertainty = Math.sqrt(meanOf(uncertainties.map((value) => value * value)));
  const process = Math.sqrt(Math.max(0, within * within - uncertainty * uncertainty));
  const common = { n: all.length, subgroups: groups.length, degreesOfFreedom };
  const spread = Math.max(within, uncertainty);
  if (degreesOfFreedom < 1 || !(spread > 0) || !Number.isFinite(spread)) {
    const reason =
      degreesOfFreedom < 1
        ? "no subgroup has two values"
        : "the values do not differ and no uncertainty is known: there is nothing to divide by";
    return { ...common, ...NOTHING, reason };
  }
  const distinctCategories = uncertainty > 0 ? Math.floor((1.41 * process) / uncertainty) : null;
  const isLimited = distinctCategories !== null && distinctCategories < DISTINCT_MIN;
  const nearest = Math.min(upper - mean, mean - lower);
  const cpk = nearest / (3 * spread);
  const overallSpread = Math.max(overall, uncertainty);
  return {
    ...common,
    status: isLimited ? "gauge-limited" : "estimated",
    reason: isLimited
      ? "the spread is not larger than the uncertainty of measuring: the indices are lower bounds"
      : "the spread is larger than the uncertainty of measuring",
    mean,
    withinDeviation: within,
    overallDeviation: overall,
    uncertainty,
    distinctCategories,
    cp: (upper - lower) / (6 * spread),
    cpk,
    cpkLowerBound: cpk - Z_95 * Math.sqrt(1 / (9 * all.length) + (cpk * cpk) / (2 * degreesOfFreedom)),
    pp: (upper - lower) / (6 * overallSpread),
    ppk: nearest / (3 * overallSpread),
  };
}

const NOTHING = {
  status: "not-computable",
  mean: null,
  withinDeviation: null,
  overallDeviation: null,
  uncertainty: null,
  distinctCategories: null,
  cp: null,
  cpk: null,
  cpkLowerBound: null,
  pp: null,
  ppk: null,
} as const;

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sum of squared deviations from the mean, in two passes. */
function squaresOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
}

/** Standard deviation with n-1; 0 for fewer than two values. */
export function deviationOf(values: readonly number[]): number {
  return values.length < 2 ? 0 : Math.sqrt(squaresOf(values) / (values.length - 1));
}

/** Six significant digits: what is written of a figure that was computed from measurements. */
export function significant(value: number): number {
  return Number(value.toPrecision(6)) + 0;
}
