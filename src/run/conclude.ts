// The end of a run: its record, its claims, the result tree with the link to it, and what the next run can go by.
import type { Teller } from "./teller.ts";
import { EXIT, isPipeliteError, systemErrorCode, type ExitCode } from "#base/errors.ts";
import { isBuildNode } from "#compile/nodes.ts";
import type { Graph } from "#compile/nodes.ts";
import { areSettled } from "#compile/file-stamps.ts";
import { inTurns } from "#base/steps.ts";
import { outputClaimSteps } from "#evidence/output-claims.ts";
import { addResultTree, readLogs } from "#evidence/result-tree.ts";
import { claimsOfRun } from "#evidence/run-claims.ts";
import { Weigher } from "#evidence/weigher.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import type { RunFinished } from "#home/events.ts";
import { foldEvent, recordOf, stagesOf } from "#home/fold.ts";
import type { Claim, Material, RunRecord } from "#home/run-record.ts";
import type { WrittenRun } from "#home/runs.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { storeFailure } from "#store/failure.ts";
import { rememberDerivations } from "./foreseen.ts";
import { narFactsOf } from "./ledger.ts";
import { rememberRun } from "./no-op.ts";
import { madeFrom, type OpenedPipeline } from "./open.ts";
import type { PlannedStage } from "./planner.ts";
import { compositionOf } from "./realise.ts";
import type { Workspace } from "./realise.ts";
import type { RunOptions, RunOutcome } from "./options.ts";

export interface Finished {
  teller: Teller;
  start: { at: Date; ms: number };
  options: RunOptions;
  opened: OpenedPipeline;
  /** What the first stage that failed asks the process to end with. */
  failureCode: ExitCode;
  /** Why the plan of a run whose stages did not fail could not be kept. */
  problem: Error | undefined;
  /** Aborted when the user asks to stop. */
  interruption: AbortSignal;
}

/**
 * Judges the run, gathers its result, and records it.
 * @throws why its result could not be kept, once it is recorded as failed
 */
export async function conclude(finished: Finished): Promise<RunOutcome> {
  const { teller, start, options, opened, failureCode } = finished;
  const { emit, fold, log } = teller;
  const { work, secrets } = opened;
  const { listener, home, out } = options;
  const ofOutputs = await claimsOfOutputs(finished);
  const judged = judge(finished, ofOutputs, finished.problem);
  const { kept, problem = finished.problem } =
    judged.record.status === "passed" ? await tryToKeep(finished, judged.record) : {};
  const { record, tell } = problem === finished.problem ? judged : judge(finished, ofOutputs, problem);
  tell();
  for (const claim of record.claims) emit({ type: "claim", ...claim });
  const { runId, status } = record;
  const tookMs = performance.now() - start.ms;
  const end: RunFinished = secrets.redactAll({
    type: "run-finished",
    runId,
    status,
    ...(kept && { tree: work.store.physical(kept.tree) }),
    ...(kept && out !== null && { link: out }),
    stages: record.stages.map(({ name, status: ended, outPath }) => ({
      name,
      status: ended,
      ...(outPath && { outPath }),
    })),
    claims: record.claims.length,
    durationMs: tookMs,
    counts: record.counts,
  });
  foldEvent(fold, end);
  log.add(end);
  const whole = { ...record, tookMs, ...kept };
  const giveBack = work.store.lendReserve();
  let logProblem: string | undefined;
  try {
    // A record that the log has speaks of results that are there.
    await work.store.settle();
    const written = home.runs.write(whole);
    logProblem = await publish(home);
    rememberDerivations(work);
    if (kept !== undefined) rememberPassed(finished, { ...whole, ...kept }, written);
    listener(end);
    await teller.close();
  } finally {
    giveBack();
  }
  if (problem !== undefined && status === "failed") throw problem;
  const exitCode = { cancelled: EXIT.interrupted, failed: failureCode || EXIT.failed, passed: EXIT.ok };
  return { runId, status, exitCode: exitCode[status], ...(logProblem !== undefined && { logProblem }) };
}

/** A log that can't go on does not undo a run: it is said, and whoever audits the log finds it. */
async function publish(home: Home): Promise<string | undefined> {
  try {
    await new TransparencyLog(home).publish();
    return undefined;
  } catch (error) {
    if (!isProblem(error)) throw error;
    const { message } = storeFailure({ home: home.folder }, error) as Error;
    return message;
  }
}

/** What may go wrong when a result is kept, and is no fault of ours. */
function isProblem(error: unknown): error is Error {
  return isPipeliteError(error) || (error instanceof Error && systemErrorCode(error) !== undefined);
}

/**
 * What the outputs show. Of a run that is to stop all the same: who stops it a second time ends the process.
 * @throws the reason of an interruption that comes meanwhile: of what was not looked at nothing can be said
 */
async function claimsOfOutputs({ teller, opened, interruption }: Finished): Promise<Claim[]> {
  const { emit, fold } = teller;
  const { graph, work } = opened;
  for (const material of materialsOf(work, graph)) emit({ type: "material", ...material });
  const record = { stages: stagesOf(fold), materials: fold.materials, results: resultsOf(work, graph) };
  const signal = interruption.aborted ? undefined : interruption;
  const locate = (path: string): string => work.store.physical(parseStorePath(path));
  const weigher = new Weigher(locate, signal);
  try {
    return await inTurns(
      outputClaimSteps(record, locate, (...claim) => weigher.weigh(...claim)),
      signal,
    );
  } finally {
    await weigher.close();
  }
}

/**
 * What became of the run, with all that follows from it; told is what holds in the end.
 * @param problem why its result can't be kept
 */
function judge(
  { teller, start, options, opened }: Finished,
  ofOutputs: readonly Claim[],
  problem: Error | undefined,
): { record: RunRecord; tell: () => void } {
  const { fold } = teller;
  const { graph, work, secrets } = opened;
  const stages = stagesOf(fold);
  const isSaid = !secrets.isEmpty && secrets.in(JSON.stringify(ofOutputs)) !== undefined;
  // A value that a stage measured out of its limits fails the run, whether or not a gate stands behind that stage.
  const isOutOfLimits = ofOutputs.some((claim) => claim.status === "failed");
  const hasFailed =
    problem !== undefined ||
    isSaid ||
    teller.hasLeaked ||
    isOutOfLimits ||
    stages.some((stage) => stage.status === "failed");
  const durationMs = performance.now() - start.ms;
  const tell = teller.learn({
    type: "run-judged",
    status: options.signal.aborted ? "cancelled" : hasFailed ? "failed" : "passed",
    finishedAt: new Date(start.at.getTime() + durationMs).toISOString(),
    durationMs,
    results: resultsOf(work, graph),
  });
  const bare = recordOf(fold);
  return { record: { ...bare, claims: claimsOfRun(bare, secrets.redactAll(ofOutputs)) }, tell };
}

/** Leaves what the next run of the same can go by. */
function rememberPassed(
  { opened, options, start }: Finished,
  record: RunRecord & { tree: StorePath },
  run: WrittenRun,
): void {
  const { tree, pipeline, pipelineFile, params, host } = record;
  const { answers, unsteady } = opened.loaded.readings;
  const made = madeFrom(opened);
  // What asks the clock may be another pipeline the next time it is loaded.
  const beganMs = Math.min(start.at.getTime(), opened.loaded.atMs);
  if (unsteady !== undefined || !areSettled(made, beganMs)) return;
  rememberRun(options, {
    made,
    answers: Object.fromEntries(answers),
    variables: opened.graph.variables,
    run,
    started: { pipeline, pipelineFile, params, host },
    tree,
    stages: record.stages.map(({ name, kind, place, inputs, drvPath, outPath = "" }) => ({
      name,
      kind,
      place,
      inputs,
      ...(drvPath !== undefined && { drvPath }),
      ...listOf(record, name),
      outPath,
    })),
    claims: record.claims.filter(isJudged),
  });
}

/** For what makes something of each item of a list: which list that is. */
function listOf({ expansions = [] }: RunRecord, stage: string): Pick<PlannedStage, "each"> {
  const found = expansions.find(({ name }) => name === stage);
  if (found === undefined) return {};
  const { from, file, items } = found;
  return { each: { list: file === undefined ? from : `${from}/${file}`, items: items.length } };
}

function resultsOf({ outputs }: Workspace, { results }: Graph): Record<string, StorePath> {
  return Object.fromEntries(
    [...results].flatMap(([name, node]) => {
      const path = outputs.get(node);
      return path === undefined ? [] : [[name, path] as const];
    }),
  );
}

function materialsOf({ store, outputs }: Workspace, { nodes }: Graph): Material[] {
  return nodes.flatMap((node) => {
    const path = outputs.get(node);
    if (path === undefined || (node.kind !== "source" && node.kind !== "timings")) return [];
    const info = store.info(path);
    return info === undefined ? [] : [{ name: node.name, kind: node.kind, path, ...narFactsOf(info) }];
  });
}

interface Kept {
  tree: StorePath;
  evidenceOfRun: string;
  documentsBy?: string;
}

/** The result with the link to it, or why there is none. */
async function tryToKeep(
  { opened, options, interruption }: Finished,
  record: RunRecord,
): Promise<{ kept?: Kept; problem?: Error }> {
  try {
    const kept = await keepResult(opened.work, opened.graph, record, interruption);
    if (options.out !== null) await opened.work.store.addRoot(options.out, kept.tree);
    return { kept };
  } catch (error) {
    if (!isProblem(error) && !interruption.aborted) throw error;
    return { problem: storeFailure({ home: options.home.folder }, error) as Error };
  }
}

/**
 * The result tree. When the same outputs were gathered before, that tree and its evidence stay: nothing was built, so
 * there is nothing new to attest.
 */
async function keepResult(
  work: Workspace,
  graph: Graph,
  record: RunRecord,
  signal: AbortSignal,
): Promise<Kept> {
  const { store, builds } = work;
  const built = new Set(record.stages.flatMap(({ name, status }) => (status === "built" ? [name] : [])));
  const others = graph.nodes.filter((node) => isBuildNode(node) && !built.has(node.name));
  builds.rememberIngredients(
    graph.file,
    others.filter(isBuildNode).map((node) => [node.name, compositionOf(work, node)] as const),
  );
  const results = new Map(Object.entries(resultsOf(work, graph)));
  const key = JSON.stringify([graph.name, ...results]);
  const earlier = builds.tree(key);
  // Loaded here: a run that builds nothing needs no more of it than this.
  const { documentWriter } = await import("#report/writer.ts");
  if (
    earlier !== undefined &&
    store.isValid(earlier.tree) &&
    isAuditable(work.home, earlier, documentWriter())
  ) {
    await store.addTempRoot(earlier.tree);
    return { tree: earlier.tree, evidenceOfRun: earlier.runId };
  }
  const { makeDocuments } = await import("#report/index.ts");
  const logs = readLogs(work.home, record);
  const tree = await addResultTree({
    home: work.home,
    store,
    results,
    record,
    documents: await makeDocuments(work.home, record, logs, signal),
    logs,
    signal,
  });
  builds.rememberTree(key, tree, record.runId);
  return { tree, evidenceOfRun: record.runId, documentsBy: documentWriter() };
}

/** Evidence of a run whose record was spoiled, or whose documents others wrote, would hold up every run that shows it. */
function isAuditable(home: Home, { tree, runId }: { tree: string; runId: string }, writer: string): boolean {
  const [record] = home.runs.intact([runId]).map((run) => run.record);
  return record?.tree === tree && record.documentsBy === writer;
}

/** What a person hears of at the end of a run that passed: figures, and what a run says of itself, are in the record. */
function isJudged({ kind }: Claim): boolean {
  return kind === "check";
}
