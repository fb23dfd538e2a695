// The last audit of a run, as far as it says something about the record that there is now.
import { parseAudit } from "#evidence/audit-file.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import type { AuditOfRun } from "./deviation.ts";

/**
 * Undefined when there is none, when it is not what the journal has last, or when it is of another record.
 * @throws AUDIT_INVALID when the file that the journal has is not an audit
 */
export function readStoredAudit(home: Home, { runId, digest }: ReadRun): AuditOfRun | undefined {
  const last = home.journal.about("audit", runId).at(-1);
  if (last === undefined) return undefined;
  // A later audit replaces the file, and its line the line before.
  const { text, problem } = home.sealed.read(last.file, last.digest);
  if (text === undefined || problem !== undefined) return undefined;
  const report = parseAudit(text, last.file);
  // An audit is of the record that the journal has: it fails on any other.
  const audited = home.journal.about("run", runId)[0]?.digest;
  return report.runId === runId && audited === digest ? { ...report, recordDigest: digest } : undefined;
}
