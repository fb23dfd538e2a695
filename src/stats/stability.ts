// Is the process stable: the charts, their signals, and a verdict that allows for the number of points looked at (of a
// hundred points of a stable process, one in four series has one beyond 3 sigma).
import { smallest } from "#base/extremes.ts";
import { chartIndividuals, chartMeansAndDeviations, pointsOutside, type ChartPair } from "./charts.ts";
import { chiSquareTails } from "./distributions.ts";
import { incompleteBeta } from "./gamma.ts";
import { normalUpper } from "./normal.ts";
import { findSignals, WESTERN_ELECTRIC, type Rule, type ChartSignal } from "./rules.ts";

export interface Stability {
  isStable: boolean;
  reason: string;
  charts: ChartPair;
  /** Signals of the chosen rules on the chart of location: what an engineer would look at. */
  signals: ChartSignal[];
  /** Points (from 1) outside the 3-sigma limits of the chart of spread. */
  spreadOutside: number[];
  /** Smallest probability of a point so far out, times the number of points (Bonferroni). */
  outlierP: number;
  /** Probability of so many points beyond 3 sigma. */
  countP: number;
  longestRun: RunLimit;
  crossings: RunLimit;
}

export interface RunLimit {
  seen: number;
  limit: number;
}

export interface StabilityOptions {
  /** Probability of a false alarm; default 0.05. */
  alpha?: number | undefined;
  rules?: readonly Rule[] | undefined;
}

/** Points below which runs say nothing. */
const RUN_POINTS_MIN = 10;

/**
 * Stability of subgroups in the order of measuring; undefined when there are fewer than two points or no spread.
 * A series is not stable when a point lies further out than chance explains among so many, when too many lie beyond
 * 3 sigma, or when it runs on one side: a run longer than log2(n) + 3 or fewer crossings of the centre than the 5 % point
 * of a coin (Anhoej and Olesen, PLoS ONE 9, 2014).
 */
export function judgeStability(
  groups: readonly (readonly number[])[],
  { alpha = 0.05, rules = WESTERN_ELECTRIC }: StabilityOptions = {},
): Stability | undefined {
  const isGrouped = groups.some(({ length }) => length > 1);
  if (groups.length < 2) return undefined;
  const charts = isGrouped
    ? chartMeansAndDeviations(groups, { method: "pooled" })
    : chartIndividuals(groups.flat());
  if (!(charts.sigma > 0)) return undefined;
  const { points, centre, sigma } = charts.location;
  const scores = points.map((point, index) => (point - centre) / (sigma[index] ?? Number.NaN));
  const tails = scores.map((score) => 2 * normalUpper(Math.abs(score)));
  const spreadTails = groups.flatMap((group, index) =>
    group.length > 1 ? [spreadTail(group, index, charts)] : [],
  );
  const looked = [...tails, ...spreadTails];
  const outlierP = Math.min(1, looked.length * smallest(looked));
  const beyond = scores.filter((score) => Math.abs(score) > 3).length;
  const countP =
    beyond === 0 ? 1 : incompleteBeta(beyond, scores.length - beyond + 1, BEYOND, 1 - BEYOND).lower;
  const { longestRun, crossings } = measureRuns(scores.map(Math.sign));
  const problems = [
    outlierP < alpha / 2 ? "a point lies further out than chance explains" : "",
    countP < alpha / 2 ? `${beyond} of ${scores.length} points lie beyond 3 sigma` : "",
    longestRun.seen > longestRun.limit
      ? `${longestRun.seen} points in a row lie on one side of the centre`
      : "",
    crossings.seen < crossings.limit ? `the series crosses its centre only ${crossings.seen} times` : "",
  ].filter((problem) => problem !== "");
  return {
    isStable: problems.length === 0,
    reason: problems.join("; ") || "no more signals than chance explains",
    charts,
    signals: findSignals(points, { centre, sigma }, rules),
    spreadOutside: pointsOutside(charts.spread),
    outlierP,
    countP,
    longestRun,
    crossings,
  };
}

/** P(|Z| > 3). */
const BEYOND = 2 * normalUpper(3);

/** Two-sided probability of a subgroup's spread: (n - 1) s^2 / sigma^2 is chi-square. */
function spreadTail(group: readonly number[], index: number, { spread, sigma }: ChartPair): number {
  const df = group.length - 1;
  const ratio = (spread.points[index] ?? Number.NaN) / sigma;
  const { lower, upper } = chiSquareTails(df * ratio * ratio, df);
  return 2 * Math.min(lower, upper);
}

function measureRuns(signs: readonly number[]): { longestRun: RunLimit; crossings: RunLimit } {
  const sides = signs.filter((sign) => sign !== 0);
  const n = sides.length;
  let longest = 0;
  let run = 0;
  let crossed = 0;
  sides.forEach((side, index) => {
    const isSame = index > 0 && side === sides[index - 1];
    if (index > 0 && !isSame) crossed += 1;
    run = isSame ? run + 1 : 1;
    longest = Math.max(longest, run);
  });
  const isLong = n >= RUN_POINTS_MIN;
  return {
    longestRun: { seen: longest, limit: isLong ? Math.round(Math.log2(n)) + 3 : n },
    crossings: { seen: crossed, limit: isLong ? fairCoinQuantile(n - 1, 0.05) : 0 },
  };
}

/** Smallest k with P(X <= k) >= p for n throws of a fair coin. */
function fairCoinQuantile(n: number, p: number): number {
  for (let k = 0; k < n; k += 1) {
    if (incompleteBeta(n - k, k + 1, 0.5, 0.5).lower >= p) return k;
  }
  return n;
}
