// Verification of what was signed, offline: digests of record and outputs against the journal and against what is on
// disk, and every signature by its key. It recomputes no claim: that is the audit's work.
import { entryAt } from "#base/files.ts";
import { PipeliteError } from "#base/errors.ts";
import { finish } from "#base/steps.ts";
import type { Home } from "#home/home.ts";
import { setBackText } from "#home/set-backs.ts";
import type { ReadRun } from "#home/runs.ts";
import type { StageRecord } from "#home/run-record.ts";
import { equalHashes, parseHash } from "#nix/hash.ts";
import { parseBundle, verifyBundle, type PublicKey, type Statement } from "#sigstore/index.ts";
import { hashSteps } from "#store/tree.ts";
import { builderPublicKey } from "#supply/attest.ts";
import type { Deviation } from "./deviation.ts";
import { acceptedBreaks } from "./journal-breaks.ts";
import { actOf, roleOf } from "./demands.ts";
import { readDeviations } from "./deviations.ts";
import type { Policy } from "./policy.ts";
import { lackingDemands, readReleases, type NoRelease, type Released } from "./release.ts";
import { RELEASE_TYPE, SIGNATURE_TYPE, TRANSITION_TYPE } from "./predicates.ts";
import { treeDigest } from "./result-digest.ts";
import { readSignatures, subjectProblem } from "./signatures.ts";
import type { SignatureView } from "./signature-view.ts";

export interface Verification {
  /** `journal`, `record`, `output/<stage>`, `signature/<n>`, `deviations`, `release`; of a bundle `signature`, `subject` */
  what: string;
  status: "holds" | "fails" | "untested";
  detail: string;
}

export interface VerifiedRun {
  runId: string;
  recordDigest: string;
  status: "holds" | "fails";
  checks: Verification[];
  signatures: SignatureView[];
}

export interface TrustedKeys {
  /** The only keys that count; without them, those kept in this home do, and whose they are is not shown. */
  keys?: readonly PublicKey[] | undefined;
  policy: Policy;
}

/** @throws PipeliteError RUN_NOT_FOUND, RUN_RECORD_INVALID */
export function verifyRun(home: Home, asked: string, trusted: TrustedKeys): VerifiedRun {
  const run = home.runs.read(asked);
  const { runId } = run;
  const result = { runId, recordDigest: run.digest };
  const journal = attempt("journal", () => journalOutcome(home, trusted));
  if (journal.status === "fails") return { ...result, status: "fails", checks: [journal], signatures: [] };
  const signatures = readSignatures(home, runId).map((view) => judge(view, trusted));
  const { problem } = run;
  // Of a record that was changed nothing is looked at but who signed what it was.
  const { stages } = problem === undefined ? run.record : { stages: [] };
  const checks = [
    journal,
    check("record", problem, `${run.digest}, as the journal has it`),
    ...stages.flatMap((stage) => verifyOutput(home, stage)),
    ...verifyTree(home, run),
    ...signatures.map((view, index) => {
      const { signer, meaning, signedAt, bundleFile } = view;
      const detail = `${signer}, ${meaning}, ${signedAt}`;
      return check(`signature/${index + 1}`, view.problem && `${view.problem} (${bundleFile})`, detail);
    }),
    attempt("deviations", () =>
      problem === undefined ? deviationsOutcome(readDeviations(home, run.record), trusted) : undefined,
    ),
    attempt("release", () => releaseOutcome(home, readReleases(home, runId), trusted)),
  ];
  const fails = checks.some(({ status }) => status === "fails");
  return { ...result, status: fails ? "fails" : "holds", checks, signatures };
}

/** What an action found; a problem is what it found wrong. */
type Outcome = string | { problem: string } | undefined;

function journalOutcome(home: Home, { keys }: TrustedKeys): Outcome {
  const { length } = home.journal.requireWhole();
  const whole = `${length} entries, each follows from the one before${setBackText(home.journal.setBacks)}`;
  const all = acceptedBreaks(home).map((each) => ({
    ...each,
    problem: each.problem ?? (isAmong(keys, each.keyId) ? undefined : strangerText(each.signer)),
  }));
  const accepted = all.find(({ problem }) => problem === undefined) ?? all[0];
  if (accepted === undefined) return whole;
  const { line, signer, signedAt, reason, problem, bundleFile } = accepted;
  if (problem !== undefined)
    return { problem: `broken up to line ${line}, and not accepted: ${problem} (${bundleFile})` };
  return `${whole}, after line ${line}, which is broken: accepted by ${signer}, ${signedAt}: ${reason}`;
}

function deviationsOutcome(deviations: readonly Deviation[], { keys }: TrustedKeys): Outcome {
  const other = deviations.flatMap(({ history }) => history).find(({ keyId }) => !isAmong(keys, keyId));
  if (other !== undefined) return { problem: `${strangerText(other.signer)} (${other.bundleFile})` };
  return deviations.length === 0 ? "none" : `${deviations.length}, their histories are whole`;
}

/** A release holds when it meets the policy it was made under and the one in force; what does not is set aside. */
function releaseOutcome(
  home: Home,
  releases: readonly (Released | NoRelease)[],
  trusted: TrustedKeys,
): Outcome {
  if (releases.length === 0) return undefined;
  const judged = releases.map((release) => ({ release, problem: releaseProblem(home, release, trusted) }));
  const aside = judged.flatMap(({ release: { bundleFile }, problem }) =>
    problem === undefined ? [] : [`${problem} (${bundleFile})`],
  );
  const good = judged.find(({ problem }) => problem === undefined)?.release;
  if (good === undefined || "problem" in good) return { problem: aside.join("; ") };
  const { releasedBy, releasedAt, policyDigest } = good;
  const detail = `by ${releasedBy} at ${releasedAt}, under the policy ${policyDigest}`;
  return [detail, ...aside.map((each) => `set aside: ${each}`)].join("; ");
}

function releaseProblem(
  home: Home,
  release: Released | NoRelease,
  { keys, policy }: TrustedKeys,
): string | undefined {
  if ("problem" in release) return release.problem;
  if (!isAmong(keys, release.keyId)) return strangerText(release.releasedBy);
  const lacking = (of: Policy, which: string) =>
    lackingDemands(home, release, of).map(({ name, found }) => `${which} lacks ${name}: ${found}`)[0];
  return lacking(release.policy, "the policy it was made under") ?? lacking(policy, "the policy in force");
}

function isAmong(keys: readonly PublicKey[] | undefined, keyId: string): boolean {
  return keys === undefined || keys.some((key) => key.keyId === keyId);
}

function strangerText(name: string): string {
  return `it is by ${name} with a key that is not among the given ones`;
}

function check(what: string, problem: string | undefined, detail: string): Verification {
  return problem === undefined
    ? { what, status: "holds", detail }
    : { what, status: "fails", detail: problem };
}

/** `untested` where the action has nothing to look at. */
function attempt(what: string, action: () => Outcome): Verification {
  try {
    const found = action();
    if (found === undefined) return { what, status: "untested", detail: "there is none" };
    return typeof found === "string" ? check(what, undefined, found) : check(what, found.problem, "");
  } catch (error) {
    if (!(error instanceof PipeliteError)) throw error;
    return { what, status: "fails", detail: error.message };
  }
}

function judge(view: SignatureView, { keys, policy }: TrustedKeys): SignatureView {
  const role = roleOf(policy, actOf(view));
  const shown = role ? { ...view, role } : view;
  if (!view.isValid || isAmong(keys, view.keyId)) return shown;
  return { ...shown, isValid: false, isByOtherKey: true, problem: strangerText(view.signer) };
}

function verifyOutput(home: Home, { name, outPath, narHash }: StageRecord): Verification[] {
  if (outPath === undefined || narHash === undefined) return [];
  const what = `output/${name}`;
  const path = home.physical(outPath);
  if (entryAt(path) === undefined)
    return [{ what, status: "fails", detail: `${outPath} is not in the store` }];
  const found = { algorithm: "sha256", bytes: finish(hashSteps(path)).narHash } as const;
  const isSame = equalHashes(found, parseHash(narHash));
  return [check(what, isSame ? undefined : `${outPath} is not what was recorded`, narHash)];
}

/** With all documents that people read. */
function verifyTree(home: Home, { record, problem }: ReadRun): Verification[] {
  const { tree } = record;
  if (tree === undefined || problem !== undefined) return [];
  return [
    attempt("result", () => {
      const digest = treeDigest(home, record);
      return digest === undefined ? { problem: `${tree} is not in the store` } : `sha256:${digest}`;
    }),
  ];
}

export interface VerifiedBundle {
  /** `untested`: the signature holds, and what it is over is not here. */
  status: Verification["status"];
  keyId: string;
  checks: Verification[];
  /** What is signed, when the signature holds. */
  statement?: Statement;
}

/**
 * Verifies a bundle file by itself, and, when it is about a run of this home, against that run.
 * @throws PipeliteError BUNDLE_INVALID
 */
export function verifyBundleFile(home: Home, text: string, keys?: readonly PublicKey[]): VerifiedBundle {
  const bundle = parseBundle(text);
  const { keyId } = bundle;
  try {
    const builder = builderPublicKey(home);
    const ownKeys = [...home.keyring.keys, ...(builder === undefined ? [] : [builder])];
    const statement = verifyBundle(bundle, keys ?? ownKeys);
    const known = keys === undefined ? ", which this home knows" : "";
    const subject = verifySubject(home, statement);
    const checks = [check("signature", undefined, `by the key ${keyId}${known}`), subject];
    return { status: subject.status, keyId, checks, statement };
  } catch (error) {
    if (!(error instanceof PipeliteError)) throw error;
    return { status: "fails", keyId, checks: [check("signature", error.message, "")] };
  }
}

/** Statements whose subjects are a run: others name one, and are about something else. */
const OF_RUNS: readonly string[] = [SIGNATURE_TYPE, TRANSITION_TYPE, RELEASE_TYPE];

function verifySubject(home: Home, statement: Statement): Verification {
  const { predicateType } = statement;
  if (!OF_RUNS.includes(predicateType))
    return {
      what: "subject",
      status: "untested",
      detail: `${predicateType} says nothing about a run itself`,
    };
  const runId = statement.predicate["runId"];
  const run = typeof runId === "string" ? readIfThere(home, runId) : undefined;
  if (run === undefined) return { what: "subject", status: "untested", detail: "no run of this home" };
  const { subject } = statement;
  const isOfRun = subject.length === 1 || subject[1]?.name.startsWith("deviations/") === false;
  const own = `sha256:${subject[0]?.digest["sha256"] ?? ""}`;
  const problem = isOfRun
    ? subjectProblem(home, run, statement)
    : own === run.digest
      ? undefined
      : "the record is not the one that was signed";
  return check("subject", problem, `the run ${run.runId}, as it is in this home`);
}

function readIfThere(home: Home, runId: string): ReadRun | undefined {
  try {
    return home.runs.read(runId);
  } catch (error) {
    if (error instanceof PipeliteError) return undefined;
    throw error;
  }
}
