// Building outputs of a run again, differently, and what is kept of it: a signed statement for each, in the log of the home.
import { mkdirSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { join } from "node:path";
import { programFolders, type Variables } from "#base/environment.ts";
import { readNamedText, removeTree } from "#base/files.ts";
import { removeLeftovers } from "#engine/embedded.ts";
import { checkPathSteps, type TreeHashes } from "#evidence/integrity.ts";
import { inTurns } from "#base/steps.ts";
import { SeenFiles } from "#evidence/seen.ts";
import { openNix } from "#rebuild/by-nix.ts";
import { investigateAll, type OutputToRebuild } from "#rebuild/investigate.ts";
import { rebuildStatusOf, type RebuiltOutput, type RebuildStatus } from "#rebuild/outcome.ts";
import { memoryFolder } from "#rebuild/reorder.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { isAbout, readStatement, rebuildStatementOf, type StatedRebuild } from "#rebuild/statement.ts";
import type { Untested, VariationName } from "#rebuild/variations.ts";
import type { Home } from "#home/home.ts";
import type { StageRecord } from "#home/run-record.ts";
import type { ReadRun, WhichRun } from "#home/runs.ts";
import { readPublicKey } from "#keys/key-file.ts";
import { closeStarters, detectSandbox, type SandboxKind } from "#sandbox/sandbox.ts";
import { parseBundle, verifyBundle, writeBundle } from "#sigstore/index.ts";
import { layoutOf } from "#store/layout.ts";
import { openStore, type Store } from "#store/store.ts";
import { attest, builderKey } from "#supply/attest.ts";
import { pipeliteError } from "./errors.ts";

export interface RebuildRequest {
  home: Home;
  which: WhichRun;
  /** Only these; all that were built when there are none. */
  stages: readonly string[];
  variations: readonly VariationName[];
  /** How often each is built with nothing varied; 0: once, and only where it is another one with everything varied. */
  times: number;
  engines: "both" | "embedded";
  sandbox: SandboxKind | undefined;
  env: Variables;
  signal: AbortSignal;
  onProgress: (progress: { stage: string; what: string; done: number; total: number }) => void;
}

export interface RebuildReport {
  runId: string;
  outputs: (RebuiltOutput & { status: RebuildStatus; file?: string })[];
  /** Stages whose output no build makes. */
  left: Untested[];
}

/** @returns undefined when the signal was aborted. @throws PipeliteError RUN_NOT_FOUND, RECORD_CHANGED, REBUILD_STAGE_UNKNOWN, REBUILD_NO_OUTPUT, REBUILD_NOT_POSSIBLE, REBUILD_INPUT_CHANGED */
export async function rebuild(request: RebuildRequest): Promise<RebuildReport | undefined> {
  const { home, which, engines, env, signal, onProgress, variations, times } = request;
  const run = home.runs.requireUnchanged(home.runs.find(which).runId);
  const { outputs, left } = outputsOf(run, request.stages);
  const { kind, tried } = await detectSandbox(request.sandbox, programFolders(env));
  if (kind === "none")
    throw pipeliteError("REBUILD_NOT_POSSIBLE", {
      problem: tried.map((each) => `${each.kind}: ${each.reason}`).join("; ") || "no sandbox was asked for",
    });
  removeLeftovers(home.folder);
  const folder = join(layoutOf(home.folder).buildsDir, `${process.pid}-rebuild`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const memory = memoryFolder();
  using store = openStore(home.folder, { readOnly: true });
  const place = { store, kind, env, folder, signal };
  const nix = engines === "both" ? await openNix(place) : { reason: "that was not asked for" };
  let made: RebuiltOutput[];
  try {
    const seen = await requireInputs(store, outputs, signal);
    made = await investigateAll(outputs, { ...place, memory, variations, times, nix }, (stage, what, done) =>
      onProgress({ stage, what, done, total: outputs.length }),
    );
    const changed = seen.changed();
    if (changed !== undefined) refuseInput(`${changed.file} was changed or moved meanwhile`);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    if ("close" in nix) await nix.close();
    await closeStarters();
    if ("folder" in memory) removeTree(memory.folder);
    removeTree(folder);
  }
  const files = await keep(home, run, made, store);
  return {
    runId: run.runId,
    outputs: made.map((each, index) => ({
      ...each,
      status: rebuildStatusOf(each),
      file: files[index] ?? "",
    })),
    left,
  };
}

function outputsOf(
  { runId, record }: ReadRun,
  wanted: readonly string[],
): { outputs: OutputToRebuild[]; left: Untested[] } {
  for (const stage of wanted)
    if (!record.stages.some(({ name }) => name === stage))
      throw pipeliteError("REBUILD_STAGE_UNKNOWN", { stage, run: runId });
  const stages = record.stages.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const left = stages.flatMap((stage) => {
    const reason = whyNot(stage);
    return reason === undefined ? [] : [{ name: stage.name, reason }];
  });
  const outputs = new Map<string, OutputToRebuild>();
  for (const { name, drvPath, outPath, narHash, ...stage } of stages) {
    if (drvPath === undefined || outPath === undefined || narHash === undefined) continue;
    if (whyNot({ ...stage, drvPath, outPath, narHash }) !== undefined) continue;
    const key = `${drvPath} ${outPath}`;
    if (!outputs.has(key)) outputs.set(key, { stage: name, drvPath, outPath, narHash });
  }
  if (outputs.size === 0) {
    const [first = { name: "it", reason: "nothing was built" }] = left;
    throw pipeliteError("REBUILD_NO_OUTPUT", { stage: first.name, problem: first.reason });
  }
  return { outputs: [...outputs.values()], left };
}

function whyNot({ kind, drvPath, outPath, narHash }: Omit<StageRecord, "name">): string | undefined {
  if (kind === "fetch") return "it is a download: its bytes are fixed by their hash";
  if (kind === "answer") return "it is an answer, pinned in the lock file";
  const isBuilt = drvPath !== undefined && outPath !== undefined && narHash !== undefined;
  return isBuilt ? undefined : "it has no output in this run";
}

/**
 * Derivations and all that they read must be what their paths say: a store in which somebody wrote the recorded bytes into an input
 * would give them again.
 */
async function requireInputs(
  store: Store,
  outputs: readonly OutputToRebuild[],
  signal: AbortSignal,
): Promise<SeenFiles> {
  const seen = new SeenFiles(store.home);
  const hashes: TreeHashes = new Map();
  const derivations = outputs.map(({ drvPath }) => parseStorePath(drvPath));
  for (const path of derivations)
    if (!store.isValid(path)) refuseInput(`${path} is no longer registered in the store`);
  for (const path of store.sortedClosure(derivations)) {
    const { status, reason } = await inTurns(checkPathSteps(store, path, hashes, seen), signal);
    if (status !== "holds") refuseInput(reason ?? path);
  }
  return seen;
}

function refuseInput(problem: string): never {
  throw pipeliteError("REBUILD_INPUT_CHANGED", { problem });
}

/** Signs a statement of each, enters them into the log, and seals them. @returns their files */
async function keep(
  home: Home,
  { runId, record }: ReadRun,
  made: readonly RebuiltOutput[],
  store: Store,
): Promise<string[]> {
  const { system } = record.host;
  const scene = {
    runId,
    at: new Date().toISOString(),
    system,
    kernel: release(),
    cores: availableParallelism(),
  };
  const bundles = await attest(
    home,
    made.map((each) => rebuildStatementOf(each, scene, store)),
    builderKey(home),
  );
  return bundles.map((bundle) => seal(home, runId, writeBundle(bundle)));
}

function seal(home: Home, runId: string, content: string): string {
  const file = home.sealed.nextIn(`rebuilds/${runId}`);
  home.sealed.seal({ kind: "rebuild", subject: runId, file, content });
  return file;
}

/**
 * Takes the statement of another home about an output that a run of this one has, too.
 * @param keyFile public key of who signed it; it counts here from now on for what is shown
 * @throws PipeliteError REBUILD_FOREIGN, BUNDLE_INVALID
 */
export async function addRebuild(
  home: Home,
  which: WhichRun,
  file: string,
  keyFile: string,
): Promise<string> {
  const { runId, record } = home.runs.requireUnchanged(home.runs.find(which).runId);
  const key = readPublicKey(keyFile);
  const content = readNamedText(file);
  let stated: StatedRebuild;
  try {
    stated = readStatement(verifyBundle(parseBundle(content), [key]));
  } catch (error) {
    throw pipeliteError(
      "REBUILD_FOREIGN",
      { file, problem: error instanceof Error ? error.message : String(error) },
      error,
    );
  }
  const isOfRun = record.stages.some(
    ({ drvPath, narHash }) =>
      drvPath !== undefined && narHash !== undefined && isAbout(stated, parseStorePath(drvPath), narHash),
  );
  if (!isOfRun)
    throw pipeliteError("REBUILD_FOREIGN", {
      file,
      problem: `no output of the run ${runId} is what it is about`,
    });
  home.keyring.keep(key);
  return home.sealed.withLock(() => seal(home, runId, content));
}
