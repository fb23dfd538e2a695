// What is signed names the last line of the journal there was: the chain up to it can then be neither rewritten nor cut
// off without the signature telling so.
import type { Members } from "#base/strict-json.ts";
import type { Journal, JournalEntry } from "#home/journal.ts";
import { requireMembers } from "./members.ts";

export interface JournalHead {
  sequence: number;
  /** `sha256:<hex>` of the line, without its end. */
  digest: string;
}

/**
 * Why the journal is not the one that a predicate was signed under: its head must be a line that is there, not before the
 * line of the run (`runFile`) and before the statement's own.
 */
export function headProblem(
  predicate: Members,
  journal: Journal,
  runFile: string,
  own: JournalEntry | undefined,
): string | undefined {
  const { sequence, digest } = requireMembers(predicate["journalHead"], "journalHead");
  const count = typeof sequence === "number" ? sequence : Number.NaN;
  const found = journal.head(count);
  if (found.sequence !== count || found.digest !== digest)
    return "the journal before it is not the one there was when it was signed";
  const first = journal.entries.find(({ file }) => file === runFile)?.sequence ?? 1;
  if (count < first) return "it is signed before the journal had a line of the run";
  if (own !== undefined && count >= own.sequence) return "it names a line of the journal that came after it";
  return undefined;
}
