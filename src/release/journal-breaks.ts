// A line of the journal that does not belong there, or is gone, can't be mended: nobody could tell the mended chain from a
// forged one. It stays, and a person says by a signature that it was looked into. What stands before it is vouched for by
// nothing from then on; what comes after it is a chain of its own, and can be released. docs/signing.md describes it.
import { PipeliteError } from "#base/errors.ts";
import { BREAK_TYPE, breakStatement } from "#home/break-statement.ts";
import type { Home } from "#home/home.ts";
import { breakSubject, type JournalBreak, type JournalEntry } from "#home/journal.ts";
import { type SetBack } from "#home/set-backs.ts";
import { signStatement, writeBundle, type SigningKey } from "#sigstore/index.ts";
import { requireMembers, requireTextMember } from "./members.ts";
import { checkName, nameProblem } from "./names.ts";
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
  const all = acceptedBreaks(home);
  const accepted = all.find(({ problem }) => problem === undefined) ?? all[0];
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
    const { breaks } = home.journal;
    const last = breaks.at(-1);
    const { keyId } = key.publicKey;
    // That somebody else has accepted it, which anybody with a key can, must not keep those from it whose word counts.
    const isDone = acceptedBreaks(home).some((each) => each.problem === undefined && each.keyId === keyId);
    if (last === undefined || isDone) throw pipeliteError("JOURNAL_WHOLE", {});
    if (home.journal.head().sequence === 0) throw home.journal.broken(last);
    const signedAt = new Date().toISOString();
    const predicate = {
      line: last.line,
      breaks,
      upTo: home.journal.brokenLine(last).upTo,
      reason,
      signer: { name, keyId },
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
      file: freeFileFor(home, last.line),
      content: writeBundle(signStatement({ subject, predicateType: BREAK_TYPE, predicate }, key)),
    });
    return journalState(home);
  });
}

/** A line that anybody appended may have taken any name. */
function freeFileFor(home: Home, line: number): string {
  const taken = new Set(home.journal.entries.map(({ file }) => file));
  for (let number = 1; ; number += 1) {
    const file = `breaks/${line}${number === 1 ? "" : `.${number}`}.sigstore.json`;
    if (!taken.has(file)) return file;
  }
}

function digestAt(home: Home, line: number): { sha256: string } {
  return { sha256: home.journal.head(line).digest.slice("sha256:".length) };
}

function sentenceOf(name: string, line: number, at: string, reason: string): string {
  return `${name}, lets line ${line} of the journal stand, ${at}: ${reason}`;
}

/** Whatever says that the last break was accepted, and why it counts for nothing where it does not. */
export function acceptedBreaks(home: Home): AcceptedBreak[] {
  const last = home.journal.breaks.at(-1);
  if (last === undefined) return [];
  return home.journal.about("break", breakSubject(last)).map((entry) => acceptedBy(home, last, entry));
}

function acceptedBy(home: Home, broken: JournalBreak, { file }: JournalEntry): AcceptedBreak {
  const { line } = broken;
  const place = { line, bundleFile: file };
  const nobody = { signer: "", keyId: "", signedAt: "", reason: "" };
  const { text, problem } = home.sealed.read(file);
  if (text === undefined || problem !== undefined)
    return { ...nobody, ...place, problem: problem ?? "the file is gone" };
  try {
    const { statement, keyId } = breakStatement(text, home.keyring.keys, home.journal.brokenLine(broken));
    const { predicate } = statement;
    const signer = requireMembers(predicate["signer"], "signer");
    const said = {
      signer: requireTextMember(signer, "name"),
      keyId,
      signedAt: requireTextMember(predicate, "signedAt"),
      reason: requireTextMember(predicate, "reason"),
    };
    const sentence = sentenceOf(said.signer, line, said.signedAt, said.reason);
    const found = nameProblem(said.signer) ?? displayProblem(predicate, sentence);
    return { ...said, ...place, ...(found !== undefined && { problem: found }) };
  } catch (error) {
    if (!(error instanceof PipeliteError) && !(error instanceof RangeError)) throw error;
    return { ...nobody, ...place, problem: error.message };
  }
}
