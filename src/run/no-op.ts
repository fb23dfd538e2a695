// The fast way through a run in which nothing has changed: when every file that the last passing run was made from is
// the same by stat, and its result is still in the store and linked, this run is that one again. It gets a line in the
// journal that names the record it repeats; nothing is loaded, bundled or planned.
import { own } from "#base/own.ts";
import { readlinkSync } from "node:fs";
import { canonicalJson } from "#base/canonical-json.ts";
import { monotonicMs } from "#base/clock.ts";
import { isThere } from "#base/files.ts";
import { EXIT } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { findPipeline } from "#compile/find-pipeline.ts";
import { areUnchanged } from "#compile/file-stamps.ts";
import { isAnsweredAlike } from "#compile/readings.ts";
import type { Home } from "#home/home.ts";
import type { RunStarted } from "#home/events.ts";
import type { WrittenRun } from "#home/runs.ts";
import { newRunId } from "#home/run-id.ts";
import type { Claim, StageRecord } from "#home/run-record.ts";
import { isRegistered } from "#store/registered.ts";
import type { PlanOptions, RunOptions, RunOutcome } from "./options.ts";
import type { Plan } from "./plan.ts";
import type { PlannedStage } from "./planner.ts";

/** What a passing run leaves behind for the next one. */
export interface Memo {
  /** Every file that it was made from: absolute path -> stat signature. */
  made: Record<string, string>;
  /** What pipeline.ts asked for while it was loaded, and digests of the answers: see `Readings`. */
  answers: Record<string, string>;
  /** Variables that parameters had their values from -> those values. */
  variables?: Record<string, string | null>;
  run: WrittenRun;
  started: Pick<RunStarted, "pipeline" | "pipelineFile" | "params" | "host">;
  /** Store path of the result tree. */
  tree: string;
  /** The stages that a person follows. */
  stages: (Pick<StageRecord, "name" | "kind" | "place" | "inputs" | "drvPath"> &
    Pick<PlannedStage, "each"> & { outPath: string })[];
  /** Those that something was asked of. */
  claims: Claim[];
}

/** Changes with the members of a memo. */
const MEMO_FORM = 4;

export function rememberRun(options: RunOptions, memo: Memo): void {
  options.home.notes.remember("runs", keyOf(options), memo);
}

/** The outcome of a run that has nothing to do; undefined when a real run is needed to tell. */
export function runAgain(options: RunOptions): RunOutcome | undefined {
  const { home, out } = options;
  const start = { at: new Date(), ms: monotonicMs() };
  // Names are held against the graph, which is not known here.
  const namesStages = [options.force, options.debug].some((names = []) => names.length > 0);
  const memo = namesStages ? undefined : memoThatHolds(options);
  if (memo === undefined || (out !== null && linkTarget(out) !== home.physical(memo.tree))) return undefined;
  if (!home.runs.isAsWritten(memo.run)) return undefined;
  options.follow?.onMade(memo.made);
  const runId = newRunId(start.at);
  const durationMs = monotonicMs() - start.ms;
  // Before anything is said: a run that can not be recorded this way can still be made the long way.
  home.runs.repeat({ runId, startedAt: start.at.toISOString(), durationMs }, memo.run);
  tell(options, memo, { runId, startedAt: start.at.toISOString(), durationMs });
  return { runId, status: "passed", exitCode: EXIT.ok };
}

/** The plan of such a run; undefined when planning is needed to tell. */
export function planAgain(options: PlanOptions): Plan | undefined {
  const memo = memoThatHolds(options);
  if (memo === undefined) return undefined;
  const stages = memo.stages.map(({ name, place, inputs, drvPath, outPath, each }) => ({
    name,
    place,
    inputs,
    status: "cached" as const,
    ...(drvPath !== undefined && { drvPath }),
    ...(each && { each }),
    outPath,
  }));
  return { pipeline: memo.started.pipeline, stages };
}

/** The memo, when all that the run was made from, and all that it made, is as it was. */
function memoThatHolds(options: PlanOptions): Memo | undefined {
  const memo = options.paranoid ? undefined : readMemo(options);
  if (memo === undefined || !areUnchanged(memo.made) || !isAnsweredAlike(memo.answers)) return undefined;
  const variables = Object.entries(memo.variables ?? {});
  if (variables.some(([name, value]) => (own(options.env, name) ?? null) !== value)) return undefined;
  return isRegistered(options.home.folder, memo.tree) && areOnDisk(options.home, memo) ? memo : undefined;
}

interface Own {
  runId: string;
  startedAt: string;
  durationMs: number;
}

function tell({ listener, engine, out, home }: RunOptions, memo: Memo, own: Own): void {
  const { stages, claims, run } = memo;
  const { durationMs, ...times } = own;
  const sandbox = { kind: "not-used", tried: [] };
  const announced = stages.map(({ name, inputs }) => ({ name, inputs }));
  const started = { ...memo.started, ...times, engine, sandbox, stages: announced, jobs: 0 };
  listener({ type: "run-started", ...started });
  for (const { name } of stages) listener({ type: "stage-planned", name, status: "cached" });
  for (const { each: _, ...stage } of stages)
    listener({ type: "stage-finished", ...stage, status: "cached", durationMs: 0, builtInRun: run.runId });
  for (const claim of claims) listener({ type: "claim", ...claim });
  listener({
    type: "run-finished",
    runId: own.runId,
    repeats: run.runId,
    status: "passed",
    tree: home.physical(memo.tree),
    ...(out !== null && { link: out }),
    stages: stages.map(({ name, outPath }) => ({ name, status: "cached", outPath })),
    claims: claims.length,
    durationMs,
    counts: { built: 0, cached: stages.length, substituted: 0, failed: 0, skipped: 0, cancelled: 0 },
  });
}

/** One memo for each way of asking: a run with other parameters or another engine is another run. */
function keyOf({ pipeline, stages, params, values, model, engine, sandbox, env }: PlanOptions): string {
  return canonicalJson({
    form: MEMO_FORM,
    file: findPipeline(pipeline),
    stages,
    params,
    values: { ...values },
    model: model?.name ?? null,
    engine,
    sandbox: sandbox ?? null,
    version: VERSION,
    node: process.execPath,
    path: env["PATH"] ?? "",
  });
}

function readMemo(options: PlanOptions): Memo | undefined {
  return options.home.notes.recall("runs", keyOf(options)) as Memo | undefined;
}

/** Whether every output is still where it was: a path may be removed by hand and stay registered. */
function areOnDisk(home: Home, { stages }: Memo): boolean {
  return stages.every(({ outPath }) => isThere(home.physical(outPath)));
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
