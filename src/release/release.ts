// The release of a run: every demand of the policy held against what there is, and, when all are met, a signed statement
// that says which policy was applied and what was found, in the manner of a SLSA verification summary. It is written
// once: a second release is the first one, or refused. A refused one leaves nothing behind.
import { PipeliteError, isPipeliteError } from "#base/errors.ts";
import { digestOf } from "#base/digest.ts";
import { memberAt } from "#base/strict-json.ts";
import { VERSION } from "#base/version.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { lostRebuilds } from "#rebuild/reproductions.ts";
import { parseBundle, writeBundle, type SigningKey } from "#sigstore/index.ts";
import { knownOf, personWith, signedByPerson, type Person } from "#supply/person.ts";
import { NO_REBUILDS, rebuildFacts } from "./rebuild-facts.ts";
import { checkDemands, freshAuditDemand, type Act, type Demand, type ReleaseFacts } from "./demands.ts";
import type { AuditOfRun, Deviation, DeviationSignal } from "./deviation.ts";
import { openDeviations, readDeviations } from "./deviations.ts";
import { requireMembers, requireTextMember } from "./members.ts";
import { parseAppliedPolicy, type AppliedPolicy, type Policy } from "./policy.ts";
import { checkName } from "./names.ts";
import { saidProblem, sealedAt, timeToSign } from "./said.ts";
import { RELEASE_TYPE } from "./predicates.ts";
import { treeDigest } from "./result-digest.ts";
import { changedMeanwhile, readSignatures, requireStill, subjectProblem, subjectsOf } from "./signatures.ts";
import type { SignatureView } from "./signature-view.ts";
import { sandboxesOf } from "./sandboxes.ts";
import { readStoredAudit } from "./stored-audit.ts";
import { pipeliteError } from "./errors.ts";

export interface ReleaseRun {
  home: Home;
  runId: string;
  applied: AppliedPolicy;
  /** Who releases; without it the demands are checked, one of them being this one. */
  releaser?: { name: string; key: SigningKey | Person } | undefined;
  /** Makes the audit that a policy asks for, and gives the way to keep it. */
  audit: () => Promise<FreshAudit>;
  signals?: readonly DeviationSignal[] | undefined;
  /** Hashes the outputs, directly before the seal. @throws where they are not what the run made */
  requireOutputs: () => Promise<void>;
  /** Attests the outputs when nothing else is missing: files relative to `<home>/pipelite`, with their digests. */
  attest?: (() => Promise<readonly Attested[]>) | undefined;
}

export interface Attested {
  file: string;
  /** `sha256:<hex>` */
  digest: string;
}

export interface FreshAudit {
  report: AuditOfRun;
  /** Writes it down as the last audit of the run, with a line in the journal. */
  keep(): void;
}

export interface Released {
  runId: string;
  releasedBy: string;
  keyId: string;
  releasedAt: string;
  /** The earliest time that an authority stamped; ISO 8601. */
  stampedAt?: string;
  recordDigest: string;
  policyDigest: string;
  policy: Policy;
  /** Relative to `<home>/pipelite`. */
  bundleFile: string;
}

export interface ReleaseOutcome {
  runId: string;
  status: "released" | "released-before" | "refused";
  policy: AppliedPolicy;
  demands: Demand[];
  release?: Released;
}

/** The file of a release, or, where others that count for nothing are in the journal, of the n-th. */
export function releaseFile(runId: string, number = 1): string {
  return `releases/${runId}${number === 1 ? "" : `.${number}`}.sigstore.json`;
}

/**
 * Releases a run, or says what is missing.
 * @throws PipeliteError RUN_NOT_FOUND, JOURNAL_BROKEN, RELEASE_EXISTS, SIGNER_INVALID
 */
export async function releaseRun({ runId: asked, ...rest }: ReleaseRun): Promise<ReleaseOutcome> {
  const { home, applied, releaser, audit } = rest;
  if (releaser !== undefined) checkName(releaser.name);
  const { runId } = home.runs.read(asked);
  const options = { ...rest, runId };
  // Outside the lock, since it may take as long as the run itself; it names the record that it is of.
  const fresh = applied.policy.audit === "fresh" ? await audit() : undefined;
  const decided = (attested?: readonly Attested[]) =>
    home.sealed.withLock(() => decide(options, fresh, attested));
  // What attests is signed and logged before the release that names it, and outside the lock.
  const outcome = (await decided()) ?? (await decided((await options.attest?.()) ?? []));
  if (outcome === undefined) throw new Error("a release is decided when its attestations are there");
  // A failed audit is a finding of its own, whatever it was made for.
  if (fresh?.report.status === "fails" && home.runs.read(runId).problem === undefined) {
    fresh.keep();
    await openDeviations(home, { runId }, { audit: fresh.report, signals: options.signals });
  }
  return outcome;
}

/** @returns undefined where all is met and the outputs are still to be attested */
async function decide(
  options: ReleaseRun,
  fresh: FreshAudit | undefined,
  attested: readonly Attested[] | undefined,
): Promise<ReleaseOutcome | undefined> {
  const { home, runId, applied, signals } = options;
  const releaser = options.releaser && { ...options.releaser, person: personOf(options.releaser.key) };
  const act = releaser && {
    name: releaser.name,
    keyId: releaser.person.id,
    at: new Date().toISOString(),
  };
  const facts = gatherFacts({ home, runId, policy: applied.policy, signals }, act, fresh?.report);
  const demands = checkDemands(facts);
  const outcome = { runId, policy: applied, demands };
  const isMet = demands.every((each) => each.isMet);
  if (!isMet) return { ...outcome, status: "refused" };
  const before = readReleases(home, runId).find(
    (each): each is Released =>
      !("problem" in each) && lackingDemands(home, each, applied.policy).length === 0,
  );
  if (before !== undefined) {
    if (before.policyDigest !== applied.digest)
      throw pipeliteError("RELEASE_EXISTS", { run: runId, problem: `by the policy ${before.policyDigest}` });
    return { ...outcome, status: "released-before", release: before };
  }
  if (releaser === undefined) throw new Error("a release by nobody met its demands");
  if (attested === undefined) return undefined;
  fresh?.keep();
  const file = await writeRelease(options, releaser, facts, { demands, attested });
  const release = readReleases(home, runId).find(({ bundleFile }) => bundleFile === file);
  if (release === undefined || "problem" in release)
    throw changedMeanwhile(facts.run, release?.problem ?? `${file} is gone`);
  return { ...outcome, status: "released", release };
}

/**
 * What a release lacks of the demands of a policy, asked again: of the run as it is, of the signatures that were there
 * before it, and of who released it then. An audit that was made fresh for it is now the stored one; where it was released
 * by a stored one, none was made.
 */
export function lackingDemands(home: Home, release: Released, policy: Policy): Demand[] {
  const { runId, releasedBy, keyId, releasedAt, stampedAt, bundleFile } = release;
  const asked = { ...policy, audit: "stored" as const };
  const facts = gatherFacts(
    { home, runId, policy: asked, signals: undefined },
    { name: releasedBy, keyId, at: releasedAt, sealedAt: sealedAt(home.journal, bundleFile), stampedAt },
  );
  const sequenceOf = (file: string) =>
    home.journal.entries.find((entry) => entry.file === file)?.sequence ?? Infinity;
  const own = sequenceOf(bundleFile);
  const signatures = facts.signatures.filter((each) => sequenceOf(each.bundleFile) < own);
  const demands = checkDemands({ ...facts, signatures });
  return [...freshAuditDemand(policy, release.policy), ...demands].filter(({ isMet }) => !isMet);
}

type Facts = ReleaseFacts & { run: ReadRun };

interface FactSources {
  home: Home;
  runId: string;
  policy: Policy;
  signals: readonly DeviationSignal[] | undefined;
}

function gatherFacts(
  { home, runId, policy, signals }: FactSources,
  releaser: Act | undefined,
  fresh?: AuditOfRun,
): Facts {
  home.journal.requireWhole();
  const run = home.runs.read(runId);
  const { problem } = run;
  const audit = policy.audit === "fresh" ? fresh : readStoredAudit(home, run);
  return {
    policy,
    run,
    record: run.record,
    recordDigest: run.digest,
    recordProblem: problem,
    ...treeFacts(home, run),
    audit,
    sandboxes: problem === undefined ? sandboxesOf(home, run) : new Map(),
    deviations:
      problem === undefined
        ? trustedDeviations(home, run, { audit, signals })
        : "not looked for in a record that has changed",
    signatures: readSignatures(home, runId),
    ...(problem === undefined ? rebuildFacts(home, run, policy) : NO_REBUILDS),
    lostRebuilds: problem === undefined && policy.reproduced ? lostRebuilds(home, run.record) : [],
    releaser,
  };
}

function treeFacts(home: Home, { record, problem }: ReadRun): Pick<ReleaseFacts, "treeHash" | "treeProblem"> {
  const nothing = { treeHash: undefined, treeProblem: undefined };
  if (problem !== undefined) return nothing;
  try {
    return { ...nothing, treeHash: treeDigest(home, record) };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { ...nothing, treeProblem: error.message };
  }
}

function trustedDeviations(
  home: Home,
  { record }: ReadRun,
  more: { audit: AuditOfRun | undefined; signals: readonly DeviationSignal[] | undefined },
): Deviation[] | string {
  try {
    return readDeviations(home, record, more);
  } catch (error) {
    if (isPipeliteError(error, "DEVIATION_HISTORY_BROKEN")) return error.message;
    throw error;
  }
}

function personOf(key: SigningKey | Person): Person {
  return "id" in key ? key : personWith(key);
}

async function writeRelease(
  { home, runId, applied, requireOutputs }: ReleaseRun,
  { name, person }: { name: string; person: Person },
  { run, audit, signatures, deviations }: Facts,
  { demands, attested }: { demands: readonly Demand[]; attested: readonly Attested[] },
): Promise<string> {
  const { policy, source, digest } = applied;
  const inputOf = ({ file, digest: of }: Attested) => ({
    uri: file,
    digest: { sha256: of.slice("sha256:".length) },
  });
  const input = (file: string) =>
    inputOf({
      file,
      digest: home.journal.entries.findLast((entry) => entry.file === file)?.digest ?? "",
    });
  const predicate = {
    verifier: { id: "pipelite", version: { pipelite: VERSION } },
    runId,
    timeVerified: timeToSign(run),
    journalHead: home.journal.head(),
    policy: { source: source === "built-in" ? source : "file", digest, content: policy },
    inputAttestations: [
      ...signatures.filter(isCounted).map(({ bundleFile }) => input(bundleFile)),
      ...attested.map(inputOf),
    ],
    audit: audit && {
      ...input(`audits/${runId}.json`),
      auditedAt: audit.auditedAt,
      status: audit.status,
      claims: audit.claims.length,
    },
    deviations: typeof deviations === "string" ? [] : deviations.map(summary),
    demands: demands.map(({ name: what, wanted, found }) => ({ name: what, wanted, found })),
    verificationResult: "PASSED",
  };
  const subject = subjectsOf(home, run);
  person.keep(home);
  const bundle = await person.sign((keyId) => ({
    subject,
    predicateType: RELEASE_TYPE,
    predicate: { ...predicate, releasedBy: { name, keyId } },
  }));
  await requireOutputs();
  requireStill(home, run, { subject, predicate });
  const content = writeBundle(bundle);
  const file = releaseFile(runId, sealedReleases(home, runId).length + 1);
  home.sealed.seal({ kind: "release", subject: runId, file, content });
  return file;
}

function isCounted({ isValid }: SignatureView): boolean {
  return isValid;
}

function summary({ id, kind, severity, state, disposition, recurrence }: Deviation): object {
  return { id, kind, severity, state, ...(disposition !== undefined && { disposition }), recurrence };
}

/** Where attestations of outputs are. */
const ATTESTATION = /^attestations\/[\w-]+\/[^/]+$/;

/** Something in the place of a release that is none. */
export interface NoRelease {
  bundleFile: string;
  problem: string;
}

/**
 * The releases of a run that the journal has, oldest first, and what stands in the place of one and counts for nothing:
 * whoever can write to a home can put such a thing there, so it must not stand in the way of a release either.
 */
export function readReleases(home: Home, runId: string): (Released | NoRelease)[] {
  home.journal.requireWhole();
  const files = sealedReleases(home, runId);
  if (files.length === 0) return [];
  const run = home.runs.read(runId);
  return files.map((file) => {
    try {
      return parseRelease({ home, run, file });
    } catch (error) {
      if (!(error instanceof PipeliteError) && !(error instanceof RangeError)) throw error;
      return { bundleFile: file, problem: error.message };
    }
  });
}

/** Files of a run's releases in the journal, one for each number. */
function sealedReleases(home: Home, runId: string): string[] {
  const sealed = new Set(home.journal.entries.map(({ file }) => file));
  const files: string[] = [];
  while (sealed.has(releaseFile(runId, files.length + 1))) files.push(releaseFile(runId, files.length + 1));
  return files;
}

interface SealedRelease {
  home: Home;
  run: ReadRun;
  file: string;
}

/** @throws RangeError with the problem, PipeliteError of the bundle and what it says */
function parseRelease({ home, run, file }: SealedRelease): Released {
  const { text, problem } = home.sealed.read(file);
  if (text === undefined || problem !== undefined) throw new RangeError(problem ?? "the file is gone");
  const bundle = parseBundle(text);
  const { statement, id, stampedAt } = signedByPerson(knownOf(home), bundle);
  const { predicateType, predicate } = statement;
  const releasedBy = requireMembers(predicate["releasedBy"], "releasedBy");
  const [name, at] = [requireTextMember(releasedBy, "name"), requireTextMember(predicate, "timeVerified")];
  const mismatch =
    subjectProblem(home, run, statement) ??
    saidProblem({ predicate, name, at, file, run, journal: home.journal }) ??
    attestationProblem(home, predicate["inputAttestations"]);
  if (mismatch !== undefined) throw new RangeError(mismatch);
  if (predicateType !== RELEASE_TYPE || requireTextMember(releasedBy, "keyId") !== bundle.keyId)
    throw new RangeError("it is not a release by the key it is signed with");
  const policy = requireMembers(predicate["policy"], "policy");
  const stated = parseAppliedPolicy(policy["content"]);
  if (stated.digest !== requireTextMember(policy, "digest"))
    throw new RangeError("its policy is not of its digest");
  return {
    runId: run.runId,
    releasedBy: name,
    keyId: id,
    releasedAt: at,
    ...(stampedAt !== undefined && { stampedAt: new Date(stampedAt).toISOString() }),
    recordDigest: run.digest,
    policyDigest: stated.digest,
    policy: stated.policy,
    bundleFile: file,
  };
}

/** Why the attestations of outputs that a release names are not there as they were. */
function attestationProblem(home: Home, inputs: unknown): string | undefined {
  for (const each of Array.isArray(inputs) ? inputs : []) {
    const [uri, sha256] = [memberAt(each, "uri"), memberAt(each, "digest", "sha256")];
    if (typeof uri !== "string" || !ATTESTATION.test(uri)) continue;
    const bytes = home.readFile(uri);
    if (bytes === undefined) return `the attestation ${uri} is gone`;
    if (digestOf(bytes) !== `sha256:${String(sha256)}`) return `the attestation ${uri} is another one`;
  }
  return undefined;
}
