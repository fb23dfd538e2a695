// The log of a stage of a run, and how two runs differ.
import { own } from "#base/own.ts";
import { join } from "node:path";
import { digestOf } from "#base/digest.ts";
import { bytesOfFile } from "#base/files.ts";
import { traceMapper } from "#compile/stack-map.ts";
import { formatTime } from "#base/quantities.ts";
import type { Home } from "#home/home.ts";
import { Retention, type Removal } from "#home/retention.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { pipeliteError } from "./errors.ts";

export interface ShownLog {
  text: string;
  /** That of the run is no longer there: this is what a later build printed. */
  isLater: boolean;
}

/** The log of a stage: that of the run, by its digest, as the store or the result of the run has it; else the one there is. */
export function readStageLog(home: Home, record: RunRecord, stage: string): ShownLog {
  const found = record.stages.find(({ name }) => name === stage);
  if (found === undefined) {
    const known = record.stages.map(({ name }) => name).join(", ");
    throw pipeliteError("RUN_STAGE_NOT_FOUND", { run: record.runId, stage, known });
  }
  const { drvPath, logDigest } = found;
  const inResult = record.tree && join(home.physical(record.tree), "evidence/logs", `${stage}.log`);
  const logs = [home.logOf(drvPath), inResult].flatMap((file) => (file && bytesOfFile(file)) ?? []);
  const own = logs.find((bytes) => logDigest === undefined || digestOf(bytes) === logDigest);
  const shown = own ?? logs[0];
  if (shown === undefined) {
    const removal = removalOf(new Retention(home), found);
    if (removal === undefined) throw pipeliteError("STAGE_LOG_MISSING", { stage, run: record.runId });
    const { removedAt: at, file } = removal;
    throw pipeliteError("STAGE_LOG_REMOVED", { stage, run: record.runId, at: formatTime(at), file });
  }
  const map = traceMapper((bundle) => home.notes.sourceMap(bundle));
  const text = Buffer.from(shown).toString("utf8").replaceAll("\r\n", "\n").split("\n").map(map).join("\n");
  return { text, isLater: own === undefined };
}

/** The logs of a run's stages that retention removed, and that are not there any more. */
export function removedLogs(home: Home, { stages }: RunRecord): (Removal & { stage: string })[] {
  const retention = new Retention(home);
  return stages.flatMap((stage) => {
    const removal = home.logOf(stage.drvPath) === undefined ? removalOf(retention, stage) : undefined;
    return removal === undefined ? [] : [{ stage: stage.name, ...removal }];
  });
}

function removalOf(retention: Retention, { drvPath, logDigest }: StageRecord): Removal | undefined {
  return drvPath === undefined || logDigest === undefined ? undefined : retention.log(drvPath, logDigest);
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
    .filter((name) => JSON.stringify(own(a.params, name)) !== JSON.stringify(own(b.params, name)))
    .map((name) => ({ name, a: own(a.params, name), b: own(b.params, name) }));
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
