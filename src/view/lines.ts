// The lines that every human view shows in the same words: the start of a run, the end of a stage, the end of the run.
import { formatCount } from "#base/numbers.ts";
import { formatDuration, formatSize } from "#base/quantities.ts";
import type { StageStatus } from "#home/run-record.ts";
import { cleanLine, formatList, padToWidth } from "./format.ts";
import { plainLine, span, type Line, type StyledText, type Style } from "./paint.ts";
import type { ListExpanded, RunStarted } from "#home/events.ts";
import {
  countStatuses,
  stageOf,
  type RunState,
  type SourceRead,
  type StageFinished,
  type StageRetry,
} from "./state.ts";
import type { Verbosity } from "./view.ts";

export interface Symbols {
  status: Record<StageStatus, string>;
  spinner: readonly string[];
  waiting: string;
  branch: string;
  lastBranch: string;
  bar: string;
  blank: string;
}

const UNICODE: Symbols = {
  status: { built: "✓", cached: "=", substituted: "↓", failed: "✗", skipped: "-", cancelled: "×" },
  spinner: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
  waiting: "·",
  branch: "├ ",
  lastBranch: "└ ",
  bar: "│ ",
  blank: "  ",
};

const ASCII: Symbols = {
  status: { built: "+", cached: "=", substituted: "<", failed: "x", skipped: "-", cancelled: "x" },
  spinner: ["|", "/", "-", "\\"],
  waiting: ".",
  branch: "|-",
  lastBranch: "`-",
  bar: "| ",
  blank: "  ",
};

export function symbolsFor(unicode: boolean): Symbols {
  return unicode ? UNICODE : ASCII;
}

const STATUS_STYLE: Record<StageStatus, Style> = {
  built: "good",
  cached: "faint",
  substituted: "good",
  failed: "failure",
  skipped: "warning",
  cancelled: "warning",
};

const STATUS_ORDER = ["built", "cached", "substituted", "failed", "skipped", "cancelled"] as const;
const NAME_COLUMNS_MAX = 24;

/** The name column's width: the longest name, within reason. */
export function nameColumns(state: RunState): number {
  let widest = 0;
  for (const name of state.stages.keys()) widest = Math.max(widest, name.length);
  return Math.min(widest, NAME_COLUMNS_MAX);
}

/** What is run and how; and a warning when there is no sandbox. */
export function startLines({ started }: RunState): Line[] {
  if (started === undefined) return [];
  const { kind, tried } = started.sandbox;
  const facts = [formatCount(started.stages.length, "stage"), ...buildFacts(started), `run ${started.runId}`];
  const lines: Line[] = [[span(started.pipeline, "name"), span(`: ${facts.join(", ")}`, "faint")]];
  if (kind !== "none") return lines;
  const why = tried.map((attempt) => `${attempt.kind}: ${attempt.reason}`).join("; ");
  const text = `warning: no sandbox: stages see this machine, and evidence claims less${why && ` (${why})`}`;
  return [...lines, plainLine(text, "warning")];
}

/** How far a large source has been read: `reading data (210 MiB of 700 MiB)`. */
export function readingLine({ source, doneBytes, totalBytes }: SourceRead): StyledText[] {
  const amount = `${formatSize(doneBytes)} of ${formatSize(totalBytes)}`;
  return [span("reading "), span(cleanLine(source), "name"), span(` (${amount})`, "faint")];
}

/** What builds; nothing to say where a run knows from the start that nothing is to be built. */
function buildFacts({ sandbox: { kind, version }, jobs, engine }: RunStarted): string[] {
  if (kind === "not-used") return [];
  const sandbox = kind === "none" ? "no sandbox" : version === undefined ? kind : `${kind} ${version}`;
  return [formatCount(jobs, "job"), `${engine} engine`, sandbox];
}

/**
 * Whether the end of a stage gets a line: what was cached, skipped or cancelled before it began is counted, and named at the
 * end where it matters.
 */
export function isEndShown({ status, durationMs }: StageFinished, verbosity: Verbosity): boolean {
  if (verbosity === "verbose") return true;
  return status === "cancelled" ? durationMs > 0 : status !== "cached" && status !== "skipped";
}

/** How a stage ended, in one line: `proof  built in 1.2s, 84 KiB`. */
export function stageEndLine(state: RunState, event: StageFinished, symbols: Symbols): Line {
  const style = STATUS_STYLE[event.status];
  const name = padToWidth(event.name, nameColumns(state));
  return [
    span(`${symbols.status[event.status]} `, style),
    span(`${name}  `, "name"),
    span(event.status, style),
    span(endingText(event)),
  ];
}

/** That a stage has started, for a view that does not draw what runs. */
/** What a list led to. */
export function expandedLine({ name, from, file, items, stages }: ListExpanded): Line {
  const list = file === undefined ? from : `${from}/${file}`;
  const text = `: one for each of ${formatCount(items.length, "item")} of ${list}, ${formatCount(stages.length, "new stage")}`;
  return [span(cleanLine(name), "name"), span(cleanLine(text), "faint")];
}

export function stageStartLine(state: RunState, name: string, symbols: Symbols): Line {
  const padded = padToWidth(name, nameColumns(state));
  const lead = [span(`${symbols.waiting} `, "faint"), span(`${padded}  `, "name"), span("started")];
  return [...lead, ...reasonSpans(state, name)];
}

/** That a stage failed and is tried again: `fit  exited with 1: tried again in 2s (2 of 3)`. */
export function stageRetryLine(state: RunState, event: StageRetry, symbols: Symbols): Line {
  const { name, message, attempt, attempts, pauseMs } = event;
  const padded = padToWidth(name, nameColumns(state));
  const next = `: tried again in ${formatDuration(pauseMs)} (${attempt} of ${attempts})`;
  return [
    span(`${symbols.waiting} `, "warning"),
    span(`${padded}  `, "name"),
    span(withoutName(message), "warning"),
    span(next),
  ];
}

/** Why a stage is built, to be put after its line. */
export function reasonSpans(state: RunState, name: string): StyledText[] {
  const { reason } = stageOf(state, name);
  return reason === undefined ? [] : [span(`  (${reason.text})`, "faint")];
}

function endingText(event: StageFinished): string {
  const { status, narSize, because } = event;
  const size = narSize === undefined ? "" : `, ${formatSize(narSize)}`;
  const duration = formatDuration(event.durationMs);
  if (status === "cached") return size;
  if (status === "failed") return ` after ${duration}: ${failureText(event)}`;
  if (status === "skipped") return because === undefined ? "" : ` because of ${because}`;
  if (status === "cancelled") return event.durationMs > 0 ? ` after ${duration}` : "";
  return ` in ${duration}${size}${comparisonText(event)}`;
}

/** Whether a stage that was built again made what it had made before. */
function comparisonText({ former, outPath }: StageFinished): string {
  if (former === undefined) return "";
  if (former.outPath === outPath) return ", the same output as before";
  const { firstDifference: file } = former;
  return `, ANOTHER output than before${file === undefined ? "" : `: ${cleanLine(file)} differs`}`;
}

/** Why a stage failed, in one line; its name stands before it already. */
function failureText({ failure }: StageFinished): string {
  if (failure === undefined) return "no cause was given";
  return withoutName(failure.message);
}

function withoutName(message: string): string {
  return cleanLine(message).replace(/^Stage '[^']*' failed: /, "");
}

/** What follows a failed stage's line: its place, its log's end in one piece (to be shown unbroken), a hint. */
export function failureLines(state: RunState, event: StageFinished): { text: Line; isLog: boolean }[] {
  const { failure } = event;
  if (failure === undefined) return [];
  const lines: { text: Line; isLog: boolean }[] = [];
  const say = (text: Line): void => void lines.push({ text, isLog: false });
  if (failure.place !== undefined) say([span("  at "), span(failure.place, "name")]);
  const tail = failure.logTail ?? [];
  const total = Math.max(stageOf(state, event.name).logLines, tail.length);
  if (total > tail.length && tail.length > 0) {
    say(plainLine(`  last ${tail.length} of ${total} log lines, all: pipelite log ${event.name}`, "faint"));
  }
  for (const line of tail) lines.push({ text: [span("  | ", "bad"), span(cleanLine(line))], isLog: true });
  if (failure.hint) say(plainLine(`  hint: ${failure.hint}`));
  return lines;
}

/** `2 built, 3 cached, 1 failed`: built and cached always, the others when there are any. */
export function countsText(counts: Readonly<Record<StageStatus, number>>): string {
  const shown = STATUS_ORDER.filter(
    (status) => status === "built" || status === "cached" || counts[status] > 0,
  );
  return shown.map((status) => `${counts[status]} ${status}`).join(", ");
}

/** The end of a run: verdict, counts, result, claims, the names of what failed, and what to do next. */
export function summaryLines(state: RunState, cwd: string): Line[] {
  const { finished } = state;
  if (finished === undefined) return [];
  const style: Style =
    finished.status === "passed" ? "good" : finished.status === "failed" ? "failure" : "warning";
  const counts = countsText(countStatuses(state));
  const lines: Line[] = [
    [span(finished.status, style), span(`: ${counts} in ${formatDuration(finished.durationMs)}`)],
  ];
  for (const line of failedLines(state)) lines.push(line);
  for (const { problem } of state.refusals)
    lines.push(plainLine(`  asked no more: ${cleanLine(problem)}`, "warning"));
  if (finished.status === "passed" && finished.tree !== undefined) {
    const { link, tree } = finished;
    const where = link === undefined ? tree : `${shownPath(link, cwd)} -> ${shownPath(tree, cwd)}`;
    lines.push([span("  result  "), span(where, "name")]);
  }
  for (const line of checkLines(state)) lines.push(line);
  lines.push([span("  next    "), span(nextCommand(state), "busy")]);
  return lines;
}

/** A path as the user would write it: relative where it lies below the folder they are in. */
function shownPath(path: string, cwd: string): string {
  return path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}

function failedLines(state: RunState): Line[] {
  const ended = [...state.stages.values()].flatMap(({ finished }) => finished ?? []);
  const failed = ended.filter(({ status }) => status === "failed");
  const lines: Line[] = failed.map((event) => [
    span("  failed  ", "bad"),
    span(event.name, "name"),
    span(`: ${failureText(event)}`),
  ]);
  for (const word of ["skipped", "cancelled"] as const) {
    const names = ended.filter(({ status }) => status === word).map(({ name }) => name);
    if (names.length > 0) lines.push(plainLine(`  ${word} ${formatList(names, { limit: 12 })}`));
  }
  return lines;
}

/** How many checks ended in each way. */
function checkLines({ checks }: RunState): Line[] {
  const counts = new Map<string, number>();
  if (checks.length === 0) return [];
  for (const { status } of checks) counts.set(status, (counts.get(status) ?? 0) + 1);
  const text = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  return [plainLine(`  checks  ${text}`)];
}

function nextCommand({ stages }: RunState): string {
  for (const { name, finished, logLines } of stages.values()) {
    if (finished?.status === "failed" && logLines > 0) return `pipelite log ${name}`;
  }
  return "pipelite show";
}
