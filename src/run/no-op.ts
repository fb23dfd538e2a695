// The fast way through a run in which nothing has changed: when every file that the last passing run was made from is
// the same by stat, and its result is still in the store and linked, this run is that one again. It is recorded like any
// other; nothing is loaded, bundled or planned.
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { EXIT } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { findPipeline } from "#compile/find-pipeline.ts";
import { areUnchanged } from "#compile/file-stamps.ts";
import { digestOf } from "#evidence/journal.ts";
import type { Repeat } from "#evidence/repeat.ts";
import { renewed } from "#evidence/renewed.ts";
import { RECORD_SCHEMA } from "#evidence/run-record.ts";
import type { RunRecord } from "#evidence/run-record.ts";
import { isRegistered } from "#store/registered.ts";
import { recall, remember } from "./recall.ts";
import { runFile, writeRun } from "./record-file.ts";
import { newRunId } from "./run-id.ts";
import type { RunOptions, RunOutcome } from "./options.ts";
import { stageFinished } from "./stage-finished.ts";

/** What a passing run leaves behind for the next one. */
export interface Memo {
  /** Every file that it was made from: absolute path -> stat signature. */
  made: Record<string, string>;
  /** The record of a run that repeats it. */
  record: RunRecord;
  /** The run, and the digest of its record. */
  repeats: Repeat["repeats"];
  /** Names of the stages that a person follows. */
  shown: string[];
}

export function rememberRun(options: RunOptions, memo: Memo): void {
  remember(options.home, "runs", keyOf(options), memo);
}

/** The outcome of a run that has nothing to do; undefined when a real run is needed to tell. */
export function runAgain(options: RunOptions): RunOutcome | undefined {
  const { listener, home, out } = options;
  const start = { at: new Date(), ms: performance.now() };
  const memo = options.paranoid ? undefined : readMemo(options);
  const tree = memo?.record.tree;
  if (memo === undefined || tree === undefined || !areUnchanged(memo.made)) return undefined;
  if (!isWholeAndLinked(home, tree, out) || !areOnDisk(home, memo.record)) return undefined;
  if (!existsSync(runFile(home, memo.repeats.runId))) return undefined;

  const runId = newRunId(start.at);
  const durationMs = performance.now() - start.ms;
  const own: Repeat = {
    schema: RECORD_SCHEMA,
    runId,
    repeats: memo.repeats,
    startedAt: start.at.toISOString(),
    finishedAt: new Date(start.at.getTime() + durationMs).toISOString(),
    durationMs,
  };
  // Before anything is said: whoever could not record it can still run.
  writeRun(home, own, digestOf);
  const record = renewed(memo.record, own);
  const { pipeline, sandbox, stages, claims } = record;
  const isShown = ({ name }: { name: string }) => memo.shown.includes(name);
  const startedAt = record.startedAt;
  const announced = stages.filter(isShown).map(({ name, inputs }) => ({ name, inputs }));
  listener({
    type: "run-started",
    runId,
    pipeline,
    startedAt,
    engine: options.engine,
    sandbox,
    stages: announced,
    jobs: 0,
  });
  for (const { name } of announced) listener({ type: "stage-planned", name, status: "cached" });
  for (const stage of stages.filter(isShown)) listener(stageFinished(stage));
  for (const claim of claims) listener({ type: "claim", ...claim });
  listener({
    type: "run-finished",
    runId,
    status: "passed",
    tree: physicalTree(home, tree),
    ...(out !== null && { link: out }),
    stages: stages.map(({ name, status, outPath }) => ({ name, status, ...(outPath && { outPath }) })),
    claims: claims.length,
    durationMs,
    counts: record.counts,
  });
  return { runId, status: "passed", exitCode: EXIT.ok };
}

/** One memo for each way of asking: a run with other parameters or another engine is another run. */
function keyOf({ pipeline, stages, params, model, engine, sandbox }: RunOptions): string {
  return canonicalJson({
    file: findPipeline(pipeline),
    stages,
    params,
    model: model?.name ?? null,
    engine,
    sandbox: sandbox ?? null,
    version: VERSION,
    node: process.execPath,
    path: process.env["PATH"] ?? "",
  });
}

function readMemo(options: RunOptions): Memo | undefined {
  return recall(options.home, "runs", keyOf(options)) as Memo | undefined;
}

function isWholeAndLinked(home: string, tree: string, out: string | null): boolean {
  if (out !== null && linkTarget(out) !== physicalTree(home, tree)) return false;
  return isRegistered(home, tree);
}

/** Whether every output is still where it was: a path may be removed by hand and stay registered. */
function areOnDisk(home: string, { stages }: RunRecord): boolean {
  const paths = stages.flatMap(({ outPath }) => outPath ?? []);
  return paths.every((path) => lstatSync(join(home, path), { throwIfNoEntry: false }) !== undefined);
}

function physicalTree(home: string, tree: string): string {
  return join(resolve(home), tree);
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
