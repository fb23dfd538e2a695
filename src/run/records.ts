// The records of all runs, read and compared.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isPipeliteError } from "#base/errors.ts";
import { logFile } from "#engine/log-file.ts";
import { traceMapper } from "#compile/stack-map.ts";
import type { RunRecord, StageRecord } from "#evidence/run-record.ts";
import { isRepeat, repeatRecord, wholeRecord } from "#evidence/repeat.ts";
import { RECORD_SCHEMA } from "#evidence/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { runFile, runsFolder } from "./record-file.ts";
import { pipeliteError as releaseError } from "#release/errors.ts";
import { pipeliteError } from "./errors.ts";

export type { RunRecord, StageRecord } from "#evidence/run-record.ts";

export type RunSummary = Pick<
  RunRecord,
  "runId" | "pipeline" | "startedAt" | "status" | "durationMs" | "counts"
>;

/** All runs, newest first. */
export function listRuns(home: string): RunSummary[] {
  const read = new Map<string, RunRecord>();
  const recordOf = (runId: string): RunRecord => {
    const record = read.get(runId) ?? (readJson(home, runId) as RunRecord);
    read.set(runId, record);
    return record;
  };
  return runIds(home).map((runId) => {
    const own = recordOf(runId);
    const record = isRepeat(own) ? repeatRecord(recordOf(own.repeats.runId), own) : own;
    const { pipeline, startedAt, status, durationMs, counts } = record;
    return { runId, pipeline, startedAt, status, durationMs, counts };
  });
}

/** The run with this id, or the only one whose id starts with it, or, for `latest`, the last one. */
export function readRun(home: string, which: string): RunRecord {
  const ids = runIds(home);
  const matching = which === "latest" ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(which));
  const [found, other] = matching.includes(which) ? [which] : matching;
  if (found === undefined) throw releaseError("RUN_NOT_FOUND", { run: which });
  if (other !== undefined) throw pipeliteError("RUN_AMBIGUOUS", { run: which, first: found, second: other });
  return readRecord(home, found);
}

function runIds(home: string): string[] {
  const folder = runsFolder(home);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files
    .map((name) => name.slice(0, -".json".length))
    .toSorted()
    .toReversed();
}

function readRecord(home: string, runId: string): RunRecord {
  const own = readOwn(home, runId);
  try {
    return wholeRecord(own, (earlier) => readOwn(home, earlier));
  } catch (error) {
    if (isPipeliteError(error)) throw error;
    const problem = "it does not go together with the record that it repeats";
    throw releaseError("RUN_RECORD_INVALID", { file: runFile(home, runId), problem }, error);
  }
}

/** What the file of a run holds, if that is of this run. */
function readOwn(home: string, runId: string): unknown {
  const value = readJson(home, runId);
  const of = typeof value === "object" && value !== null && "runId" in value ? value.runId : undefined;
  if (of === runId) return value;
  const problem = `it is the record of run ${String(of)}`;
  throw releaseError("RUN_RECORD_INVALID", { file: runFile(home, runId), problem });
}

function readJson(home: string, runId: string): unknown {
  const file = runFile(home, runId);
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as { schema?: unknown };
    if (value.schema !== RECORD_SCHEMA) throw new Error(`its schema is ${String(value.schema)}`);
    return value;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw releaseError("RUN_RECORD_INVALID", { file, problem }, error);
  }
}

/** The log of a stage as it was written when its output was last built. */
export function readStageLog(home: string, record: RunRecord, stage: string): string {
  const found = record.stages.find(({ name }) => name === stage);
  if (found === undefined) {
    const known = record.stages.map(({ name }) => name).join(", ");
    throw pipeliteError("RUN_STAGE_NOT_FOUND", { run: record.runId, stage, known });
  }
  const file = found.drvPath === undefined ? undefined : logFile(home, parseStorePath(found.drvPath));
  if (file === undefined || !existsSync(file))
    throw pipeliteError("STAGE_LOG_MISSING", { stage, run: record.runId });
  return readFileSync(file, "utf8").replaceAll("\r\n", "\n").split("\n").map(traceMapper(home)).join("\n");
}

/** One stage in two runs; a side is absent when that run has no such stage. */
export interface StageDifference {
  name: string;
  a?: StageRecord;
  b?: StageRecord;
  /** `unknown` when a side has no output. */
  output: "same" | "different" | "unknown";
}

export interface RunDifference {
  params: { name: string; a: unknown; b: unknown }[];
  stages: StageDifference[];
}

export function diffRuns(a: RunRecord, b: RunRecord): RunDifference {
  const params = names(Object.keys(a.params), Object.keys(b.params))
    .filter((name) => JSON.stringify(a.params[name]) !== JSON.stringify(b.params[name]))
    .map((name) => ({ name, a: a.params[name], b: b.params[name] }));
  const stageOf = (run: RunRecord, name: string) => run.stages.find((stage) => stage.name === name);
  const stages = names(
    a.stages.map(({ name }) => name),
    b.stages.map(({ name }) => name),
  ).map((name) => {
    const [inA, inB] = [stageOf(a, name), stageOf(b, name)];
    const isKnown = inA?.outPath !== undefined && inB?.outPath !== undefined;
    const output = !isKnown ? "unknown" : inA.outPath === inB.outPath ? "same" : "different";
    return { name, ...(inA && { a: inA }), ...(inB && { b: inB }), output } satisfies StageDifference;
  });
  return { params, stages };
}

function names(a: string[], b: string[]): string[] {
  return [...new Set([...a, ...b])];
}
