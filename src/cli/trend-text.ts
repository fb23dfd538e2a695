// How a trend looks on a terminal: a control chart of characters, or a line for each of many.
import { largest, smallest } from "#base/extremes.ts";
import { formatCount } from "#base/numbers.ts";
import type { Display } from "#chart/trend-page.ts";
import { displayOf } from "#app/trend.ts";
import type { HistorySignal, Trend } from "#history/trend.ts";
import { formatList, oneLine } from "#view/format.ts";
import type { Paint, Style } from "#view/paint.ts";
import { formatTable } from "./table.ts";

interface Look {
  paint: Paint;
  unicode: boolean;
}

interface ChartLook extends Look {
  width: number;
  /** Show only this many of the newest values. */
  last: number | undefined;
}

const STATUS_STYLES: Record<Trend["status"], Style> = {
  "in-control": "good",
  "out-of-control": "bad",
  "not-computable": "warning",
};

const ROWS = 11;
const RUNS_SHOWN = 3;

export function describeTrend(trend: Trend, look: ChartLook): string {
  const { series, n, status, reason, baseline, limits, notes } = trend;
  const { paint } = look;
  const display = displayOf(trend);
  const unit = display.unit === "" ? "" : ` in ${oneLine(display.unit)}`;
  const first = series.points[0]?.startedAt.slice(0, 10) ?? "";
  const last = series.points.at(-1)?.startedAt.slice(0, 10) ?? "";
  const head = [
    `${paint(oneLine(series.subject), "name")}${unit}: ${formatCount(n, "run")} of ${oneLine(series.pipeline)} measured it, ${first} to ${last}`,
    `${paint(status, STATUS_STYLES[status])}: ${reason}`,
  ];
  if (baseline === null || limits === null) return [...head, ...notes.map(asNote)].join("\n");
  const newest = series.points.at(-1)?.value;
  const figures = [
    ["newest", newest === undefined ? "-" : display.format(newest), "UCL", display.format(limits.upper)],
    [
      "median before",
      display.format(trend.regression.median ?? Number.NaN),
      "centre",
      display.format(limits.centre),
    ],
    ["sigma", display.format(baseline.sigma), "LCL", display.format(limits.lower)],
  ].map(([name = "", ...rest]) => [`  ${name}`, ...rest]);
  return [
    ...head,
    "",
    ...drawChart(trend, look, display),
    "",
    formatTable(figures, { right: [1, 3] }),
    "",
    `  limits at 3 sigma of the first ${formatCount(baseline.n, "run")}, ${baseline.first} to ${baseline.last}`,
    ...signalLines(trend, look),
    ...notes.map(asNote),
  ].join("\n");
}

function asNote(note: string): string {
  return `  note: ${note}`;
}

/** One line for each rule: how often it gave a signal, and at which runs last. */
function signalLines({ signals, series }: Trend, { last, paint }: ChartLook): string[] {
  const shown = new Set(series.points.slice(-(last ?? series.points.length)).map(({ runId }) => runId));
  const byRule = new Map<string, HistorySignal[]>();
  for (const signal of signals) {
    if (shown.has(signal.runs.at(-1) ?? ""))
      byRule.set(signal.rule, [...(byRule.get(signal.rule) ?? []), signal]);
  }
  return [...byRule.values()].map((found) => {
    const [{ rule, meaning } = { rule: "", meaning: "" }] = found;
    const runs = found.map((signal) => signal.runs.at(-1) ?? "").toReversed();
    const words = formatList(runs, { limit: RUNS_SHOWN });
    return `  ${paint("signal", "bad")} ${rule} (${meaning}) at ${words}`;
  });
}

/** Values further from the centre are shown at the edge, so that the limits stay apart. */
const SIGMAS_SHOWN = 6;

const UNICODE = {
  point: "\u2022",
  out: "\u00D7",
  above: "\u2191",
  below: "\u2193",
  limit: "\u2504",
  centre: "\u2500",
  edge: "\u2502",
  end: "\u250A",
};
const ASCII = { point: "o", out: "x", above: "^", below: "v", limit: "-", centre: "-", edge: "|", end: ":" };

interface Cell {
  text: string;
  style: Style;
}

/** Rows from the top: a label at the left, then one column for each of the newest values. */
function drawChart(trend: Trend, { width, unicode, paint, last }: ChartLook, display: Display): string[] {
  const { series, limits, baseline, signals } = trend;
  if (limits === null || baseline === null) return [];
  const levels = [limits.upper, limits.centre, limits.lower];
  const names = ["UCL", "CL", "LCL"].map((name, index) => `${name} ${display.format(levels[index] ?? 0)}`);
  const margin = largest(names.map(({ length }) => length)) + 2;
  const room = Math.max(10, width - margin - 3);
  const points = series.points.slice(-Math.min(room, last ?? room));
  const values = points.map(({ value }) => value);
  const far = SIGMAS_SHOWN * baseline.sigma;
  const low = Math.max(limits.centre - far, smallest(values, limits.lower));
  const high = Math.min(limits.centre + far, largest(values, limits.upper));
  const within = (value: number) => Math.min(high, Math.max(low, value));
  const rowOf = (value: number) => Math.round(((high - within(value)) / (high - low || 1)) * (ROWS - 1));
  const out = new Set(signals.map(({ runs }) => runs.at(-1)));
  const baselineEnd = baseline.n - (series.points.length - points.length);
  const glyphs = unicode ? UNICODE : ASCII;
  return Array.from({ length: ROWS }, (_, row) => {
    const level = levels.findIndex((value) => rowOf(value) === row);
    const line: Cell | undefined =
      level < 0
        ? undefined
        : { text: level === 1 ? glyphs.centre : glyphs.limit, style: level === 1 ? "good" : "bad" };
    const cells = points.map(({ value, runId }, column): Cell => {
      if (rowOf(value) === row) {
        if (value > high) return { text: glyphs.above, style: "failure" };
        if (value < low) return { text: glyphs.below, style: "failure" };
        return out.has(runId)
          ? { text: glyphs.out, style: "failure" }
          : { text: glyphs.point, style: "busy" };
      }
      if (column === baselineEnd) return { text: glyphs.end, style: "faint" };
      return line ?? { text: " ", style: "plain" };
    });
    const name = (level < 0 ? "" : (names[level] ?? "")).padStart(margin);
    return `${name} ${glyphs.edge}${cells.map(({ text, style }) => paint(text, style)).join("")}`.trimEnd();
  });
}

/** A line for each value: is it still what it was? */
export function describeTrends(trends: readonly Trend[], { paint }: Look): string {
  const rows = trends.map((trend) => {
    const { series, n, status, reason, limits, signals } = trend;
    const display = displayOf(trend);
    const newest = series.points.at(-1)?.value;
    const range =
      limits === null ? "-" : `${display.format(limits.lower)} .. ${display.format(limits.upper)}`;
    return [
      series.subject,
      String(n),
      newest === undefined ? "-" : display.format(newest),
      limits === null ? "-" : display.format(limits.centre),
      range,
      display.unit,
      signals.length === 0 ? "" : String(signals.length),
      status === "not-computable" ? `${status}: ${reason}` : status,
    ];
  });
  const heads = ["VALUE", "RUNS", "NEWEST", "CENTRE", "LIMITS", "UNIT", "SIGNALS", "STATUS"];
  // Painted after the columns are as wide as they must be.
  const [header = "", ...lines] = formatTable([heads, ...rows], { right: [1, 2, 3, 4, 6] }).split("\n");
  const painted = lines.map((line, index) => {
    const { status } = trends[index] ?? { status: "not-computable" };
    const at = line.lastIndexOf(`  ${status}`) + 2;
    return line.slice(0, at) + paint(status, STATUS_STYLES[status]) + line.slice(at + status.length);
  });
  return [header, ...painted].join("\n");
}
