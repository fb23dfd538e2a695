// The report of an audit, and the file of the last one of each run: `audits/<run>.json`, with a line in the journal.
import { documentJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import type { AuditedClaim } from "./audit-claims.ts";
import type { RebuildFinding } from "./audit-builds.ts";
import type { AuditStatus, IntegrityFinding } from "./integrity.ts";
import { pipeliteError } from "./errors.ts";

export interface AuditReport {
  runId: string;
  auditedAt: string;
  status: AuditStatus;
  /** What the derivations were built again in; `unavailable` when nothing could isolate them. */
  sandbox: string;
  claims: AuditedClaim[];
  integrity: IntegrityFinding[];
  rebuilds: RebuildFinding[];
}

const { list, object, optional, scalar, text } = shape;
const status = shape.oneOf<AuditStatus>("holds", "fails", "unavailable");

const AUDIT = object<AuditReport>({
  runId: text,
  auditedAt: shape.time,
  status,
  sandbox: text,
  claims: list(
    object<AuditedClaim>({
      id: text,
      kind: shape.oneOf("check", "figure"),
      statement: text,
      value: scalar,
      unit: optional(text),
      formula: text,
      evidence: list(text),
      status,
      limit: optional(scalar),
      problem: optional(text),
      accept: optional(text),
      source: optional(text),
      stated: text,
      recomputed: optional(shape.json as shape.Shape<NonNullable<AuditedClaim["recomputed"]>>),
      reason: optional(text),
    }),
  ),
  integrity: list(object<IntegrityFinding>({ id: text, status, reason: optional(text) })),
  rebuilds: list(
    object<RebuildFinding>({
      stage: text,
      drvPath: text,
      status,
      narHash: optional(text),
      reason: optional(text),
    }),
  ),
});

function fileOf(runId: string): string {
  return `audits/${runId}.json`;
}

/** Keeps a report as the last audit of its run, with an entry in the journal. */
export function keepAudit(home: Home, report: AuditReport): void {
  const { runId: subject } = report;
  home.keep({ kind: "audit", subject, file: fileOf(subject), content: documentJson(report) });
}

/** @param file what to call it @throws AUDIT_INVALID */
export function parseAudit(content: Uint8Array | string, file: string): AuditReport {
  try {
    return shape.requireShape(AUDIT, parseStrictJson(content));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("AUDIT_INVALID", { file, problem }, error);
  }
}
