// The audit that a release rests on: made of the record as it is now.
import { auditRun, keepAudit } from "#evidence/audit.ts";
import type { FreshAudit } from "#release/release.ts";
import { readRunFile } from "#release/run-file.ts";
import type { Context } from "./context.ts";

export async function auditForRelease(context: Context, home: string, runId: string): Promise<FreshAudit> {
  const { record, digest } = readRunFile(home, runId);
  const report = await auditRun(home, record, { signal: context.interruption() });
  return { report: { ...report, recordDigest: digest }, keep: () => keepAudit(home, report) };
}
