// One page that shows the history of a measured value: individuals, moving ranges and the weighted average, each with the
// limits of the baseline and the runs at which a rule gave a signal. A self-contained SVG; its bytes depend on the figures.
import { formatP } from "#base/numbers.ts";
import type { ChartPair, Ewma } from "#stats/charts.ts";
import { drawPanel, type Panel } from "./panel.ts";
import { PAGE_STYLE } from "./style.ts";
import { element, extentOf, label, line, path, stepPath, type Box } from "./svg.ts";

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
  direction: "above" | "below";
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

const WIDTH = 1188;
const HEIGHT = 840;
const MARGIN = 28;
const HEADER = 84;
const FOOTER = 44;
const GAP = 14;
/** More points than this are drawn without dots. */
const DOTS_MAX = 150;
const LABEL_WIDTH = 12;
const LABEL_HEIGHT = 12;

export function drawTrend(page: TrendPage): string {
  const { trend } = page;
  const panels = trend.charts === null ? [empty(boxAt(0, 3))] : chartsOf(page);
  const content = [
    element("title", {}, "Control charts over the history of runs"),
    element("style", {}, PAGE_STYLE),
    element("rect", { x: 0, y: 0, width: WIDTH, height: HEIGHT, class: "page" }),
    drawHeader(page),
    ...panels,
    drawFooter(trend),
  ];
  const size = { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` };
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, `\n${content.join("\n")}\n`)}\n`;
}

/** The first row is twice as high as the others. */
function boxAt(row: number, rows: number): Box {
  const room = HEIGHT - HEADER - FOOTER - 2 * GAP;
  const quarter = room / 4;
  const tops = [HEADER, HEADER + 2 * quarter + GAP, HEADER + 3 * quarter + 2 * GAP];
  const height = row === 0 ? 2 * quarter : quarter;
  return {
    x: MARGIN,
    y: tops[row] ?? HEADER,
    width: WIDTH - 2 * MARGIN,
    height: rows > 1 ? room + 2 * GAP : height,
  };
}

function empty(box: Box): string {
  return drawPanel(box, { heading: "Individuals chart", x: [0, 1], y: [0, 1], isEmpty: true }).frame;
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

function chartsOf(page: TrendPage): string[] {
  const { charts, ewma, baseline } = page.trend;
  if (charts === null || ewma === null || baseline === null) return [];
  const isOfValues = (rule: string) => /^(WER|NEL|DRIFT|REGRESSION)/.test(rule);
  const { location, spread } = charts;
  const drawn: Drawn[] = [
    { ...location, heading: "Individuals chart", offset: 0, rules: isOfValues, zones: baseline.sigma },
    { ...spread, heading: "Moving range chart", offset: 1, rules: (rule) => rule === "MR" },
    {
      ...ewma,
      heading: "Exponentially weighted moving average",
      centre: baseline.centre,
      offset: 0,
      rules: (rule) => rule === "EWMA",
    },
  ];
  return drawn.map((each, row) => drawChart(boxAt(row, 1), each, page));
}

function drawChart(box: Box, drawn: Drawn, { trend, display, last }: TrendPage): string {
  const { centre, offset, heading } = drawn;
  const first = Math.max(0, trend.n - (last ?? trend.n));
  const shown = (values: readonly number[]) => values.slice(Math.max(0, first - offset)).map(display.scale);
  const [points, lower, upper] = [shown(drawn.points), shown(drawn.lower), shown(drawn.upper)];
  const y = extentOf([...points, ...lower, ...upper], 0.1);
  if (offset === 1) y[0] = 0;
  const start = Math.max(first, offset);
  const panel = drawPanel(box, {
    heading,
    note: noteOf(drawn, trend),
    x: [first + 0.5, trend.n + 0.5],
    y,
    right: 104,
    wholeX: true,
  });
  const at = (index: number) => panel.x(start + index + 1);
  const level = panel.y(display.scale(centre));
  // stepPath counts from 1.
  const shift = Object.assign((value: number) => panel.x(value + start), { domain: panel.x.domain });
  const zones = [-2, -1, 1, 2].flatMap((zone) =>
    drawn.zones === undefined
      ? []
      : [
          stepPath(
            shift,
            panel.y,
            points.map(() => display.scale(centre + zone * (drawn.zones ?? 0))),
            "zone",
          ),
        ],
  );
  return [
    panel.frame,
    baselineMark(panel, trend, first, drawn.zones !== undefined),
    ...zones,
    stepPath(shift, panel.y, lower, "limit"),
    stepPath(shift, panel.y, upper, "limit"),
    line(panel.plot.x, level, panel.plot.x + panel.plot.width, level, "centre"),
    path(
      points.map((point, index) => [at(index), panel.y(point)]),
      "series",
    ),
    ...marks(panel, { drawn, trend, points, start, at }),
    ...sideLabels(panel, { lower, upper, centre, display }),
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

interface Marks {
  drawn: Drawn;
  trend: TrendFigures;
  points: readonly number[];
  start: number;
  at: (index: number) => number;
}

function marks(panel: Panel, { drawn, trend, points, start, at }: Marks): string[] {
  const byRun = new Map<string, TrendSignal[]>();
  for (const signal of trend.signals.filter(({ rule }) => drawn.rules(rule))) {
    const run = signal.runs.at(-1) ?? "";
    byRun.set(run, [...(byRun.get(run) ?? []), signal]);
  }
  let labelled = Number.NEGATIVE_INFINITY;
  return points.flatMap((point, index) => {
    const signals = byRun.get(trend.series.points[start + index]?.runId ?? "") ?? [];
    const [x, y] = [at(index), panel.y(point)];
    if (signals.length === 0) {
      return points.length <= DOTS_MAX ? [element("circle", { cx: x, cy: y, r: 2.2, class: "dot" })] : [];
    }
    const dot = element("circle", { cx: x, cy: y, r: 3.6, class: "out" });
    const words = signals.map(({ rule }) => MARKS[rule] ?? rule.slice(3)).join("");
    // Labels that would lie on one another are left out.
    if (x - labelled < LABEL_WIDTH || words === "") return [dot];
    labelled = x;
    return [dot, label(x, y + (signals[0]?.direction === "above" ? -6 : 13), words, "out-label", "middle")];
  });
}

function noteOf({ rules }: Drawn, { signals }: TrendFigures): string {
  const counts = new Map<string, number>();
  for (const { rule } of signals) if (rules(rule)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const words = [...counts].map(([rule, count]) => `${rule}: ${count}`);
  return words.length === 0 ? "no signals" : `signals by ${words.join(", ")}`;
}

interface Levels {
  lower: readonly number[];
  upper: readonly number[];
  centre: number;
  display: Display;
}

function sideLabels({ plot, y }: Panel, { lower, upper, centre, display }: Levels): string[] {
  const x = plot.x + plot.width + 6;
  const [low, high] = [lower.at(-1) ?? 0, upper.at(-1) ?? 0];
  const middle = y(display.scale(centre));
  // Apart enough to be read, where a far value has pressed the limits together.
  const [top, bottom] = [Math.min(y(high), middle - LABEL_HEIGHT), Math.max(y(low), middle + LABEL_HEIGHT)];
  return [
    label(x, top + 3.5, `UCL ${display.formatScaled(high)}`, "limit-label"),
    label(x, middle + 3.5, `CL ${display.format(centre)}`, "centre-label"),
    label(x, bottom + 3.5, `LCL ${display.formatScaled(low)}`, "limit-label"),
  ];
}

const STATUS_CLASS: Record<TrendFigures["status"], string> = {
  "in-control": "good",
  "out-of-control": "bad",
  "not-computable": "doubtful",
};

function drawHeader({ trend, display }: TrendPage): string {
  const { series, n, status, reason } = trend;
  const { unit } = display;
  const word = status.toUpperCase().replaceAll("-", " ");
  const width = 22 + word.length * 9.4;
  const x = WIDTH - MARGIN - width;
  const [first, last] = [series.points[0]?.startedAt, series.points.at(-1)?.startedAt];
  const figures = [
    `${n} runs that measured it`,
    first === undefined || last === undefined ? "" : `${first.slice(0, 10)} to ${last.slice(0, 10)}`,
    unit === "" ? "" : `in ${unit}`,
  ];
  return [
    label(MARGIN, 38, cut(`${series.subject} over the runs of ${series.pipeline}`, 80), "title"),
    label(MARGIN, 60, figures.filter((text) => text !== "").join("   \u00B7   "), "subtitle"),
    element("rect", { x, y: 18, width, height: 28, rx: 4, class: `badge ${STATUS_CLASS[status]}` }),
    label(x + width / 2, 37, word, "badge-text", "middle"),
    label(WIDTH - MARGIN, 62, cut(reason, 112), "reason", "end"),
  ].join("\n");
}

function drawFooter({ baseline, notes }: TrendFigures): string {
  const lines = [
    baseline === null
      ? ""
      : `Limits at 3 sigma of ${baseline.n} runs, ${baseline.first} to ${baseline.last}; sigma by the mean moving range; ` +
        `normality p ${formatP(baseline.normalP)}`,
    cut(notes.join("; "), 190),
  ];
  return lines.map((text, row) => label(MARGIN, HEIGHT - 26 + 14 * row, text, "small")).join("\n");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}\u2026`;
}
