// The last audit of a run, as far as it says something about the record that there is now.
import type { JournalEntry } from "#evidence/journal.ts";
import type { AuditOfRun } from "./deviation.ts";
import type { RunFile } from "./run-file.ts";
import { readSealed } from "./sealed.ts";

/** Undefined when there is none, when it is not what the journal has last, or when it is of another record. */
export function readStoredAudit(
  home: string,
  { runId, digest }: RunFile,
  journal: readonly JournalEntry[],
): AuditOfRun | undefined {
  const last = journal.findLast(({ kind, subject }) => kind === "audit" && subject === runId);
  if (last === undefined) return undefined;
  // A later audit replaces the file, and its line the line before.
  const { text, problem } = readSealed(home, last.file, [last]);
  if (text === undefined || problem !== undefined) return undefined;
  const report = JSON.parse(text) as Omit<AuditOfRun, "recordDigest">;
  // An audit is of the record that the journal has: it fails on any other.
  const audited = journal.find(({ kind, subject }) => kind === "run" && subject === runId)?.digest;
  return report.runId === runId && audited === digest ? { ...report, recordDigest: digest } : undefined;
}
