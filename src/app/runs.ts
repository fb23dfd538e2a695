// What the records of runs hold: the list of runs, one of them, its logs and spans, and what tells two apart.
import type { Home } from "#home/home.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { LoggedRun } from "#home/event-log.ts";
import type { ReadRun, RunSummary, UnreadableRun, WhichRun } from "#home/runs.ts";
import { diffRuns, readStageLog, type RunDifference } from "#run/records.ts";
import { writeChromeTrace } from "#trace/chrome.ts";
import { criticalPath, type CriticalPath } from "#trace/critical-path.ts";
import { writeOtlp } from "#trace/otlp.ts";
import { traceOf, type Span } from "#trace/spans.ts";

export { removedLogs } from "#run/records.ts";
export { figuresOf } from "#trace/figures.ts";

/** The runs of a home, newest first, and how many there are. */
export function runs(
  { runs: all }: Home,
  max?: number,
): { total: number; shown: (RunSummary | UnreadableRun)[] } {
  return { total: all.ids().length, shown: all.list(max) };
}

/** @throws RUN_INTERRUPTED of a run without a record */
export function readRun(home: Home, which: WhichRun): ReadRun {
  return home.runs.find(which);
}

/** A run by its record; one that was killed, or goes on, by the log of its events. */
export function showRun(home: Home, which: WhichRun): ReadRun | LoggedRun {
  try {
    return home.runs.find(which);
  } catch (error) {
    if (!isPipeliteError(error, "RUN_INTERRUPTED")) throw error;
    return home.runs.readLog(String(error.details["run"]));
  }
}

export interface StageLog {
  run: ReadRun;
  stage: string;
  log: string;
  /** It is of a later build: that of this run is no longer there. */
  isLater: boolean;
}

/** What a stage printed. */
export function stageLog(home: Home, which: WhichRun, stage: string): StageLog {
  const run = home.runs.find(which);
  const { text: log, isLater } = readStageLog(home, run.record, stage);
  return { run, stage, log, isLater };
}

export interface ComparedRuns extends RunDifference {
  a: ReadRun;
  b: ReadRun;
}

export function compareRuns(home: Home, first: WhichRun, second: WhichRun): ComparedRuns {
  const [a, b] = [home.runs.find(first), home.runs.find(second)];
  return { a, b, ...diffRuns(a.record, b.record) };
}

export interface TracedRun {
  run: ReadRun;
  spans: Span[];
  path: CriticalPath;
}

/** A run as spans of time; one that had nothing to do shows the run that it repeats. */
export function traceRun(home: Home, which: WhichRun): TracedRun {
  const run = home.runs.find(which);
  return { run, spans: traceOf(run.record), path: criticalPath(run.record) };
}

/** A run as a file for the tools that draw spans. */
export function writeTrace({ spans }: TracedRun, format: "chrome" | "otlp"): string {
  return format === "chrome" ? writeChromeTrace(spans) : writeOtlp(spans);
}
