// Whether what an audit reads is what the run left: the journal's chain, the digest of the record, every store path from
// its bytes (its name must follow from them), what the database says of it, the result tree, logs and the table of builds.
import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { hex } from "#base/bytes.ts";
import { entryAt, isPlainDirectory } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import { digestOf } from "#base/digest.ts";
import { contentAddressedPath, parseContentAddress, type ContentAddress } from "#nix/content-address.ts";
import { derivationPath, resolveDerivation, type Derivation, type KnownOutputs } from "#nix/derivation.ts";
import { parseStorePath, storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import type { PathInfo } from "#store/query.ts";
import type { Store } from "#store/store.ts";
import type { Steps } from "#base/steps.ts";
import { makeModuloHasher } from "#store/rewrite.ts";
import { dumpSteps } from "#store/tree.ts";
import type { Home } from "#home/home.ts";
import type { JournalEntry } from "#home/journal.ts";
import type { ReadRun } from "#home/runs.ts";
import { countsOf, type RunRecord, type StageRecord } from "#home/run-record.ts";
import type { SeenFiles } from "./seen.ts";
import { stageVariable } from "./stage-variable.ts";

export type AuditStatus = "holds" | "fails" | "unavailable";

/** One thing that was looked at. */
export interface IntegrityFinding {
  /** `journal`, `record`, a store path, `log/<stage>` ... */
  id: string;
  status: AuditStatus;
  /** Names the place, unless it holds. */
  reason?: string;
}

export function holds(id: string): IntegrityFinding {
  return { id, status: "holds" };
}

export function fails(id: string, reason: string): IntegrityFinding {
  return { id, status: "fails", reason };
}

export function unavailable(id: string, reason: string): IntegrityFinding {
  return { id, status: "unavailable", reason };
}

/** The chain, and every file about this run against the last entry about that file. */
export function checkJournal(home: Home, { runId }: ReadRun): IntegrityFinding[] {
  const { openBreaks, entries } = home.journal;
  const [first] = openBreaks;
  if (first !== undefined)
    return [fails("journal", `journal.ndjson is broken at line ${first.line}: ${first.problem}`)];
  if (home.journal.about("run", runId).length === 0)
    return [fails("journal", `journal.ndjson has no entry of run ${runId}`)];
  const files = Map.groupBy(
    entries.filter(({ subject }) => subject === runId),
    ({ file }) => file,
  );
  return [holds("journal"), ...[...files].map(([file, about]) => checkJournalled(home, file, about))];
}

/** The last audit of a run replaces the one before; anything else is written once, and a second line would hide that. */
function checkJournalled(home: Home, file: string, entries: readonly JournalEntry[]): IntegrityFinding {
  const { digest, sequence } = entries.at(-1) ?? { digest: "nothing", sequence: 0 };
  const other = entries.find((entry) => entry.digest !== digest);
  if (other !== undefined && !file.startsWith("audits/"))
    return fails(
      file,
      `${file} is written once, and entries ${other.sequence} and ${sequence} of the journal give it two digests`,
    );
  const bytes = home.readFile(file);
  if (bytes === undefined)
    return fails(file, `${file} is gone, which entry ${sequence} of the journal is about`);
  const found = digestOf(bytes);
  if (found === digest) return holds(file);
  return fails(file, `${file} is ${found}, and entry ${sequence} of the journal says ${digest}`);
}

/** The record as it is on disk, and what of it follows from the rest of it. */
export function checkRecord({ runId, record, problem }: ReadRun): IntegrityFinding[] {
  const id = "record";
  if (problem !== undefined) return [fails(id, `runs/${runId}.json: ${problem}`)];
  const { startedAt, finishedAt, durationMs, tookMs = durationMs, stages, counts } = record;
  const span = Date.parse(finishedAt) - Date.parse(startedAt);
  // The clocks' times are cut to milliseconds.
  if (!(Math.abs(span - durationMs) <= 1))
    return [
      fails(id, `run.json#/durationMs is ${durationMs}, and from /startedAt to /finishedAt it is ${span}`),
    ];
  if (tookMs < durationMs)
    return [fails(id, `run.json#/tookMs is ${tookMs}, less than /durationMs, ${durationMs}`)];
  if (!isDeepStrictEqual(countsOf(stages), counts))
    return [fails(id, "run.json#/counts does not follow from the statuses in run.json#/stages")];
  const made = new Set([
    ...stages.map(({ outPath }) => outPath),
    ...record.materials.map(({ path }) => path),
  ]);
  const unmade = Object.keys(record.results).find((name) => !made.has(record.results[name]));
  if (unmade !== undefined)
    return [fails(id, `run.json#/results/${unmade} is no output of a stage and nothing that stages read`)];
  const unmeant = stages.find(
    ({ kind, outPath, drvPath }) => kind !== "answer" && outPath !== undefined && drvPath === undefined,
  );
  if (unmeant !== undefined)
    return [fails(id, `run.json says of ${unmeant.name} an output, and no derivation that gives it`)];
  if (record.status === "passed" && record.tree === undefined)
    return [fails(id, "run.json says that the run passed, and names no result")];
  const wrong = stages.find(({ outPath, narHash }) => (outPath === undefined) !== (narHash === undefined));
  if (wrong !== undefined)
    return [fails(id, `run.json says of ${wrong.name} only one of outPath and narHash`)];
  return [holds(id)];
}

/** Trees by what changes with every change of them on disk. */
export type TreeHashes = Map<string, Pathed>;

interface Pathed {
  narHash: Uint8Array;
  narSize: number;
  /** What the content address is over. */
  digest: Uint8Array;
}

/** Whether the name of a store path follows from its bytes, and the database says of it what is so. */
export function* checkPathSteps(
  store: Store,
  path: StorePath,
  hashes: TreeHashes,
  seen: SeenFiles,
): Steps<IntegrityFinding> {
  const info = store.info(path);
  const file = store.physical(path);
  const isThere = entryAt(file) !== undefined;
  if (info === undefined) {
    const reason = isThere ? "is not registered in the store" : "is no longer in the store";
    return unavailable(path, `${path} ${reason}`);
  }
  if (!isThere) return fails(path, `${path} is registered, but not on disk`);
  try {
    return yield* compareWithBytes(info, file, hashes, seen);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return fails(path, `${path}: ${error.message}`);
  }
}

function* compareWithBytes(
  info: PathInfo,
  file: string,
  hashes: TreeHashes,
  seen: SeenFiles,
): Steps<IntegrityFinding> {
  const { path, contentAddress, references } = info;
  const address = contentAddress === undefined ? undefined : parseContentAddress(contentAddress);
  const self = references.includes(path) ? storePathHash(path) : undefined;
  const { narHash, narSize, digest } = yield* hashOf(file, { ...address, self }, hashes, seen);
  if (hex(info.narHash) !== hex(narHash))
    return fails(
      path,
      `${path}: its bytes have NAR hash sha256:${hex(narHash)}, the store's database says sha256:${hex(info.narHash)}`,
    );
  if (info.narSize !== narSize)
    return fails(path, `${path}: its archive has ${narSize} bytes, the database says ${info.narSize}`);
  // Named by its derivation: building that again is what checks it.
  if (address === undefined) return holds(path);
  const hash = { algorithm: address.hash.algorithm, bytes: digest };
  if (contentAddressedPath(path, { method: address.method, hash }, references) !== path)
    return fails(path, `${path}: its name does not follow from its bytes and references`);
  if (hex(hash.bytes) !== hex(address.hash.bytes))
    return fails(path, `${path}: the database has another content address, ${contentAddress}`);
  return holds(path);
}

/** @param address how its path follows from its content; `self`, the hash part of a path that it mentions itself */
function* hashOf(
  file: string,
  { method = "recursive", hash, self }: Partial<ContentAddress> & { self: string | undefined },
  hashes: TreeHashes,
  seen: SeenFiles,
): Steps<Pathed> {
  const { tree, print } = yield* seen.noteAsItStays(file);
  const key = `${print} ${method} ${hash?.algorithm ?? ""} ${self ?? ""}`;
  const known = hashes.get(key);
  if (known !== undefined) return known;
  const digest = self === undefined ? plainHasher(hash?.algorithm) : makeModuloHasher(self);
  const sinks = method === "recursive" ? { sink: digest.push } : { content: digest.push };
  const whole = yield* dumpSteps(tree, sinks);
  const pathed = { ...whole, digest: digest.end() };
  hashes.set(key, pathed);
  return pathed;
}

function plainHasher(algorithm = "sha256"): ReturnType<typeof makeModuloHasher> {
  const hash = createHash(algorithm);
  return { push: (chunk) => hash.update(chunk), end: () => hash.digest() };
}

/** The links of the result tree: one to each result, and nothing else beside the evidence. */
export function checkTree(store: Store, record: RunRecord): IntegrityFinding[] {
  const { tree, results } = record;
  const id = "result";
  if (tree === undefined) return [];
  const folder = store.physical(parseStorePath(tree));
  if (entryAt(folder) === undefined) return [unavailable(id, `${tree} is no longer in the store`)];
  if (!isPlainDirectory(folder)) return [fails(id, `${tree} is no folder`)];
  const entries = readdirSync(folder, { withFileTypes: true });
  const found = Object.fromEntries(
    entries.map((entry) => [
      entry.name,
      entry.isSymbolicLink()
        ? readlinkSync(join(folder, entry.name))
        : entry.isDirectory()
          ? "folder"
          : "file",
    ]),
  );
  const links = Object.entries(results).map(([name, path]) => [
    name,
    `../${storePathBase(parseStorePath(path))}`,
  ]);
  const wanted = { ...Object.fromEntries(links), evidence: "folder" };
  return [
    isDeepStrictEqual(found, wanted)
      ? holds(id)
      : fails(id, `${tree}: it holds other things than links to run.json#/results and the evidence`),
  ];
}

/** Kinds of stages whose derivations run a module and say so. */
const RUNS_A_MODULE: ReadonlySet<StageRecord["kind"]> = new Set(["stage", "gate", "check", "each"]);

/** Each derivation against what the record says of its stage: what it reads, and, where it fetches, by which hash. */
export function checkDerivations(
  store: Store,
  { status, stages, materials }: RunRecord,
  paths: ReadonlyMap<string, IntegrityFinding>,
): IntegrityFinding[] {
  const outputs = new Map<string, string | undefined>([
    ...materials.map(({ name, path }) => [name, path] as const),
    ...stages.map(({ name, outPath }) => [name, outPath] as const),
  ]);
  const made = outputsOfGraph(stages);
  const known = ofGraph({ stages, materials });
  return stages.flatMap((recorded) => {
    const { name, kind, drvPath, graphDrvPath, outPath, inputs } = recorded;
    if (kind === "answer") return [checkAnswer(store, stages, recorded)];
    // What is wrong with the derivation itself is told where it is hashed.
    if (drvPath === undefined || paths.get(drvPath)?.status !== "holds") return [];
    const id = `derivation/${name}`;
    const derivation = store.readDerivation(parseStorePath(drvPath));
    const { inputSrcs, outputs: own } = derivation;
    const stage = stageVariable(derivation);
    const ofStage =
      stage === undefined ? undefined : (stage.kind ?? (runsCommand(derivation) ? "command" : "stage"));
    if (ofStage !== undefined && ofStage !== kind)
      return [fails(id, `${drvPath} is of the kind ${ofStage}, and run.json says ${kind}`)];
    if (ofStage === undefined && RUNS_A_MODULE.has(kind))
      return [fails(id, `${drvPath} runs no module, and run.json says that it is a ${kind}`)];
    const sources = new Set<string>(inputSrcs);
    const other = inputs.find((input) => {
      const path = outputs.get(input);
      return path !== undefined && !sources.has(path);
    });
    if (other !== undefined) return [fails(id, `${drvPath} does not read the ${other} of this run`)];
    const output = own.get("out");
    if (kind === "fetch" && outPath !== undefined && (output?.kind !== "fixed" || output.path !== outPath))
      return [fails(id, `${drvPath} does not fix the hash of ${outPath}`)];
    if (graphDrvPath === undefined && status === "passed" && known.has(name))
      return [
        fails(
          id,
          `run.json lacks its derivation of the graph, though it has those of all that ${name} reads`,
        ),
      ];
    if (graphDrvPath === undefined || paths.get(graphDrvPath)?.status !== "holds") return [holds(id)];
    if (resolvedPath(store, graphDrvPath, made) !== drvPath)
      return [fails(id, `${graphDrvPath} is not what becomes ${drvPath} when its inputs are known`)];
    return [holds(id)];
  });
}

/**
 * A model's answer is the one output that nothing makes again: so it is only what an answer can be, one file, named by its
 * content, that one stage takes as its `answer`, to check it.
 */
function checkAnswer(
  store: Store,
  stages: readonly StageRecord[],
  { name, drvPath, graphDrvPath, outPath }: StageRecord,
): IntegrityFinding {
  const id = `answer/${name}`;
  if (drvPath !== undefined || graphDrvPath !== undefined)
    return fails(id, `run.json says of the answer ${name} a derivation, and none gives an answer`);
  if (outPath === undefined) return holds(id);
  const takers = stages.filter(({ inputs }) => inputs.includes(name));
  const [taker] = takers;
  if (taker === undefined || takers.length > 1 || name !== `${taker.name}-answer`)
    return fails(
      id,
      `run.json says that ${name} is an answer, and no stage is there to check it and nothing else`,
    );
  const address = store.info(parseStorePath(outPath))?.contentAddress;
  if (address !== undefined && parseContentAddress(address).method !== "flat")
    return fails(id, `${outPath} is no answer: it is not named by the content of one file`);
  if (taker.drvPath === undefined || !store.isValid(parseStorePath(taker.drvPath))) return holds(id);
  const taken = stageVariable(store.readDerivation(parseStorePath(taker.drvPath)))?.inputs["answer"];
  return taken === outPath ? holds(id) : fails(id, `${taker.drvPath} does not take ${outPath} as an answer`);
}

/** A command whose streams or files are more than its own program sees to is run by a module, too. */
function runsCommand({ args }: Pick<Derivation, "args">): boolean {
  return args.some((word) => /^\/nix\/store\/[^/]+-command-runner\.mjs$/.test(word));
}

/** Stages whose derivation follows from the pipeline alone: what they read is a source, or made by such a stage. */
function ofGraph({ stages, materials }: Pick<RunRecord, "stages" | "materials">): ReadonlySet<string> {
  const known = new Set(materials.flatMap(({ name, kind }) => (kind === "source" ? [name] : [])));
  for (const { name, graphDrvPath } of stages) if (graphDrvPath !== undefined) known.add(name);
  const isMade = ({ kind }: StageRecord): boolean =>
    kind !== "answer" && kind !== "each" && kind !== "environment";
  const follows = stages.filter((stage) => isMade(stage) && stage.inputs.every((input) => known.has(input)));
  return new Set(follows.map(({ name }) => name));
}

function outputsOfGraph(stages: readonly StageRecord[]): KnownOutputs {
  return new Map(
    stages.flatMap(({ graphDrvPath, outPath }) =>
      graphDrvPath === undefined || outPath === undefined
        ? []
        : [[parseStorePath(graphDrvPath), new Map([["out", parseStorePath(outPath)]])]],
    ),
  );
}

/** The derivation that one of the graph becomes; undefined when it has an input that the run has no output of. */
function resolvedPath(store: Store, graphDrvPath: string, made: KnownOutputs): string | undefined {
  try {
    return derivationPath(resolveDerivation(store.readDerivation(parseStorePath(graphDrvPath)), made));
  } catch (error) {
    if (isPipeliteError(error)) return undefined;
    throw error;
  }
}
