// The log of a stage of a run, and how two runs differ.
import { readFileSync } from "node:fs";
import { traceMapper } from "#compile/stack-map.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { pipeliteError } from "./errors.ts";

/** The log of a stage as it was written when its output was last built. */
export function readStageLog(home: Home, record: RunRecord, stage: string): string {
  const found = record.stages.find(({ name }) => name === stage);
  if (found === undefined) {
    const known = record.stages.map(({ name }) => name).join(", ");
    throw pipeliteError("RUN_STAGE_NOT_FOUND", { run: record.runId, stage, known });
  }
  const file = home.logOf(found.drvPath);
  if (file === undefined) throw pipeliteError("STAGE_LOG_MISSING", { stage, run: record.runId });
  const map = traceMapper((bundle) => home.notes.sourceMap(bundle));
  return readFileSync(file, "utf8").replaceAll("\r\n", "\n").split("\n").map(map).join("\n");
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
