// Verification of a run, of bundles, or of a path, offline: what was signed in the home by the keys that it knows, and with a trust
// file what others must believe, by those whom it names.
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { readNamedText, writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { readPublicKey } from "#keys/key-file.ts";
import { parseStorePath, STORE_DIR, storePathBase, storePathName, type StorePath } from "#nix/store-path.ts";
import { readPolicy } from "#release/policy.ts";
import type { SignatureView } from "#release/signature-view.ts";
import { verifyBundleFile, verifyRun, type Verification } from "#release/verify.ts";
import type { ClosureKind } from "#sbom/bom.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";
import { parseStatement, type ResourceDigest, type SigningKey, type Statement } from "#sigstore/index.ts";
import { openStore } from "#store/store.ts";
import {
  attestationsFolder,
  attestedRuns,
  outputsOf,
  ownAttestations,
  readBundles,
  runOf,
  verifyBundles,
  verifyOutputs,
  type BundleFile,
} from "#supply/attestations.ts";
import { builderKey } from "#supply/attest.ts";
import { sourceFindings } from "#supply/built-from.ts";
import { rootsOf } from "#supply/closure.ts";
import { fails, holds, worstOf, type Finding } from "#supply/finding.ts";
import { goneFrom } from "#supply/gone.ts";
import { below, contentsFindings } from "#supply/path.ts";
import { demandedSbom } from "#supply/sbom-demand.ts";
import { isSbomStatement } from "#supply/sbom-statement.ts";
import { StoreBytes } from "#supply/store-bytes.ts";
import { parseTrust, type Trust } from "#supply/trust.ts";
import { verifyProvenance } from "#supply/verify.ts";
import { writeSummary, type Summary } from "#supply/vsa.ts";
import type { VerifyTarget } from "./verify-target.ts";

export interface VerifyRequest {
  home: Home;
  /** What a word means: a run, a bundle, a folder of bundles, or a path of the store. */
  target: VerifyTarget;
  /** Public keys that count for signatures; undefined: those known here. */
  keyFiles: readonly string[] | undefined;
  /** The policy in force; default: the one beside the pipeline.ts of this folder, whatever the record says. */
  policyFile: string | undefined;
  trustFile: string | undefined;
  /** Folder with the bundles; default: what this home keeps. */
  bundles: string | undefined;
  /** Where a summary of it goes, and who signs that: by default the key of the home. */
  summary: { file: string; key: SigningKey | undefined } | undefined;
}

export interface VerifiedTarget {
  form: VerifyTarget["form"];
  status: Verification["status"];
  checks: Verification[];
  /** Of a run. */
  runId?: string;
  recordDigest?: string;
  signatures?: SignatureView[];
  /** Of a bundle: where it is, the key it names, and what it says when its signature holds. */
  file?: string;
  keyId?: string;
  statement?: Statement;
  /** Of a path. */
  path?: string;
}

/** @throws PipeliteError RUN_NOT_FOUND, BUNDLE_INVALID, TRUST_INVALID, and those of keys and policies */
export function verify(request: VerifyRequest): VerifiedTarget {
  const { trustFile, summary } = request;
  try {
    return trustFile === undefined ? verifyAlone(request) : verifyByTrust(request, trustFile);
  } catch (error) {
    // A summary of before must not stand for what could not even be read.
    if (summary !== undefined) rmSync(summary.file, { force: true });
    throw error;
  }
}

function verifyByTrust(request: VerifyRequest, trustFile: string): VerifiedTarget {
  const { home, target, summary, bundles } = request;
  // One that is not there is the user's mistake, and not a run without bundles.
  if (bundles !== undefined) readdirSync(bundles);
  const text = readNamedText(trustFile);
  const trust = parseTrust(text, trustFile);
  using store = openStore(home.folder, { readOnly: true });
  const bytes = new StoreBytes(store);
  const { verified, by, subject, resource } = withSbom(judge(request, trust, bytes), request, trust, bytes);
  if (summary !== undefined) {
    const { file, key = builderKey(home) } = summary;
    const { status } = verified;
    const { statements, files } = by;
    const at = new Date().toISOString();
    const told = { status, subject, resource, policyDigest: digestOf(text), statements, files, at };
    // Of nothing there is no summary, and none of before may stay in its place.
    if (subject.length === 0) rmSync(file, { force: true });
    else writeFileAtomically(file, writeSummary(told, key));
  }
  return { ...verified, form: target.form };
}

function verifyAlone({ home, target, keyFiles, policyFile }: VerifyRequest): VerifiedTarget {
  const keys = keyFiles?.map(readPublicKey);
  if (target.form === "bundle") {
    const { file } = target;
    return { form: "bundle", file, ...naming(file, () => verifyBundleFile(home, readNamedText(file), keys)) };
  }
  if (target.form !== "run") throw new Error("a path has no key of its own");
  const { runId } = home.runs.find(target.which);
  const { policy } = readPolicy(target.which.pipelineFile, policyFile);
  const verified = verifyRun(home, runId, { keys, policy });
  const run = home.runs.read(runId);
  const checks = [...verified.checks, ...(run.problem === undefined ? ownAttestations(home, run) : [])];
  const status = checks.some((each) => each.status === "fails") ? "fails" : "holds";
  return { form: "run", ...verified, checks, status };
}

/** A file that is no bundle is named. @throws BUNDLE_INVALID */
function naming<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isPipeliteError(error, "BUNDLE_INVALID")) throw error;
    throw sigstoreError("BUNDLE_INVALID", { problem: `${file}: ${String(error.details["problem"])}` }, error);
  }
}

interface Judged {
  verified: Omit<VerifiedTarget, "form">;
  by: Pick<Summary, "statements" | "files">;
  /** What a summary is of. */
  subject: readonly ResourceDigest[];
  resource: string;
}

function judge(request: VerifyRequest, trust: Trust, bytes: StoreBytes): Judged {
  const { home, target, bundles } = request;
  switch (target.form) {
    case "bundle": {
      const { file } = target;
      const text = readNamedText(file);
      const verified = naming(file, () => verifyProvenance(text, trust, bytes));
      const { findings: checks, statement, ...rest } = verified;
      const isBuilt = statement !== undefined && rest.status === "holds" && !isSbomStatement(statement);
      const statements = isBuilt ? [statement] : [];
      const files = [{ name: basename(file), digest: digestOf(text), bundle: undefined, problem: "" }];
      const said = { file, checks, ...rest, ...(statement !== undefined && { statement }) };
      return judged(said, { statements, files }, statement?.subject ?? []);
    }
    case "folder": {
      const all = readBundles(target.folder);
      const by = verifyBundles(all, { trust, bytes });
      const gone = goneFrom(home, all, runOfAll(home, by.statements));
      return judged(
        { checks: [...by.findings, ...gone, ...sourceFindings(by.statements, trust)] },
        by,
        by.statements.flatMap(({ subject }) => subject),
      );
    }
    case "path": {
      const { path } = target;
      const contents = contentsFindings(path, bytes);
      const subject = bytes.store.isPresent(path) ? [subjectOf(path, bytes)] : [];
      const resource = `file://${path}`;
      if (worstOf(contents) !== "holds")
        return judged({ path, checks: contents }, NOTHING, subject, resource);
      const { built, sources } = below(path, bytes, trust.sources);
      const files = bundles === undefined ? bundlesOf(home, built) : readBundles(bundles);
      const outputs = built.map((base) => ({
        name: storePathName(`${STORE_DIR}/${base}` as StorePath),
        base,
      }));
      // Of sources alone nothing was built.
      const by =
        built.length === 0 ? { findings: [], ...NOTHING } : verifyOutputs(files, outputs, { trust, bytes });
      const given = sources.map((each): [StorePath, { sha256: string }] => [
        each,
        { sha256: bytes.narHash(each) },
      ]);
      return judged(
        { path, checks: [...contents, ...by.findings, ...sourceFindings(by.statements, trust, given)] },
        by,
        subject,
        resource,
      );
    }
    case "run": {
      const alone = verifyAlone(request);
      const run = home.runs.read(alone.runId ?? "");
      const outputs = outputsOf(run);
      const files = readBundles(bundles ?? home.pathOf(attestationsFolder(run.runId)));
      const by = verifyOutputs(files, outputs, { trust, bytes, runDigest: run.digest });
      const passed = passedFinding(run);
      // Of a record that was changed nothing that it says is looked at.
      const more =
        run.problem === undefined ? [passed, ...by.findings, ...sourceFindings(by.statements, trust)] : [];
      // A deviation or a release that there is none of was not asked for.
      const own = alone.checks.filter(({ status }) => status !== "untested");
      const subject = outputs.map(({ base, narHash }) => ({
        name: base,
        digest: { sha256: narHash, narHash },
      }));
      return judged({ ...alone, checks: [...own, ...more] }, by, subject, `urn:pipelite:run:${run.runId}`);
    }
  }
}

/** With what comes of the bill of materials, where the trust file asks for one. */
function withSbom(judged: Judged, request: VerifyRequest, trust: Trust, bytes: StoreBytes): Judged {
  const { sbom } = trust;
  if (sbom === undefined) return judged;
  const { verified, by } = judged;
  const { folder, roots } = closureOf(request, { sbom, sources: trust.sources }, by.statements, bytes);
  const { findings, files } = demandedSbom(folder, sbom, { bytes, roots, trust });
  const checks = [...verified.checks, ...findings];
  return {
    ...judged,
    verified: { ...verified, checks, status: worstOf(checks) },
    by: { ...by, files: [...by.files, ...files] },
  };
}

/** Where the document must be, and what it must be of; bundles tell of a run, and this home may have its record. */
function closureOf(
  { home, target, bundles }: VerifyRequest,
  { sbom: kind, sources }: { sbom: ClosureKind; sources: Trust["sources"] },
  statements: readonly Statement[],
  bytes: StoreBytes,
): { folder: string | undefined; roots: readonly StorePath[] | undefined } {
  const rootsIn = (run: ReadRun | undefined) =>
    run === undefined || run.problem !== undefined ? undefined : rootsOf(run.record, kind);
  switch (target.form) {
    case "bundle":
      return { folder: dirname(target.file), roots: rootsIn(runOfAll(home, statements)) };
    case "folder":
      return { folder: target.folder, roots: rootsIn(runOfAll(home, statements)) };
    case "path": {
      const isKnown = kind === "runtime" && bytes.store.isPresent(target.path);
      const found = isKnown ? below(target.path, bytes, sources) : undefined;
      const built = found?.built.map((base) => parseStorePath(`${STORE_DIR}/${base}`));
      return { folder: bundles, roots: built && [...built, ...(found?.sources ?? [])] };
    }
    case "run": {
      const run = home.runs.find(target.which);
      return { folder: bundles ?? home.pathOf(attestationsFolder(run.runId)), roots: rootsIn(run) };
    }
  }
}

/** The run that all of these are of, where its record is here as it was. */
function runOfAll(home: Home, statements: readonly Statement[]): ReadRun | undefined {
  const [digest, other] = new Set(statements.map(runOf));
  if (digest === undefined || other !== undefined) return undefined;
  const entry = home.journal.entries.find((each) => each.kind === "run" && each.digest === digest);
  return entry && home.runs.intact([entry.subject])[0];
}

/** Outputs of a run that failed can be verified, each by its path: the run is not what was asked for. */
function passedFinding({ record: { status } }: ReadRun): Finding {
  return status === "passed" ? holds("run", "it passed") : fails("run", `it ${status}`);
}

function subjectOf(path: StorePath, bytes: StoreBytes): ResourceDigest {
  const sha256 = bytes.narHash(path);
  return { name: storePathBase(path), digest: { sha256, narHash: sha256 } };
}

/** Several have no name of their own: they are called by what they are. */
function resourceOf(subject: Judged["subject"]): string {
  const [first, ...others] = subject;
  return others.length === 0
    ? `urn:pipelite:output:${first?.name ?? "unknown"}`
    : `urn:pipelite:outputs:${digestOf(canonicalJson(subject))}`;
}

const NOTHING = { statements: [], files: [] };

function judged(
  said: Omit<VerifiedTarget, "form" | "status">,
  by: Judged["by"],
  subject: Judged["subject"],
  resource = resourceOf(subject),
): Judged {
  return { verified: { ...said, status: worstOf(said.checks) }, by, subject, resource };
}

/** Those of all runs whose statements say that they are of one of these: what they say is verified afterwards. */
function bundlesOf(home: Home, bases: readonly string[]): BundleFile[] {
  const isOf = ({ bundle }: BundleFile): boolean => {
    try {
      const { subject } = parseStatement(bundle?.payload ?? new Uint8Array());
      return subject.some(({ name }) => bases.includes(name));
    } catch {
      return false;
    }
  };
  return attestedRuns(home).flatMap((run) => readBundles(home.pathOf(attestationsFolder(run))).filter(isOf));
}
