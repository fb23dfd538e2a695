// What the records of runs hold: the list of runs, one of them, its logs and spans, and what tells two apart.
import {
  diffRuns,
  listRuns,
  readRun,
  readStageLog,
  type RunDifference,
  type RunRecord,
  type RunSummary,
} from "#run/records.ts";
import { writeChromeTrace } from "#trace/chrome.ts";
import { criticalPath, type CriticalPath } from "#trace/critical-path.ts";
import { writeOtlp } from "#trace/otlp.ts";
import { traceOf, type Span } from "#trace/spans.ts";

export { figuresOf } from "#trace/figures.ts";

/** All runs of a home, newest first. */
export function runs(home: string): RunSummary[] {
  return listRuns(home);
}

/** @param which its id, the start of it, or `latest` */
export function showRun(home: string, which: string): RunRecord {
  return readRun(home, which);
}

export interface StageLog {
  runId: string;
  stage: string;
  log: string;
}

/** What a stage printed when its output was last built. */
export function stageLog(home: string, which: string, stage: string): StageLog {
  const record = readRun(home, which);
  return { runId: record.runId, stage, log: readStageLog(home, record, stage) };
}

export type ComparedRuns = RunDifference & Record<"a" | "b", string>;

export function compareRuns(home: string, first: string, second: string): ComparedRuns {
  const [a, b] = [readRun(home, first), readRun(home, second)];
  return { a: a.runId, b: b.runId, ...diffRuns(a, b) };
}

export interface TracedRun {
  record: RunRecord;
  spans: Span[];
  path: CriticalPath;
}

/** A run as spans of time. */
export function traceRun(home: string, which: string): TracedRun {
  const record = readRun(home, which);
  return { record, spans: traceOf(record), path: criticalPath(record) };
}

/** A run as a file for the tools that draw spans. */
export function writeTrace({ spans }: TracedRun, format: "chrome" | "otlp"): string {
  return format === "chrome" ? writeChromeTrace(spans) : writeOtlp(spans);
}
