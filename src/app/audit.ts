// The audit of a run: made, kept with the run, and what it found opened as deviations.
import { auditRun, type AuditOptions } from "#evidence/audit.ts";
import { keepAudit, type AuditReport } from "#evidence/audit-file.ts";
import { documents } from "./documents.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { openAudited } from "#release/deviations.ts";

/**
 * Computes all that a run states again, keeps the report, and opens a deviation for what it did not get again.
 * @returns undefined when the signal was aborted
 */
export async function audit(
  home: Home,
  which: WhichRun,
  options: Omit<AuditOptions, "documents"> & { signal: AbortSignal },
): Promise<AuditReport | undefined> {
  const run = home.runs.find(which);
  let report: AuditReport;
  try {
    report = await auditRun(home, run, { ...options, documents });
  } catch (error) {
    if (options.signal.aborted) return undefined;
    // A record that has changed can't be audited: then that is the finding, whatever failed here.
    home.runs.requireUnchanged(run.runId);
    throw error;
  }
  keepAudit(home, report);
  if (report.status === "fails") await openAudited(home, run.runId);
  return report;
}
