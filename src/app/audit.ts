// The audit of a run: made, kept with the run, and what it found opened as deviations.
import type { PipeliteError } from "#base/errors.ts";
import { auditRun, keepAudit, type AuditOptions, type AuditReport } from "#evidence/audit.ts";
import { readJournal } from "#evidence/journal.ts";
import { openAudited } from "#release/deviations.ts";
import { pipeliteError } from "#release/errors.ts";
import { readRunFile, recordProblem } from "#release/run-file.ts";
import { readRun } from "#run/records.ts";

/**
 * Computes all that a run states again, keeps the report, and opens a deviation for what it did not get again.
 * @returns undefined when the signal was aborted
 */
export async function audit(
  home: string,
  which: string,
  options: AuditOptions & { signal: AbortSignal },
): Promise<AuditReport | undefined> {
  const record = readRun(home, which);
  let report: AuditReport;
  try {
    report = await auditRun(home, record, options);
  } catch (error) {
    if (options.signal.aborted) return undefined;
    throw changedRecord(home, record.runId) ?? error;
  }
  keepAudit(home, report);
  if (report.status === "fails") await openAudited(home, record.runId);
  return report;
}

/** What is no longer a record at all can't be audited: that is what was found, whatever it was that did not go. */
function changedRecord(home: string, runId: string): PipeliteError | undefined {
  const run = readRunFile(home, runId);
  const problem = recordProblem(run, readJournal(home));
  return problem === undefined ? undefined : pipeliteError("RUN_RECORD_INVALID", { file: run.file, problem });
}
