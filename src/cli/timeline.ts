// The timeline of a run on a terminal: a bar for each phase and stage, the critical path marked, and what each stage used.
import { largest } from "#base/extremes.ts";
import { formatDuration, formatSize } from "#base/quantities.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { CriticalPath } from "#trace/critical-path.ts";
import { figuresOf } from "#app/runs.ts";
import type { Figure } from "#trace/figures.ts";
import type { Span } from "#trace/spans.ts";
import { cleanLine, cutToWidth, displayWidth, padToWidth } from "#view/format.ts";
import { plainLine, renderLine, span, wrapLine, type Line, type Paint, type Style } from "#view/paint.ts";
import { formatTable } from "./table.ts";

export interface TimelineOptions {
  spans: readonly Span[];
  path: CriticalPath;
  columns: number;
  paint: Paint;
  unicode: boolean;
  /** Also every figure with its source. */
  verbose: boolean;
}

const BAR_COLUMNS_MIN = 8;
/** From this width on there is room for what a stage used. */
const WIDE_COLUMNS = 72;
const NAME_COLUMNS_MAX = { narrow: 12, wide: 20 };

export function drawTimeline(record: RunRecord, options: TimelineOptions): string {
  const { columns, paint, path, verbose } = options;
  const head = `${record.runId}: ${cleanLine(record.pipeline)} ${record.status}`;
  const lines: Line[] = [plainLine(head), ...bars(record, options), [], ...pathLines(record, path)];
  const figures = verbose ? ["", ...figureTable(record).split("\n")].map((line) => plainLine(line)) : [];
  return [
    ...lines.flatMap((line) => (isSentence(line) ? wrapLine(line, columns, 2) : [line])),
    ...figures.flatMap((line) => wrapLine(line, columns, 4)),
  ]
    .map((line) => renderLine(line, paint, columns).trimEnd())
    .join("\n");
}

/** Sentences are one span and may be broken; bars may not. */
function isSentence(line: Line): boolean {
  return line.length === 1;
}

function bars(record: RunRecord, options: TimelineOptions): Line[] {
  const { spans, columns } = options;
  const isWide = columns >= WIDE_COLUMNS;
  const rows = spans.filter(({ kind, name }) => kind === "stage" || (kind === "phase" && name !== "build"));
  const longest = largest(
    rows.map(({ name }) => displayWidth(name)),
    0,
  );
  const nameColumns = Math.min(longest, isWide ? NAME_COLUMNS_MAX.wide : NAME_COLUMNS_MAX.narrow);
  const FIGURE_COLUMNS = 7;
  const figures = isWide ? 3 : 1;
  const used = 2 + nameColumns + 1 + figures * (FIGURE_COLUMNS + 1);
  const barColumns = Math.max(BAR_COLUMNS_MIN, columns - used);
  const heads = ["TIME", "CPU", "MEMORY"].slice(0, figures);
  const scale = axis(record.durationMs, barColumns);
  const cells = (words: readonly string[]) =>
    words.map((word) => ` ${word.padStart(FIGURE_COLUMNS)}`).join("");
  return [
    [span(`${" ".repeat(nameColumns + 3)}${scale}`, "faint"), span(cells(heads), "faint")],
    ...rows.map((row): Line => {
      const isCritical = row.attributes["critical"] === true && row.endNs > row.startNs;
      const name = padToWidth(cutToWidth(cleanLine(row.name), nameColumns), nameColumns);
      const bar = drawBar(row, barColumns, options);
      return [
        span(isCritical ? "* " : "  ", "warning"),
        span(`${name} `, row.kind === "phase" ? "faint" : "name"),
        ...bar,
        span(cells(figuresText(row).slice(0, figures))),
      ];
    }),
  ];
}

/** `0s ... 7.28s`, as wide as the bars. */
function axis(durationMs: number, columns: number): string {
  const end = formatDuration(durationMs);
  return `0${" ".repeat(Math.max(1, columns - 1 - end.length))}${end}`;
}

/** What came before it, the wait for its turn, and the time it took. */
function drawBar(row: Span, columns: number, { spans, unicode }: TimelineOptions): Line {
  const [run] = spans;
  if (run === undefined || row.endNs === row.startNs)
    return [span((row.status ?? "").padEnd(columns), "faint")];
  const total = Number(run.endNs - run.startNs);
  const columnOf = (at: bigint) => Math.round((columns * Number(at - run.startNs)) / total);
  const wait = spans.find(({ kind, name }) => kind === "wait" && name === row.name);
  const start = Math.min(columnOf(row.startNs), columns - 1);
  const end = Math.min(columns, Math.max(columnOf(row.endNs), start + 1));
  const waitStart = wait === undefined ? start : Math.min(columnOf(wait.startNs), start);
  const [full, dot] = unicode ? ["█", "·"] : ["#", "."];
  return [
    span(" ".repeat(waitStart)),
    span(dot.repeat(start - waitStart), "faint"),
    span(full.repeat(end - start), styleOf(row)),
    span(" ".repeat(columns - end)),
  ];
}

function styleOf({ kind, status, attributes }: Span): Style {
  if (kind === "phase") return "faint";
  if (status === "failed" || status === "cancelled") return "bad";
  return attributes["critical"] === true ? "warning" : "busy";
}

/** Time, processor time, memory; a dash where nothing was built now or the figure could not be had. */
function figuresText({ startNs, endNs, status, attributes }: Span): string[] {
  const time = endNs === startNs ? "-" : formatDuration(Number(endNs - startNs) / 1e6);
  const [user, system, memory] = ["cpu-user.ms", "cpu-system.ms", "peak-memory.bytes"].map((key) =>
    typeof attributes[key] === "number" && status !== "cached" ? attributes[key] : undefined,
  );
  return [
    time,
    user === undefined || system === undefined ? "-" : formatDuration(user + system),
    memory === undefined ? "-" : formatSize(memory).replace("iB", ""),
  ];
}

function pathLines({ durationMs, phases = [] }: RunRecord, path: CriticalPath): Line[] {
  if (path.stages.length === 0) return [plainLine("nothing was built")];
  const share = `${formatDuration(path.durationMs)} of ${formatDuration(durationMs)}`;
  const rest = durationMs - path.durationMs;
  const before = phases.flatMap((phase) => (phase.name === "build" ? [] : phase.durationMs));
  const preparing = before.reduce((sum, ms) => sum + ms, 0);
  const words = [
    ...(before.length === 0 ? [] : [`${formatDuration(preparing)} preparing and planning`]),
    `${formatDuration(Math.max(0, rest - preparing))} between and after stages`,
  ];
  return [
    plainLine(`* critical path, ${share}: ${path.stages.map(cleanLine).join(" > ")}`),
    plainLine(`the rest: ${words.join(", ")}`),
  ];
}

/** Every figure of every stage that was built now, with where it comes from, in one table below the stages' names. */
function figureTable({ stages }: RunRecord): string {
  const built = stages.filter(({ status }) => status !== "cached");
  const rows = built.flatMap(({ name, usage }): [string, ...string[]][] => {
    const figures = usage === undefined ? [] : figuresOf(usage);
    const cells = figures.map((figure): [string, ...string[]] => [
      `  ${figure.name}`,
      valueText(figure),
      figure.reason === undefined ? figure.source : `${figure.source}: ${figure.reason}`,
    ]);
    return cells.length === 0 ? [] : [[name], ...cells];
  });
  return formatTable(rows, { right: [1] });
}

function valueText({ value, unit }: Figure): string {
  if (value === undefined) return "-";
  return unit === "ms" ? formatDuration(value) : unit === "bytes" ? formatSize(value) : String(value);
}
