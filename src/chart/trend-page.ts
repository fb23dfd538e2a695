// One page that shows the history of a measured value: individuals, moving ranges and the weighted average, each with the
// limits of the baseline, and below them the runs at which a rule gave a signal.
import { formatCount, formatP } from "#base/numbers.ts";
import type { ChartPair, Ewma } from "#stats/charts.ts";
import { drawPoints } from "./control-chart.ts";
import { drawLines, drawNarrowHeader, drawPage, drawWideHeader, NARROW, SMALL_LINE, WIDE } from "./page.ts";
import { WIDE_HEADER, type Header, type PageLayout } from "./page.ts";
import { drawPanel, drawLimitLabels, sideRoom, type Panel } from "./panel.ts";
import { extentOf, label, limitsNote, line, path, stepPath, THINNED_MIN, type Box } from "./svg.ts";

/** What the page shows of a trend (`Trend` of src/history). */
export interface TrendFigures {
  series: {
    pipeline: string;
    subject: string;
    points: readonly { runId: string; startedAt: string }[];
  };
  n: number;
  status: "in-control" | "out-of-control" | "not-computable";
  reason: string;
  baseline: {
    n: number;
    first: string;
    last: string;
    centre: number;
    sigma: number;
    normalP: number | null;
  } | null;
  charts: ChartPair | null;
  ewma: Ewma | null;
  signals: readonly TrendSignal[];
  notes: readonly string[];
}

interface TrendSignal {
  rule: string;
  meaning: string;
  /** As it was measured. */
  value: number;
  /** The last is the one at which the signal is complete. */
  runs: readonly string[];
}

/** The unit that values are shown in. */
export interface Display {
  /** `s`, `MiB`, or the unit as it was measured; empty without one. */
  unit: string;
  /** A value in that unit. */
  scale: (value: number) => number;
  /** The same as text, without the unit. */
  format: (value: number) => string;
  /** A value that is in that unit already. */
  formatScaled: (value: number) => string;
}

export interface TrendPage {
  trend: TrendFigures;
  display: Display;
  /** Draw only this many of the newest values. */
  last?: number | undefined;
}

export function drawTrend(page: TrendPage): string {
  const header = headerOf(page);
  const notes = notesOf(page);
  return drawPage(
    "Control charts over the history of runs",
    wideLayout(page, header, notes),
    narrowLayout(page, header, notes),
  );
}

const GAP = 14;
const WIDE_HEIGHT = 840;
const NOTE_LINES = { wide: 3, narrow: 10 };

/** The first chart is twice as high as the others. */
function wideLayout(page: TrendPage, header: Header, notes: readonly string[]): PageLayout {
  const { width, margin } = WIDE;
  const lines = (y: number) =>
    drawLines({ x: margin, y, width: width - 2 * margin, height: 0 }, notes, NOTE_LINES.wide);
  const first = WIDE_HEIGHT - 14 - lines(0).bottom + SMALL_LINE;
  const quarter = (first - SMALL_LINE - 4 - WIDE_HEADER - 2 * GAP) / 4;
  const tops = [0, 2 * quarter + GAP, 3 * quarter + 2 * GAP];
  const boxAt = (row: number): Box => ({
    x: margin,
    y: WIDE_HEADER + (tops[row] ?? 0),
    width: width - 2 * margin,
    height: row === 0 ? 2 * quarter : quarter,
  });
  return {
    height: WIDE_HEIGHT,
    content: [drawWideHeader(header), ...chartsOf(page, boxAt), lines(first).text],
  };
}

const NARROW_PANEL = 230;

function narrowLayout(page: TrendPage, header: Header, notes: readonly string[]): PageLayout {
  const { width, margin } = NARROW;
  const { text, bottom } = drawNarrowHeader(header);
  const boxAt = (row: number): Box => ({
    x: margin,
    y: bottom + row * (NARROW_PANEL + GAP),
    width: width - 2 * margin,
    height: NARROW_PANEL,
  });
  const charts = chartsOf(page, boxAt);
  const below = { ...boxAt(charts.length), height: 0 };
  const lines = drawLines({ ...below, y: below.y + 8 }, notes, NOTE_LINES.narrow);
  return { height: Math.ceil(lines.bottom + 8), content: [text, ...charts, lines.text] };
}

interface Drawn {
  heading: string;
  /** Points of the chart, from the first one. */
  points: readonly number[];
  lower: readonly number[];
  upper: readonly number[];
  centre: number;
  /** Index of the run of the first point. */
  offset: number;
  /** Rules of the signals that belong to this chart. */
  rules: (rule: string) => boolean;
  zones?: number;
}

function chartsOf(page: TrendPage, boxAt: (row: number) => Box): string[] {
  const { charts, ewma, baseline } = page.trend;
  if (charts === null || ewma === null || baseline === null) {
    const options = { heading: "Individuals chart", x: [0, 1], y: [0, 1], isEmpty: true } as const;
    return [drawPanel(boxAt(0), options).frame];
  }
  const isOfValues = (rule: string) => /^(WER|NEL|DRIFT|REGRESSION)/.test(rule);
  const { location, spread } = charts;
  const drawn: Drawn[] = [
    { ...location, heading: "Individuals chart", offset: 0, rules: isOfValues, zones: baseline.sigma },
    { ...spread, heading: "Moving range chart", offset: 1, rules: (rule) => rule === "MR" },
    {
      ...ewma,
      heading: "Weighted moving average (EWMA)",
      centre: baseline.centre,
      offset: 0,
      rules: (rule) => rule === "EWMA",
    },
  ];
  return drawn.map((each, row) => drawChart(boxAt(row), each, page));
}

function drawChart(box: Box, drawn: Drawn, { trend, display, last }: TrendPage): string {
  const { centre, offset, heading } = drawn;
  const first = Math.max(0, trend.n - (last ?? trend.n));
  const shown = (values: readonly number[]) => values.slice(Math.max(0, first - offset)).map(display.scale);
  const [points, lower, upper] = [shown(drawn.points), shown(drawn.lower), shown(drawn.upper)];
  const y = extentOf([...points, ...lower, ...upper], 0.14);
  if (offset === 1) y[0] = 0;
  const start = Math.max(first, offset);
  const names = [
    `UCL ${display.formatScaled(upper.at(-1) ?? 0)}`,
    `CL ${display.format(centre)}`,
    `LCL ${display.formatScaled(lower.at(-1) ?? 0)}`,
  ];
  const panel = drawPanel(box, {
    heading,
    note: noteOf(drawn, trend),
    x: [first + 0.5, trend.n + 0.5],
    y,
    right: sideRoom(names),
    wholeX: true,
  });
  const level = panel.y(display.scale(centre));
  // stepPath counts from 1.
  const shift = Object.assign((value: number) => panel.x(value + start), { domain: panel.x.domain });
  const zones = drawn.zones === undefined ? [] : [-2, -1, 1, 2].map((zone) => zone * (drawn.zones ?? 0));
  const rules = rulesAt(trend, drawn);
  const levels = [panel.y(upper.at(-1) ?? 0), level, panel.y(lower.at(-1) ?? 0)];
  return [
    panel.frame,
    baselineMark(panel, trend, first, drawn.zones !== undefined),
    ...zones.map((zone) =>
      stepPath(
        shift,
        panel.y,
        points.map(() => display.scale(centre + zone)),
        "zone",
      ),
    ),
    stepPath(shift, panel.y, lower, "limit"),
    stepPath(shift, panel.y, upper, "limit"),
    line(panel.plot.x, level, panel.plot.x + panel.plot.width, level, "centre"),
    path(
      points.map((point, index) => [panel.x(start + index + 1), panel.y(point)]),
      "series",
    ),
    ...drawPoints(panel, {
      points,
      first: start + 1,
      centre: display.scale(centre),
      marked: (point) => rules.has(point),
      rules,
    }),
    ...drawLimitLabels(panel.plot, names, levels),
  ].join("");
}

/** Where the baseline ends. */
function baselineMark(panel: Panel, { baseline, n }: TrendFigures, first: number, hasLabel: boolean): string {
  if (baseline === null || baseline.n <= first || baseline.n >= n) return "";
  const x = panel.x(baseline.n + 0.5);
  const { plot } = panel;
  return [
    line(x, plot.y, x, plot.y + plot.height, "target"),
    hasLabel ? label(x - 5, plot.y + 13, "baseline", "note", "end") : "",
  ].join("");
}

/** Rules of Western Electric and Nelson by their number; a chart with one rule only needs no label. */
const MARKS: Readonly<Record<string, string>> = { DRIFT: "D", REGRESSION: "R", MR: "", EWMA: "" };

/** What is written at each point with a signal of this chart, by its number from 1. */
function rulesAt({ series, signals }: TrendFigures, { rules }: Drawn): Map<number, string> {
  const numbers = new Map(series.points.map(({ runId }, index) => [runId, index + 1]));
  const marks = new Map<number, string[]>();
  for (const { rule, runs } of signals) {
    const point = numbers.get(runs.at(-1) ?? "");
    if (!rules(rule) || point === undefined) continue;
    marks.set(point, [...(marks.get(point) ?? []), MARKS[rule] ?? rule.slice(3)]);
  }
  return new Map([...marks].map(([point, words]) => [point, words.filter((word) => word !== "").join(",")]));
}

function noteOf({ rules }: Drawn, { signals }: TrendFigures): string[] {
  const runs = new Set(signals.filter(({ rule }) => rules(rule)).map((signal) => signal.runs.at(-1)));
  return runs.size === 0
    ? ["no signals"]
    : [`signals at ${formatCount(runs.size, "point")}`, `${runs.size} signals`];
}

const TONES: Record<TrendFigures["status"], Header["tone"]> = {
  "in-control": "good",
  "out-of-control": "bad",
  "not-computable": "doubtful",
};

function headerOf({ trend, display }: TrendPage): Header {
  const { series, n, status, reason } = trend;
  const [first, last] = [series.points[0]?.startedAt, series.points.at(-1)?.startedAt];
  const figures = [
    `${formatCount(n, "run")} measured it`,
    first === undefined || last === undefined ? "" : `${first.slice(0, 10)} to ${last.slice(0, 10)}`,
    display.unit === "" ? "" : `in ${display.unit}`,
  ];
  return {
    title: `${series.subject} over the runs of ${series.pipeline}`,
    figures: figures.filter((text) => text !== ""),
    status,
    tone: TONES[status],
    reason,
  };
}

/** `WER1+2+3, EWMA` */
function shortened(rules: readonly string[]): string {
  const families = Map.groupBy(new Set(rules), (rule) => /^(WER|NEL)\d$/.exec(rule)?.[1] ?? rule);
  const words = [...families].map(([family, of]) =>
    of.length === 1 ? of.join("") : `${family}${of.map((rule) => rule.slice(family.length)).join("+")}`,
  );
  return words.join(", ");
}

/** Points are numbered on the axis; `pipelite trend --json` has the run of each. */
function notesOf({ trend, display, last }: TrendPage): string[] {
  const { series, signals, baseline, notes, n } = trend;
  const first = n - (last ?? n);
  const byPoint = new Map<number, { value: number; rules: string[] }>();
  const numbers = new Map(series.points.map(({ runId }, index) => [runId, index + 1]));
  for (const { rule, runs, value } of signals) {
    const point = numbers.get(runs.at(-1) ?? "");
    if (point === undefined || point <= first) continue;
    byPoint.set(point, { value, rules: [...(byPoint.get(point)?.rules ?? []), rule] });
  }
  const points = [...byPoint].toSorted(([a], [b]) => a - b);
  const listed = points.map(
    ([point, { value, rules }]) => `${point}: ${shortened(rules)} (${display.format(value)})`,
  );
  const meanings = new Map(signals.map(({ rule, meaning }) => [rule, meaning]));
  const shown = Math.min(n, last ?? n);
  return [
    ...(listed.length === 0 ? [] : [`Signals, point: rules (value): ${listed.join("; ")}.`]),
    ...(listed.length === 0
      ? []
      : [`Rules: ${[...meanings].map(([rule, meaning]) => `${rule} ${meaning}`).join("; ")}.`]),
    ...(baseline === null
      ? []
      : [
          `Limits at 3 sigma of ${baseline.n} runs, ${baseline.first} to ${baseline.last}; sigma by the mean moving range; ` +
            `normality p ${formatP(baseline.normalP)}`,
        ]),
    ...(trend.charts === null ? [] : limitsNote(shown)),
    ...(trend.charts === null || shown < THINNED_MIN
      ? []
      : ["Marks that lie on one another are drawn once."]),
    ...(notes.length === 0 ? [] : [`Notes: ${notes.join("; ")}.`]),
  ];
}
