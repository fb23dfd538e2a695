// A line of the journal that does not belong there, or is gone, can't be mended: nobody could tell the mended chain from a
// forged one. It stays, and a person says by a signature that it was looked into. What stands before it is vouched for by
// nothing from then on; what comes after it is a chain of its own, and can be released. docs/signing.md describes it.
import { PipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import { breakSubject, type JournalBreak, type SetBack } from "#home/journal.ts";
import { parseBundle, signStatement, verifyBundle, writeBundle, type SigningKey } from "#sigstore/index.ts";
import { requireMembers, requireTextMember } from "./members.ts";
import { checkName, nameProblem } from "./names.ts";
import { BREAK_TYPE } from "./predicates.ts";
import { displayProblem } from "./said.ts";
import { checkReason } from "./signatures.ts";
import { pipeliteError } from "./errors.ts";

/** That somebody looked into what broke the journal. */
export interface AcceptedBreak {
  /** The last line that is broken. */
  line: number;
  signer: string;
  keyId: string;
  signedAt: string;
  reason: string;
  /** Relative to `<home>/pipelite`. */
  bundleFile: string;
  /** Why it does not count as a signature. */
  problem?: string;
}

export interface JournalState {
  file: string;
  /** Lines that follow one from the other, counted from the last broken one. */
  entries: number;
  breaks: readonly JournalBreak[];
  /** Where its times run backwards, as the lines themselves say. */
  setBacks: readonly SetBack[];
  accepted?: AcceptedBreak;
}

export function journalState(home: Home): JournalState {
  const { file, entries, breaks, setBacks } = home.journal;
  const accepted = acceptedBreak(home);
  const state = { file, entries: entries.length, breaks, setBacks };
  return { ...state, ...(accepted !== undefined && { accepted }) };
}

export interface AcceptBreak {
  home: Home;
  /** What was found out. */
  reason: string;
  /** Printed name of the signer. */
  name: string;
  key: SigningKey;
}

/** @throws PipeliteError JOURNAL_WHOLE, JOURNAL_BROKEN where there is no file, SIGNER_INVALID, REASON_INVALID */
export function acceptBreak({ home, reason, name, key }: AcceptBreak): Promise<JournalState> {
  checkName(name);
  checkReason(reason);
  return home.sealed.withLock(() => {
    const breaks = home.journal.openBreaks;
    const last = breaks.at(-1);
    if (last === undefined) throw pipeliteError("JOURNAL_WHOLE", {});
    if (home.journal.head().sequence === 0) throw home.journal.broken(last);
    const signedAt = new Date().toISOString();
    const predicate = {
      line: last.line,
      breaks,
      reason,
      signer: { name, keyId: key.publicKey.keyId },
      signedAt,
      displayedAs: sentenceOf(name, last.line, signedAt, reason),
    };
    const subject = breaks.map(({ line }) => ({
      name: `journal.ndjson:${line}`,
      digest: digestAt(home, line),
    }));
    home.keyring.keep(key.publicKey);
    home.sealed.seal({
      kind: "break",
      subject: breakSubject(last),
      file: `breaks/${last.line}.sigstore.json`,
      content: writeBundle(signStatement({ subject, predicateType: BREAK_TYPE, predicate }, key)),
    });
    return journalState(home);
  });
}

function digestAt(home: Home, line: number): { sha256: string } {
  return { sha256: home.journal.head(line).digest.slice("sha256:".length) };
}

function sentenceOf(name: string, line: number, at: string, reason: string): string {
  return `${name}, lets line ${line} of the journal stand, ${at}: ${reason}`;
}

/** Who accepted the last break; undefined where nobody did, or there is none. */
export function acceptedBreak(home: Home): AcceptedBreak | undefined {
  const last = home.journal.breaks.at(-1);
  const entry = last && home.journal.about("break", breakSubject(last))[0];
  if (last === undefined || entry === undefined) return undefined;
  const place = { line: last.line, bundleFile: entry.file };
  const nobody = { signer: "", keyId: "", signedAt: "", reason: "" };
  const { text, problem } = home.sealed.read(entry.file);
  if (text === undefined || problem !== undefined)
    return { ...nobody, ...place, problem: problem ?? "the file is gone" };
  try {
    const bundle = parseBundle(text);
    const { subject, predicateType, predicate } = verifyBundle(bundle, home.keyring.keys);
    const signer = requireMembers(predicate["signer"], "signer");
    const said = {
      signer: requireTextMember(signer, "name"),
      keyId: bundle.keyId,
      signedAt: requireTextMember(predicate, "signedAt"),
      reason: requireTextMember(predicate, "reason"),
    };
    const sentence = sentenceOf(said.signer, last.line, said.signedAt, said.reason);
    const found =
      predicateType !== BREAK_TYPE || subject.at(-1)?.digest["sha256"] !== digestAt(home, last.line).sha256
        ? "it is not about this line"
        : (nameProblem(said.signer) ?? displayProblem(predicate, sentence));
    return { ...said, ...place, ...(found !== undefined && { problem: found }) };
  } catch (error) {
    if (!(error instanceof PipeliteError)) throw error;
    return { ...nobody, ...place, problem: error.message };
  }
}
