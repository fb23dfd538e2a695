// What is signed names the last line of the journal there was: the chain up to it can then be neither rewritten nor cut
// off without the signature telling so.
import { digestOf, type JournalEntry } from "#evidence/journal.ts";
import { membersOf } from "./members.ts";
import type { Members } from "./members.ts";

export interface JournalHead {
  sequence: number;
  /** `sha256:<hex>` of the line, without its end. */
  digest: string;
}

export function headOf(journal: readonly JournalEntry[]): JournalHead {
  const last = journal.at(-1);
  return { sequence: last?.sequence ?? 0, digest: digestOf(last === undefined ? "" : JSON.stringify(last)) };
}

/**
 * Why the journal is not the one that a predicate was signed under: its head must be a line that is there, not before the
 * line of the run (`runFile`) and before the statement's own.
 */
export function headProblem(
  predicate: Members,
  journal: readonly JournalEntry[],
  runFile: string,
  own: JournalEntry | undefined,
): string | undefined {
  const { sequence, digest } = membersOf(predicate["journalHead"], "journalHead");
  const count = typeof sequence === "number" ? sequence : Number.NaN;
  const found = headOf(journal.slice(0, Math.max(0, count)));
  if (found.sequence !== count || found.digest !== digest)
    return "the journal before it is not the one there was when it was signed";
  const first = journal.find(({ file }) => file === runFile)?.sequence ?? 1;
  if (count < first) return "it is signed before the journal had a line of the run";
  if (own !== undefined && count >= own.sequence) return "it names a line of the journal that came after it";
  return undefined;
}
