// Electronic signatures on runs: one bundle for each person, meaning, reason and time, over the bytes of the run's record
// and of its result tree. It can't be taken off or put on another run: the record's digest is what is signed
// (21 CFR 11.50, 11.70). docs/signing.md describes the predicate.
import { isDeepStrictEqual } from "node:util";
import { visibleText } from "#base/escape.ts";
import { PipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import { parseBundle, writeBundle } from "#sigstore/index.ts";
import type { ResourceDigest, SigningKey, Statement } from "#sigstore/index.ts";
import { knownOf, personWith, signedByPerson, type KnownKeys, type Person } from "#supply/person.ts";
import { headProblem } from "./journal-head.ts";
import { requireMembers, requireTextMember } from "./members.ts";
import { checkName } from "./names.ts";
import { displayProblem, saidProblem, sealedAt, timeToSign } from "./said.ts";
import { SIGNATURE_TYPE } from "./predicates.ts";
import { treeDigest } from "./result-digest.ts";
import type { SignatureView } from "./signature-view.ts";
import { pipeliteError } from "./errors.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";

/** What a signature may mean (21 CFR 11.50(a)(3)). */
export const MEANINGS: readonly string[] = ["review", "approval", "responsibility", "authorship"];

export interface SignRun {
  home: Home;
  runId: string;
  meaning: string;
  /** Printed name of the signer. */
  name: string;
  reason: string;
  key: SigningKey | Person;
}

function folderOf(runId: string): string {
  return `signatures/${runId}`;
}

/**
 * Signs a run.
 * @throws PipeliteError MEANING_UNKNOWN, SIGNER_INVALID, RUN_NOT_FOUND, RECORD_CHANGED, RESULT_MISSING, RESULT_CHANGED, SIGNED_ALREADY, CLOCK_BEHIND,
 * CHANGED_MEANWHILE
 */
export async function signRun({
  home,
  runId: asked,
  meaning,
  name,
  reason,
  key,
}: SignRun): Promise<SignatureView> {
  if (!MEANINGS.includes(meaning)) {
    throw pipeliteError("MEANING_UNKNOWN", { meaning, known: MEANINGS.join(", ") });
  }
  checkName(name);
  checkReason(reason);
  const person = "id" in key ? key : personWith(key);
  return home.sealed.withLock(async () => {
    home.journal.requireWhole();
    const run = home.runs.requireUnchanged(asked);
    const { runId } = run;
    // Under a name anybody with a key can sign: that must not keep its owner, or their next key, from signing.
    const repeated = readSignatures(home, runId).find(
      (other) => other.isValid && other.meaning === meaning && other.keyId === person.id,
    );
    if (repeated !== undefined) {
      const { signer, signedAt } = repeated;
      throw pipeliteError("SIGNED_ALREADY", { run: runId, meaning, signer, at: signedAt });
    }
    const signedAt = timeToSign(run);
    const said = {
      meaning,
      reason,
      signedAt,
      recordDigest: run.digest,
      journalHead: home.journal.head(),
      displayedAs: sentenceOf({ signer: name, meaning, signedAt, reason }),
    };
    const subject = subjectsOf(home, run);
    person.keep(home);
    const bundle = await person.sign((keyId) => ({
      subject,
      predicateType: SIGNATURE_TYPE,
      predicate: { runId, signer: { name, keyId }, ...said },
    }));
    requireStill(home, run, { subject, predicate: said });
    const bundleFile = home.sealed.nextIn(folderOf(runId));
    const content = writeBundle(bundle);
    home.sealed.seal({ kind: "signature", subject: runId, file: bundleFile, content });
    const view = readSignatures(home, runId).find((each) => each.bundleFile === bundleFile);
    if (view?.isValid !== true) throw changedMeanwhile(run, view?.problem ?? `${bundleFile} is gone`);
    return view;
  });
}

/**
 * Signing takes as long as a person takes to touch a token: what was true before may be so no longer.
 * @throws CHANGED_MEANWHILE, JOURNAL_BROKEN, and what reading the run throws
 */
export function requireStill(
  home: Home,
  { runId, file }: ReadRun,
  { subject, predicate }: Pick<Statement, "subject" | "predicate">,
): void {
  home.journal.requireWhole();
  const run = home.runs.read(runId);
  const problem =
    run.problem ??
    subjectProblem(home, run, { subject }) ??
    headProblem(predicate, home.journal, file, undefined);
  if (problem !== undefined) throw changedMeanwhile(run, problem);
}

export function changedMeanwhile({ runId }: Pick<ReadRun, "runId">, problem: string): Error {
  return pipeliteError("CHANGED_MEANWHILE", { run: runId, problem });
}

/** A signature in one line, as people are shown it. */
function sentenceOf({
  signer,
  meaning,
  signedAt,
  reason,
}: Omit<SignatureFields, "runId" | "keyId" | "recordDigest">) {
  return `${signer}, ${meaning}, ${signedAt}${reason === "" ? "" : `: ${reason}`}`;
}

/** A text that is signed and shown in one line. @throws REASON_INVALID */
export function checkReason(reason: string): void {
  if (visibleText(reason) !== reason) throw pipeliteError("REASON_INVALID", { reason: visibleText(reason) });
}

/** The record by the sha256 of its file, and its result tree by that of its NAR. @throws RESULT_MISSING, RESULT_CHANGED */
export function subjectsOf(home: Home, { file, digest, record }: ReadRun): ResourceDigest[] {
  const own = { name: file, digest: { sha256: digest.slice("sha256:".length) } };
  if (record.tree === undefined) return [own];
  const narHash = treeDigest(home, record);
  if (narHash === undefined) throw pipeliteError("RESULT_MISSING", { run: record.runId, tree: record.tree });
  return [own, { name: storePathBase(parseStorePath(record.tree)), digest: { sha256: narHash, narHash } }];
}

/** Why the subjects of a statement are not this run as it is now. */
export function subjectProblem(
  home: Home,
  run: ReadRun,
  { subject }: Pick<Statement, "subject">,
): string | undefined {
  let wanted: ResourceDigest[];
  try {
    wanted = subjectsOf(home, run);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [record, tree] = subject;
  if (record?.name !== run.file) return "it is for another run";
  if (!isDeepStrictEqual(record.digest, wanted[0]?.digest))
    return "the record is not the one that was signed";
  if (tree?.name !== wanted[1]?.name || !isDeepStrictEqual(tree?.digest, wanted[1]?.digest))
    return "the result is not the one that was signed";
  if (subject.length > wanted.length) return "it is for more than this run";
  return undefined;
}

/** All signatures on a run in the order they were given, with what is wrong about those that don't count. */
export function readSignatures(home: Home, runId: string): SignatureView[] {
  const files = home.sealed.numbered(folderOf(runId));
  if (files.length === 0) return [];
  const run = home.runs.read(runId);
  const known = knownOf(home);
  const views = files.map((file) => viewOf({ home, run, known, file }));
  // A copy of a signature under another number is the same signature.
  return views.filter(
    (view, index) => !view.isValid || views.findIndex((other) => isSame(other, view)) === index,
  );
}

function isSame(a: SignatureView, b: SignatureView): boolean {
  const isAlike = a.keyId === b.keyId && a.meaning === b.meaning && a.signedAt === b.signedAt;
  return a.isValid && isAlike && a.reason === b.reason && a.recordDigest === b.recordDigest;
}

interface ViewSources {
  home: Home;
  run: ReadRun;
  known: KnownKeys;
  file: string;
}

const NOTHING = { signer: "", keyId: "", meaning: "", reason: "", signedAt: "", recordDigest: "" };

function viewOf({ home, run, known, file }: ViewSources): SignatureView {
  const { text, isJournalled, problem: sealProblem } = home.sealed.read(file);
  const place = { bundleFile: file, isJournalled };
  if (text === undefined) return { ...NOTHING, isValid: false, problem: sealProblem ?? "gone", ...place };
  try {
    const bundle = parseBundle(text);
    const { statement, id, stampedAt } = signedByPerson(known, bundle);
    const view = parseSignature(statement, bundle.keyId);
    const problem =
      sealProblem ??
      (view.runId === run.runId ? undefined : "it is for another run") ??
      (view.recordDigest === run.digest ? undefined : "the record is not the one that was signed") ??
      subjectProblem(home, run, statement) ??
      (MEANINGS.includes(view.meaning)
        ? undefined
        : `it means '${visibleText(view.meaning)}', which is none`) ??
      (visibleText(view.reason) === view.reason
        ? undefined
        : "its reason holds a character that nobody sees") ??
      displayProblem(statement.predicate, sentenceOf(view)) ??
      saidProblem({
        predicate: statement.predicate,
        name: view.signer,
        at: view.signedAt,
        file,
        run,
        journal: home.journal,
      });
    const { runId: _, ...shown } = view;
    const sealed = sealedAt(home.journal, file);
    return {
      ...visibleFields({ ...shown, keyId: id }),
      ...(stampedAt !== undefined && { stampedAt: new Date(stampedAt).toISOString() }),
      ...(sealed !== undefined && { sealedAt: sealed }),
      isValid: problem === undefined,
      ...(problem !== undefined && { problem }),
      ...place,
    };
  } catch (error) {
    if (!(error instanceof PipeliteError)) throw error;
    return { ...NOTHING, isValid: false, problem: error.message, ...place };
  }
}

/** What is shown of a signature that does not hold must not deceive either. */
function visibleFields(fields: Omit<SignatureFields, "runId">): Omit<SignatureFields, "runId"> {
  const { signer, meaning, reason, signedAt } = fields;
  return {
    ...fields,
    signer: visibleText(signer),
    meaning: visibleText(meaning),
    reason: visibleText(reason),
    signedAt: visibleText(signedAt),
  };
}

type SignatureFields = Pick<
  SignatureView,
  "signer" | "keyId" | "meaning" | "reason" | "signedAt" | "recordDigest"
> & { runId: string };

/** @throws PipeliteError STATEMENT_INVALID */
function parseSignature({ predicateType, predicate }: Statement, bundleKeyId: string): SignatureFields {
  if (predicateType !== SIGNATURE_TYPE) {
    throw sigstoreError("STATEMENT_INVALID", {
      problem: `it is not a signature on a run: ${predicateType}`,
    });
  }
  const signer = requireMembers(predicate["signer"], "signer");
  const keyId = requireTextMember(signer, "keyId");
  if (keyId !== bundleKeyId) {
    throw sigstoreError("STATEMENT_INVALID", { problem: "it names another key than it is signed with" });
  }
  return {
    runId: requireTextMember(predicate, "runId"),
    signer: requireTextMember(signer, "name"),
    keyId,
    meaning: requireTextMember(predicate, "meaning"),
    reason: requireTextMember(predicate, "reason"),
    signedAt: requireTextMember(predicate, "signedAt"),
    recordDigest: requireTextMember(predicate, "recordDigest"),
  };
}
