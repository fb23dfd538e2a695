// The audit that a release rests on.
import type { RunRecord } from "#evidence/run-record.ts";
import { readJournal } from "#evidence/journal.ts";
import type { AuditOfRun } from "#release/deviation.ts";
import { readRunFile } from "#release/run-file.ts";
import { readStoredAudit } from "#release/stored-audit.ts";

export function auditForRelease(home: string, { runId }: RunRecord): Promise<AuditOfRun | undefined> {
  return Promise.resolve(readStoredAudit(home, readRunFile(home, runId), readJournal(home)));
}
