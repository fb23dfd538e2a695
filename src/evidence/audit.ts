// The audit of a run: everything it states is computed again from the evidence and nothing else. What the record claims is
// not believed: the list of claims is made anew from the record's figures and the bytes of the outputs, every formula is
// evaluated over bytes whose store paths were just recomputed, and every derivation is built again in a sandbox.
import type { Environment } from "#base/environment.ts";
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { VERSION } from "#base/version.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { isProcessAlive } from "#base/process.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import type { Store } from "#store/store.ts";
import { rebuildAll, type RebuildProgress } from "./audit-builds.ts";
import type { AuditReport } from "./audit-file.ts";
import { checkEvidence, type DocumentMaker } from "./audit-evidence.ts";
import { judgeClaim, type ClaimGround } from "./audit-claims.ts";
import type { Claim } from "#home/run-record.ts";
import { EvidenceFiles } from "./evidence-files.ts";
import type { Value } from "#formula/formula.ts";
import {
  changedSince,
  checkBuilds,
  checkDerivations,
  checkJournal,
  checkPath,
  checkRecord,
  checkTree,
  fails,
  holds,
  unavailable,
  type AuditStatus,
  type Finding,
  type Seen,
  type TreeHashes,
} from "./integrity.ts";
import { outputClaims } from "./output-claims.ts";
import { claimsOfRun } from "./run-claims.ts";
import type { RunRecord } from "#home/run-record.ts";

export interface AuditOptions {
  /** Builds at a time; default: the cores of this machine. */
  jobs?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Kept from audit to audit of one process: a tree that is the same by its inodes and times is not read again. */
  hashes?: TreeHashes | undefined;
  /** Makes the documents of the result tree anew. */
  documents: DocumentMaker;
  /** false: build nothing again; what only that can tell is unavailable then. */
  rebuild?: boolean | undefined;
  /** The environment of who audits: where programs are found, and what fixed-output derivations ask of it; default: none. */
  env?: Environment | undefined;
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
  } = options;
  const { record } = run;
  const auditedAt = new Date().toISOString();
  const folder = workFolder(home);
  const store = openStore(home.folder, { readOnly: true });
  try {
    const seen: Seen = new Map();
    const paths = checkPaths(store, record, hashes, seen);
    const own = [...checkJournal(home, run), ...checkRecord(run)];
    const others = [
      ...checkTree(store, record),
      ...checkEvidence(home, store, run, documents),
      ...checkDerivations(store, record, paths),
      ...checkBuilds(home, record),
    ];
    const builds = await rebuildAll({
      store,
      record,
      folder,
      paths,
      seen,
      jobs,
      signal,
      onProgress,
      isWanted: rebuild,
      env,
    });
    const madeBy = otherVersion(record, documents);
    const ground: ClaimGround = {
      store,
      madeBy,
      record: JSON.parse(JSON.stringify(record)) as Value,
      paths,
      builds: builds.made,
      recordFinding: worstOf(own, "record"),
      files: new EvidenceFiles(),
    };
    const { expected, missing: lacking } = expectedClaims(store, record);
    const missing = lacking.map((finding) =>
      finding.status === "fails" && madeBy !== undefined
        ? unavailable(finding.id, `${finding.reason ?? ""} to this version; the record is by ${madeBy}`)
        : finding,
    );
    const claims = record.claims.map((claim) => judgeClaim(ground, claim, expected(claim)));
    const changed = changedSince(seen);
    const race = changed === undefined ? [] : [fails("audit", `${changed} was changed while it was audited`)];
    const integrity = [...own, ...paths.values(), ...others, ...missing, ...race];
    const all = [...claims, ...integrity, ...builds.findings].map(({ status }) => status);
    return {
      runId: record.runId,
      auditedAt,
      status: worst(all),
      sandbox: builds.sandbox,
      claims,
      integrity,
      rebuilds: builds.findings,
    };
  } finally {
    store.close();
    removeTree(folder);
  }
}

/** The version of Pipelite that made a record, where it is not this one. */
function otherVersion({ host, documentsBy }: RunRecord, { writer }: DocumentMaker): string | undefined {
  if (host.pipelite !== VERSION) return `Pipelite ${host.pipelite}`;
  return documentsBy === undefined || documentsBy === writer ? undefined : `Pipelite ${documentsBy}`;
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

/** Everything that the record names and that this needs, each once. */
function checkPaths(store: Store, record: RunRecord, hashes: TreeHashes, seen: Seen): Map<string, Finding> {
  const { stages, materials, results, tree } = record;
  const named = [
    ...stages.flatMap(({ drvPath, graphDrvPath, outPath }) => [drvPath, graphDrvPath, outPath]),
    ...materials.map(({ path }) => path),
    ...Object.values(results),
    tree,
  ].filter((path) => path !== undefined);
  const paths = [...new Set(named)].map(parseStorePath);
  const present = paths.filter((path) => store.isValid(path));
  const all = new Set<StorePath>([...paths, ...store.closure(present)]);
  return new Map([...all].toSorted().map((path) => [path, checkPath(store, path, hashes, seen)]));
}

/** The claims that the evidence gives, and those of them that the record lacks. */
function expectedClaims(
  store: Store,
  record: RunRecord,
): { expected: (claim: Claim) => Claim | Finding | undefined; missing: Finding[] } {
  const locate = (path: string) => store.physical(parseStorePath(path));
  const { claims, ...bare } = record;
  const isThere = (path: string | undefined) => path === undefined || existsSync(locate(path));
  const stages = record.stages.filter(({ outPath }) => isThere(outPath));
  const results = Object.fromEntries(Object.entries(record.results).filter(([, path]) => isThere(path)));
  const isWhole =
    stages.length === record.stages.length &&
    Object.keys(results).length === Object.keys(record.results).length;
  let ofOutputs: Claim[];
  try {
    ofOutputs = outputClaims({ stages, results, materials: record.materials }, locate);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      expected: () => undefined,
      missing: [fails("claims", `the outputs give no claims: ${reason}`)],
    };
  }
  const given = new Map(claimsOfRun(bare, ofOutputs).map((claim) => [claim.id, claim]));
  const uncounted = "not all outputs are in the store, so how many claims there are can't be told";
  return {
    expected: ({ id }) =>
      !isWhole && /^run\/(claims|checks)/.test(id) ? unavailable(id, uncounted) : given.get(id),
    missing: [missingClaims(claims, given)],
  };
}

function missingClaims(claims: readonly Claim[], given: ReadonlyMap<string, Claim>): Finding {
  const stated = new Set(claims.map(({ id }) => id));
  const lacking = [...given.keys()].filter((id) => !stated.has(id));
  if (lacking.length > 0)
    return fails("claims", `run.json#/claims lacks ${lacking.join(", ")}, which the evidence gives`);
  if (stated.size < claims.length) return fails("claims", "run.json#/claims has two claims of one id");
  return holds("claims");
}

function worstOf(findings: readonly Finding[], id: string): Finding {
  return findings.find(({ status }) => status === "fails") ?? holds(id);
}

export function worst(statuses: readonly AuditStatus[]): AuditStatus {
  if (statuses.includes("fails")) return "fails";
  return statuses.includes("unavailable") ? "unavailable" : "holds";
}
