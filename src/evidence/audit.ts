// The audit of a run: everything it states is computed again from the evidence and nothing else. What the record claims is
// not believed: the list of claims is made again from the record's figures and the bytes of the outputs, every formula is
// evaluated over bytes whose store paths were just recomputed, and every derivation is built again in a sandbox.
import type { Variables } from "#base/environment.ts";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { entryAt, removeTree } from "#base/files.ts";
import { VERSION } from "#base/version.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { isProcessAlive } from "#base/process.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import { openStore } from "#store/store.ts";
import type { Store } from "#store/store.ts";
import { rebuildAll, type RebuildFinding, type RebuildProgress } from "./audit-builds.ts";
import type { AuditReport } from "./audit-file.ts";
import { checkEvidence, sourceOf, type DocumentMaker } from "./audit-evidence.ts";
import { judgeClaim, type AuditedClaim, type ClaimGround } from "./audit-claims.ts";
import type { Claim } from "#home/run-record.ts";
import { EvidenceFiles } from "./evidence-files.ts";
import { checkExpansions } from "./expansions.ts";
import { checkVariants } from "./variants.ts";
import type { Value } from "#formula/formula.ts";
import { checkBuilds } from "./audit-logs.ts";
import {
  checkDerivations,
  checkJournal,
  checkPathSteps,
  checkRecord,
  checkTree,
  fails,
  holds,
  unavailable,
  type AuditStatus,
  type IntegrityFinding,
  type TreeHashes,
} from "./integrity.ts";
import { outputClaimSteps } from "./output-claims.ts";
import { SeenFiles } from "./seen.ts";
import { claimsOfRun } from "./run-claims.ts";
import { Weigher } from "./weigher.ts";
import type { RunRecord } from "#home/run-record.ts";

export interface AuditOptions {
  /** Builds at a time; default: the cores of this machine. */
  jobs?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Kept from audit to audit of one process: a tree that is the same by its inodes and times is not read again. */
  hashes?: TreeHashes | undefined;
  /** Makes the documents of the result tree again. */
  documents: DocumentMaker;
  /** false: build nothing again; what only that can tell is unavailable then. */
  rebuild?: boolean | undefined;
  /** To build in, in place of the run's; what was built without a sandbox is built again only where this says `none`. */
  sandbox?: SandboxKind | undefined;
  /** The environment of who audits: where programs are found, and what fixed-output derivations ask of it; default: none. */
  env?: Variables | undefined;
}

/** Audits a run; changes nothing in the home. @throws what opening the store throws; the signal's reason */
export async function auditRun(home: Home, run: ReadRun, options: AuditOptions): Promise<AuditReport> {
  const {
    jobs = availableParallelism(),
    signal,
    onProgress,
    rebuild = true,
    hashes = new Map(),
    documents,
    env = {},
    sandbox,
  } = options;
  const { record } = run;
  const auditedAt = new Date().toISOString();
  const folder = workFolder(home);
  const store = openStore(home.folder, { readOnly: true });
  const weigher = new Weigher((path) => store.physical(parseStorePath(path)), signal);
  try {
    const seen = new SeenFiles(home.folder);
    const source = sourceOf(home, run);
    const other = typeof source === "string" || source === run ? [] : [source];
    const records = [run, ...other].map((each) => each.record);
    const paths = await inTurns(pathSteps(store, records, hashes, seen), signal);
    const own = [...checkJournal(home, run), ...checkRecord(run)];
    const others = [
      ...checkTree(store, record),
      ...(await checkEvidence({ home, store, run, source, maker: documents, signal })),
      ...checkDerivations(store, record, paths),
      ...checkExpansions(store, record, paths),
      ...checkVariants(store, record, paths),
      ...checkBuilds(home, record),
    ];
    const builds = await rebuildAll({
      store,
      records,
      folder,
      paths,
      seen,
      jobs,
      signal,
      onProgress,
      isWanted: rebuild,
      env,
      sandbox,
    });
    const ground = { store, paths, builds: builds.made, files: new EvidenceFiles(), weigher };
    const { claims, missing } = await inTurns(
      claimSteps(ground, record, worstOf(own, "record"), documents),
      signal,
    );
    const ofSource: IntegrityFinding[] = [];
    for (const each of other)
      ofSource.push(
        await inTurns(sourceSteps(home, each, ground, builds.findings[1] ?? [], documents), signal),
      );
    const race = raceOf(seen);
    const integrity = [...own, ...paths.values(), ...others, ...ofSource, missing, ...race];
    const rebuilds = builds.findings[0] ?? [];
    const all = [...claims, ...integrity, ...rebuilds].map(({ status }) => status);
    return {
      runId: record.runId,
      auditedAt,
      status: worst(all),
      sandbox: builds.sandbox,
      claims,
      integrity,
      rebuilds,
    };
  } finally {
    await weigher.close();
    store.close();
    removeTree(folder);
  }
}

function raceOf(seen: SeenFiles): IntegrityFinding[] {
  const change = seen.changed();
  if (change === undefined) return [];
  const { file, isCertain } = change;
  return isCertain
    ? [fails("audit", `${file} was changed while it was audited`)]
    : [unavailable("audit", `${file}, which the home is in, may have been moved while it was audited`)];
}

/** The version of Pipelite that made a record, where it is not this one. */
function otherVersion({ host, documentsBy }: RunRecord, { writer }: DocumentMaker): string | undefined {
  if (host.pipelite !== VERSION) return `Pipelite ${host.pipelite}`;
  return documentsBy === undefined || documentsBy === writer ? undefined : `Pipelite ${documentsBy}`;
}

/** All that claims of any record are judged on. */
type CommonGround = Omit<ClaimGround, "record" | "recordFinding" | "madeBy">;

function* claimSteps(
  common: CommonGround,
  record: RunRecord,
  recordFinding: IntegrityFinding,
  documents: DocumentMaker,
): Steps<{ claims: AuditedClaim[]; missing: IntegrityFinding }> {
  const madeBy = otherVersion(record, documents);
  const value = JSON.parse(JSON.stringify(record)) as Value;
  const ground = { ...common, madeBy, record: value, recordFinding };
  const { expected, missing } = yield* expectedClaims(common, record);
  const isOther = missing.status === "fails" && madeBy !== undefined;
  const claims: AuditedClaim[] = [];
  for (const claim of record.claims) {
    claims.push(yield* judgeClaim(ground, claim, expected(claim)));
    yield;
  }
  return {
    claims,
    missing: isOther
      ? unavailable(missing.id, `${missing.reason ?? ""} to this version; the record is by ${madeBy}`)
      : missing,
  };
}

/**
 * The run whose evidence this one shows: its record is what the documents are made of, so nothing of it is believed
 * either, though only this run was asked about.
 */
function* sourceSteps(
  home: Home,
  source: ReadRun,
  ground: CommonGround,
  rebuilds: readonly RebuildFinding[],
  documents: DocumentMaker,
): Steps<IntegrityFinding> {
  const id = "evidence/source";
  const { record, runId } = source;
  const own = checkRecord(source);
  const { claims, missing } = yield* claimSteps(ground, record, worstOf(own, "record"), documents);
  const all = [
    ...own,
    missing,
    ...checkDerivations(ground.store, record, ground.paths),
    ...checkExpansions(ground.store, record, ground.paths),
    ...checkVariants(ground.store, record, ground.paths),
    ...checkBuilds(home, record),
    ...claims,
    ...rebuilds,
  ];
  const status = worst(all.map((each) => each.status));
  if (status === "holds") return holds(id);
  const reason = all.find((each) => each.status === status)?.reason ?? "no reason";
  const text = `its evidence is of the run ${runId}, whose record ${status === "fails" ? "fails" : "can't be told"}: ${reason}`;
  return { id, status, reason: text };
}

/** A folder of this audit's own; those of audits that were killed are removed. */
function workFolder(home: Home): string {
  const { temporary } = home.layout;
  mkdirSync(temporary, { recursive: true });
  for (const name of readdirSync(temporary)) {
    const [, pid] = /^audit-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isProcessAlive(pid)) removeTree(join(temporary, name));
  }
  return mkdtempSync(join(temporary, `audit-${process.pid}-`));
}

/** Everything that the records name and that this needs, each once. */
function* pathSteps(
  store: Store,
  records: readonly RunRecord[],
  hashes: TreeHashes,
  seen: SeenFiles,
): Steps<Map<string, IntegrityFinding>> {
  const named = records
    .flatMap(({ stages, materials, results, tree }) => [
      ...stages.flatMap(({ drvPath, graphDrvPath, outPath }) => [drvPath, graphDrvPath, outPath]),
      ...materials.map(({ path }) => path),
      ...Object.values(results),
      tree,
    ])
    .filter((path) => path !== undefined);
  const paths = [...new Set(named)].map(parseStorePath);
  const present = paths.filter((path) => store.isValid(path));
  const all = new Set<StorePath>([...paths, ...store.closure(present)]);
  const findings = new Map<string, IntegrityFinding>();
  for (const path of [...all].toSorted())
    findings.set(path, yield* checkPathSteps(store, path, hashes, seen));
  return findings;
}

/** The claims that the evidence gives, and those of them that the record lacks. */
function* expectedClaims(
  { store, weigher }: CommonGround,
  record: RunRecord,
): Steps<{ expected: (claim: Claim) => Claim | IntegrityFinding | undefined; missing: IntegrityFinding }> {
  const locate = (path: string) => store.physical(parseStorePath(path));
  const { claims, ...bare } = record;
  const isThere = (path: string | undefined) => path === undefined || entryAt(locate(path)) !== undefined;
  const stages = record.stages.filter(({ outPath }) => isThere(outPath));
  const results = Object.fromEntries(Object.entries(record.results).filter(([, path]) => isThere(path)));
  const isWhole =
    stages.length === record.stages.length &&
    Object.keys(results).length === Object.keys(record.results).length;
  let ofOutputs: Claim[];
  try {
    ofOutputs = yield* outputClaimSteps(
      { stages, results, materials: record.materials },
      locate,
      (...claim) => weigher.weigh(...claim),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      expected: () => undefined,
      missing: fails("claims", `the outputs give no claims: ${reason}`),
    };
  }
  const given = new Map(claimsOfRun(bare, ofOutputs).map((claim) => [claim.id, claim]));
  const uncounted = "not all outputs are in the store, so how many claims there are can't be told";
  return {
    expected: ({ id }) =>
      !isWhole && /^run\/(claims|checks)/.test(id) ? unavailable(id, uncounted) : given.get(id),
    missing: missingClaims(claims, given),
  };
}

function missingClaims(claims: readonly Claim[], given: ReadonlyMap<string, Claim>): IntegrityFinding {
  const stated = new Set(claims.map(({ id }) => id));
  const lacking = [...given.keys()].filter((id) => !stated.has(id));
  if (lacking.length > 0)
    return fails("claims", `run.json#/claims lacks ${lacking.join(", ")}, which the evidence gives`);
  if (stated.size < claims.length) return fails("claims", "run.json#/claims has two claims of one id");
  return holds("claims");
}

function worstOf(findings: readonly IntegrityFinding[], id: string): IntegrityFinding {
  return findings.find(({ status }) => status === "fails") ?? holds(id);
}

export function worst(statuses: readonly AuditStatus[]): AuditStatus {
  if (statuses.includes("fails")) return "fails";
  return statuses.includes("unavailable") ? "unavailable" : "holds";
}
