// Has a measured value got worse over the history of runs? Two tests that outliers of the past can't mislead: the newest
// value against the median of those before, and a drift that came to stay (Page and Hinkley).
import { studentTails } from "./distributions.ts";
import { medianOf, robustDeviationOf } from "./moments.ts";

export type Direction = "higher-is-worse" | "lower-is-worse";

export type HistoryStatus = "regressed" | "improved" | "unchanged" | "not-computable";

export interface Regression {
  status: HistoryStatus;
  reason: string;
  /** Values before the newest. */
  n: number;
  median: number | null;
  /** Median absolute deviation times 1.4826. */
  deviation: number | null;
  /** (newest - median) / (deviation sqrt(1 + 1/n)). */
  score: number | null;
  /** Two-sided, of Student's t with n - 1 degrees of freedom. */
  p: number | null;
}

export interface RegressionOptions {
  /** Default `higher-is-worse`: times, memory, errors. */
  direction?: Direction;
  /** Probability of a false alarm in one comparison; default 0.01. */
  alpha?: number;
  /** Changes of less than this share of the median are no changes; default 0. */
  tolerance?: number;
  /** Fewer values before the newest give `not-computable`; default 8. */
  minimum?: number;
}

/** Judges the newest (last) value of a history by a robust prediction interval of those before. */
export function detectRegression(history: readonly number[], options: RegressionOptions = {}): Regression {
  const { direction = "higher-is-worse", alpha = 0.01, tolerance = 0, minimum = 8 } = options;
  const before = history.slice(0, -1);
  const newest = history.at(-1);
  const n = before.length;
  const nothing = { n, median: null, deviation: null, score: null, p: null };
  if (newest === undefined || n < minimum) {
    return {
      ...nothing,
      status: "not-computable",
      reason: `${n} values before the newest, at least ${minimum} are needed`,
    };
  }
  const median = medianOf(before);
  const deviation = robustDeviationOf(before);
  const change = newest - median;
  if (!(deviation > 0) && tolerance === 0 && change !== 0) {
    const reason =
      "most values before the newest are the same: there is no spread to compare the change with";
    return { ...nothing, status: "not-computable", reason, median, deviation };
  }
  const score = change === 0 ? 0 : change / (deviation * Math.sqrt(1 + 1 / n));
  const p = 2 * studentTails(-Math.abs(score), n - 1).lower;
  const figures = { n, median, deviation, score, p };
  if (Math.abs(change) <= tolerance * Math.abs(median)) {
    return { ...figures, status: "unchanged", reason: "the change is within the tolerance" };
  }
  if (p >= alpha) return { ...figures, status: "unchanged", reason: "the change is within the usual spread" };
  const isWorse = change > 0 === (direction === "higher-is-worse");
  return {
    ...figures,
    status: isWorse ? "regressed" : "improved",
    reason: "the change is beyond the usual spread",
  };
}

export interface Drift {
  /** Sum since the last reset, upwards and downwards, in units of the baseline's deviation. */
  up: number[];
  down: number[];
  /** First point (from 1) at which a sum exceeded the threshold. */
  alarm: { point: number; direction: "up" | "down" } | null;
}

export interface DriftOptions {
  /** Mean and deviation of the time when all was well. */
  baseline: { mean: number; deviation: number };
  /** Shift, in deviations, that is let pass; default 0.5. */
  tolerance?: number;
  /** Alarm above this, in deviations; default 8. */
  threshold?: number;
}

/** Page-Hinkley test: m_i = m_(i-1) + (z_i - tolerance), alarm when m_i - min m exceeds the threshold. Page 1954, Hinkley 1971. */
export function detectDrift(values: readonly number[], options: DriftOptions): Drift {
  const { baseline, tolerance = 0.5, threshold = 8 } = options;
  if (!(baseline.deviation > 0)) throw new RangeError("the baseline has no spread");
  const scores = values.map((value) => (value - baseline.mean) / baseline.deviation);
  const [up, down] = [1, -1].map((side) => climb(scores.map((score) => side * score - tolerance))) as [
    number[],
    number[],
  ];
  const first = values.findIndex((_, index) => Math.max(up[index] ?? 0, down[index] ?? 0) > threshold);
  if (first < 0) return { up, down, alarm: null };
  const direction = (up[first] ?? 0) > threshold ? "up" : "down";
  return { up, down, alarm: { point: first + 1, direction } };
}

/** How far the running sum stands above its lowest point so far. */
function climb(steps: readonly number[]): number[] {
  let sum = 0;
  let lowest = 0;
  return steps.map((step) => {
    sum += step;
    lowest = Math.min(lowest, sum);
    return sum - lowest;
  });
}
