// Control charts over the history of one measured value. The limits come from a baseline, the first runs of the series, so
// that a signal means "no longer as it was" and does not move when later runs come. Charts, rules and tests are those of
// src/stats (Western Electric handbook 1956; Roberts 1959; Page 1954); nothing here is a number of its own.
import { chartEwma, chartIndividuals, pointsOutside, type ChartPair, type Ewma } from "#stats/charts.ts";
import { studentQuantile } from "#stats/distributions.ts";
import { detectDrift, detectRegression, type Regression } from "#stats/regression.ts";
import { meanOf } from "#stats/moments.ts";
import { andersonDarling, testIndependence, type Independence } from "#stats/normality.ts";
import { judgeStability } from "#stats/stability.ts";
import { findSignals, WESTERN_ELECTRIC, type Rule } from "#stats/rules.ts";
import type { MeasuredSeries } from "./series.ts";

/** Rules of src/stats, and: `MR` a moving range beyond its limit, `EWMA` the weighted average beyond its limits, `DRIFT` a
 * Page-Hinkley alarm since the baseline, `REGRESSION` the newest value against the median of all before. */
export type SignalRule = Rule | "MR" | "EWMA" | "DRIFT" | "REGRESSION";

/** Something other than chance, at one run. */
export interface HistorySignal {
  /** `<stage>/<figure>`, or the id of a claim. */
  subject: string;
  /** Ids of the claims that state the value; documents refer to these. */
  claims: readonly string[];
  stage?: string;
  figure?: string;
  rule: SignalRule;
  /** The rule in words. */
  meaning: string;
  /** The value measured in the last of `runs`. */
  value: number;
  unit?: string;
  /** What `statistic` was held against: the limits of the chart or test that the rule belongs to. */
  limits: { lower: number; centre: number; upper: number };
  /** What is beyond the limits: the value itself, its moving range, the weighted average, the sum of the drift. */
  statistic: number;
  direction: "above" | "below";
  /** The runs that make the pattern, in order; the last is the one at which it is complete. */
  runs: string[];
  /** The runs that the limits were made from. */
  baseline: { first: string; last: string; n: number };
}

export interface TrendOptions {
  /** Limits come from this many first values; default 20. */
  baseline?: number | undefined;
  /** Leave out what was measured before this run: a new baseline after a change that was meant. */
  from?: string | undefined;
  /** Rules for the chart of individuals; default Western Electric's four. */
  rules?: readonly Rule[] | undefined;
}

export interface Baseline {
  n: number;
  first: string;
  last: string;
  centre: number;
  /** Mean moving range / d2(2). */
  sigma: number;
  /** Two-sided p of Anderson and Darling's test; null for fewer than 8 values. */
  normalP: number | null;
  /** Lag-1 autocorrelation against its 5 % limit; null when not computable. */
  independence: Independence | null;
  /** Why the baseline is no stable process, allowing for the number of its points; null when it is one. */
  unstable: string | null;
}

export interface Trend {
  series: MeasuredSeries;
  n: number;
  /** `out-of-control`: the newest value completes a signal. */
  status: "in-control" | "out-of-control" | "not-computable";
  reason: string;
  baseline: Baseline | null;
  limits: { lower: number; centre: number; upper: number } | null;
  charts: ChartPair | null;
  ewma: Ewma | null;
  signals: HistorySignal[];
  regression: Regression;
  /** What a reader must know to read the chart rightly. */
  notes: string[];
}

/** Individual values below which a baseline is called small; Montgomery asks for 20 to 25. */
export const BASELINE_USUAL = 20;

/** Probability that the newest value of a steady series counts as regressed. */
const REGRESSION_ALPHA = 0.01;
/** Page and Hinkley's alarm, in standard deviations. */
const DRIFT_THRESHOLD = 8;

/** Judges one series. Never throws: what can't be computed says so. */
export function judgeTrend(whole: MeasuredSeries, options: TrendOptions = {}): Trend {
  const series = startAt(whole, options.from);
  const values = series.points.map(({ value }) => value);
  const regression = detectRegression(values, { alpha: REGRESSION_ALPHA });
  const common = { series, n: values.length, regression, notes: notesOf(series) };
  const without = (reason: string): Trend => ({
    ...common,
    status: "not-computable",
    reason,
    baseline: null,
    limits: null,
    charts: null,
    ewma: null,
    signals: [],
  });
  if (values.length < 2) {
    return without(`${values.length === 0 ? "no value" : "one value"}, at least 2 are needed`);
  }
  const baseline = baselineOf(series, options.baseline ?? BASELINE_USUAL);
  if (values.slice(0, baseline.n).every((value) => value === values[0]))
    return without(withoutSpread(values, baseline));
  const charts = chartsOf(series, values, baseline);
  const ewma = chartEwma(values, { centre: baseline.centre, sigma: baseline.sigma });
  const { location } = charts;
  const limits = { lower: at(location.lower, 0), centre: baseline.centre, upper: at(location.upper, 0) };
  if (!(baseline.sigma > 0) || !Object.values(limits).every(Number.isFinite))
    return without("limits of these values are smaller or larger than a number of 64 bits can be");
  const judged = { series, values, baseline, limits, charts, ewma, regression };
  const signals = signalsIn(judged, options.rules ?? WESTERN_ELECTRIC);
  const newest = series.points.at(-1)?.runId;
  const current = signals.filter(({ runs }) => runs.at(-1) === newest).map(({ rule }) => rule);
  return {
    ...common,
    status: current.length > 0 ? "out-of-control" : "in-control",
    reason:
      current.length > 0
        ? `the newest value completes ${current.join(", ")}`
        : signals.length > 0
          ? "the newest value completes no signal; earlier ones did"
          : "no value completes a signal",
    baseline,
    limits,
    charts,
    ewma,
    signals,
    notes: [...common.notes, ...baselineNotes(baseline)],
  };
}

/** Times, memory and I/O are never below 0, so no limit of theirs is. */
function chartsOf(
  { kind }: MeasuredSeries,
  values: readonly number[],
  { centre, sigma }: Baseline,
): ChartPair {
  const { location, ...rest } = chartIndividuals(values, { centre, sigma });
  if (kind === "check" || kind === "claim") return { location, ...rest };
  return { location: { ...location, lower: location.lower.map((limit) => Math.max(0, limit)) }, ...rest };
}

function startAt(series: MeasuredSeries, from: string | undefined): MeasuredSeries {
  if (from === undefined) return series;
  return { ...series, points: series.points.filter(({ runId }) => runId >= from) };
}

function baselineOf({ points }: MeasuredSeries, size: number): Baseline {
  const used = points.slice(0, Math.max(2, size));
  const values = used.map(({ value }) => value);
  const { sigma } = chartIndividuals(values);
  const hasSpread = sigma > 0;
  const stability = judgeStability(values.map((value) => [value]));
  return {
    n: used.length,
    first: used[0]?.runId ?? "",
    last: used.at(-1)?.runId ?? "",
    centre: meanOf(values),
    sigma,
    normalP: (hasSpread ? andersonDarling(values)?.p : undefined) ?? null,
    independence: (hasSpread ? testIndependence(values) : undefined) ?? null,
    unstable: stability === undefined || stability.isStable ? null : stability.reason,
  };
}

/** A value that never varied has no control limits: its spread is exactly 0, and nothing may be divided by it. */
function withoutSpread(values: readonly number[], { n, centre }: Baseline): string {
  const later = values.slice(n).filter((value) => value !== values[0]);
  const changed =
    later.length === 0 ? "" : `; ${later.length} later values differ, the newest is ${values.at(-1)}`;
  return `the ${n} values of the baseline are all ${centre}: without spread there are no control limits${changed}`;
}

function notesOf({ points, otherUnits, unit }: MeasuredSeries): string[] {
  const hosts = new Set(points.map(({ host }) => host)).size;
  return [
    ...(hosts > 1 ? [`values of ${hosts} different machines or versions are in one chart`] : []),
    ...(otherUnits > 0 ? [`${otherUnits} values in another unit than ${unit ?? "none"} are left out`] : []),
  ];
}

function baselineNotes({ n, normalP, independence, unstable }: Baseline): string[] {
  const notes: string[] = [];
  if (n < BASELINE_USUAL) notes.push(`limits come from ${n} values only: ${BASELINE_USUAL} are usual`);
  if (unstable !== null) notes.push(`the baseline itself is not stable: ${unstable}`);
  if (normalP !== null && normalP < 0.05)
    notes.push("the baseline is not normal: limits at 3 sigma give false alarms more often");
  if (independence?.isIndependent === false)
    notes.push("values of the baseline depend on those before: sigma by moving ranges is off");
  return notes;
}

interface Judged {
  series: MeasuredSeries;
  values: readonly number[];
  baseline: Baseline;
  limits: { lower: number; centre: number; upper: number };
  charts: ChartPair;
  ewma: Ewma;
  regression: Regression;
}

/** How many points a rule looks at, the last of which completes it. */
const WINDOWS: Record<Rule, number> = {
  WER1: 1,
  WER2: 3,
  WER3: 5,
  WER4: 8,
  NEL1: 1,
  NEL2: 9,
  NEL3: 6,
  NEL4: 14,
  NEL5: 3,
  NEL6: 5,
  NEL7: 15,
  NEL8: 8,
};

function signalsIn(judged: Judged, rules: readonly Rule[]): HistorySignal[] {
  const { values, baseline, limits } = judged;
  const zones = { centre: baseline.centre, sigma: baseline.sigma };
  const shewhart = findSignals(values, zones, rules).flatMap(({ rule, meaning, points }) =>
    points.map((point) =>
      signalAt(judged, {
        rule,
        meaning,
        point,
        window: WINDOWS[rule],
        statistic: at(values, point - 1),
        limits,
      }),
    ),
  );
  const all = [...shewhart, ...rangeSignals(judged), ...ewmaSignals(judged), ...driftSignals(judged)];
  const order = new Map(judged.series.points.map(({ runId }, index) => [runId, index]));
  const place = ({ runs }: HistorySignal) => order.get(runs.at(-1) ?? "") ?? 0;
  return [...all, ...regressionSignals(judged)].toSorted((a, b) => place(a) - place(b));
}

function rangeSignals(judged: Judged): HistorySignal[] {
  const { spread } = judged.charts;
  return pointsOutside(spread).map((range) =>
    signalAt(judged, {
      rule: "MR",
      meaning: "two values in a row further apart than the limit",
      point: range + 1,
      window: 2,
      statistic: at(spread.points, range - 1),
      limits: { lower: at(spread.lower, 0), centre: spread.centre, upper: at(spread.upper, 0) },
    }),
  );
}

function ewmaSignals(judged: Judged): HistorySignal[] {
  const { ewma, baseline } = judged;
  return ewma.violations.map((point) =>
    signalAt(judged, {
      rule: "EWMA",
      meaning: "exponentially weighted average beyond 3 sigma",
      point,
      window: 1,
      statistic: at(ewma.points, point - 1),
      limits: { lower: at(ewma.lower, point - 1), centre: baseline.centre, upper: at(ewma.upper, point - 1) },
    }),
  );
}

/** A drift that came to stay, since the end of the baseline. */
function driftSignals(judged: Judged): HistorySignal[] {
  const { values, baseline } = judged;
  const later = values.slice(baseline.n);
  const { alarm, up, down } = detectDrift(later, {
    baseline: { mean: baseline.centre, deviation: baseline.sigma },
    threshold: DRIFT_THRESHOLD,
  });
  if (alarm === null) return [];
  const point = baseline.n + alarm.point;
  const sums = alarm.direction === "up" ? up : down;
  const start = sums.slice(0, alarm.point).lastIndexOf(0);
  const signal = signalAt(judged, {
    rule: "DRIFT",
    meaning: "a drift since the baseline (Page and Hinkley)",
    point,
    window: alarm.point - 1 - start,
    statistic: at(sums, alarm.point - 1),
    limits: { lower: 0, centre: 0, upper: DRIFT_THRESHOLD },
  });
  return [{ ...signal, direction: alarm.direction === "up" ? "above" : "below" }];
}

/** Of times, memory and I/O more is worse; of a claim nobody here knows which direction is. */
function regressionSignals(judged: Judged): HistorySignal[] {
  const { series, regression, values } = judged;
  const { median, deviation, n, status } = regression;
  const hasDirection = series.kind === "run" || series.kind === "stage";
  if (!hasDirection || status !== "regressed" || median === null || deviation === null) return [];
  const half = studentQuantile(REGRESSION_ALPHA / 2, n - 1, "upper") * deviation * Math.sqrt(1 + 1 / n);
  return [
    signalAt(judged, {
      rule: "REGRESSION",
      meaning: "the newest value is beyond the usual spread around the median of all before",
      point: values.length,
      window: 1,
      statistic: at(values, values.length - 1),
      limits: { lower: median - half, centre: median, upper: median + half },
    }),
  ];
}

interface Found {
  rule: SignalRule;
  meaning: string;
  /** From 1. */
  point: number;
  window: number;
  statistic: number;
  limits: { lower: number; centre: number; upper: number };
}

function signalAt({ series, baseline, values }: Judged, found: Found): HistorySignal {
  const { rule, meaning, point, window, statistic, limits } = found;
  const value = at(values, point - 1);
  const { subject, claims, stage, figure, unit } = series;
  return {
    subject,
    claims,
    ...(stage !== undefined && { stage }),
    ...(figure !== undefined && { figure }),
    rule,
    meaning,
    value,
    ...(unit !== undefined && { unit }),
    limits,
    statistic,
    direction: statistic >= limits.centre ? "above" : "below",
    runs: series.points.slice(Math.max(0, point - window), point).map(({ runId }) => runId),
    baseline: { first: baseline.first, last: baseline.last, n: baseline.n },
  };
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}
