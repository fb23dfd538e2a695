// What departs from the plan in a run, by rule: from its record, from the last audit, from the records of earlier runs
// of the pipeline and from the signals of its control charts. Pure: the same evidence gives the same findings.
import type { Claim } from "#home/run-record.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import type { AuditFinding, RuleFinding, DeviationSignal } from "./deviation.ts";

export interface FindingSources {
  record: RunRecord;
  audit?: AuditFinding | undefined;
  /** Those that this run completed. */
  signals?: readonly DeviationSignal[] | undefined;
  /** Earlier runs of the pipeline. */
  earlier?: readonly RunRecord[] | undefined;
}

export function findingsOf({ record, audit, signals = [], earlier = [] }: FindingSources): RuleFinding[] {
  return [
    ...record.claims.flatMap(checkFinding),
    ...stageFindings(record),
    ...retryFindings(record, earlier),
    ...sandboxFindings(record, earlier),
    ...auditFindings(audit),
    ...signalFindings(signals),
  ];
}

function checkFinding({ id, kind, statement, status }: Claim): RuleFinding[] {
  if (kind !== "check" || status === "passed" || status === "recorded") return [];
  if (status === "failed") {
    return [{ kind: "failed-check", fingerprint: id, statement: `Failed: ${statement || id}`, claims: [id] }];
  }
  const text = `Not decided (${status}): ${statement || id}`;
  return [{ kind: "inconclusive-check", fingerprint: id, statement: text, claims: [id] }];
}

function stageFindings({ stages }: RunRecord): RuleFinding[] {
  return stages.flatMap(({ name, status, failure }) => {
    if (status !== "failed") return [];
    const code = failure?.code ?? "unknown";
    const statement = `The stage ${name} failed: ${failure?.message ?? "no reason is recorded"}`;
    return [
      {
        kind: "failed-stage",
        fingerprint: `${name} ${code}`,
        statement,
        claims: [`${name}/status`],
      } as const,
    ];
  });
}

/**
 * A stage that has an output now, and failed before from the same derivation, in this run or an earlier one: code, inputs
 * and parameters the same.
 */
function retryFindings({ stages }: RunRecord, earlier: readonly RunRecord[]): RuleFinding[] {
  const failed = new Set(
    earlier.flatMap((run) =>
      run.stages.flatMap((stage) => (hasFailedOnce(stage) ? (stage.drvPath ?? []) : [])),
    ),
  );
  return stages.flatMap((stage) => {
    const { name, status, drvPath } = stage;
    const isTried = hasFailedOnce(stage) || (drvPath !== undefined && failed.has(drvPath));
    if (status === "failed" || !isTried) return [];
    const statement = `The stage ${name} failed before with the same inputs, and was tried again until it passed`;
    return [{ kind: "retry", fingerprint: name, statement, claims: [`${name}/status`] } as const];
  });
}

function hasFailedOnce({ status, failedAttempts = [] }: StageRecord): boolean {
  return status === "failed" || failedAttempts.length > 0;
}

function sandboxFindings(record: RunRecord, earlier: readonly RunRecord[]): RuleFinding[] {
  const builders = new Set(record.stages.flatMap(({ builtInRun }) => builtInRun ?? []));
  const runs = [record, ...earlier.filter(({ runId }) => builders.has(runId))];
  const kinds = new Set(
    runs.flatMap(({ sandbox: { kind, tried } }) => (kind === "none" || tried.length > 0 ? [kind] : [])),
  );
  return [...kinds].map((kind) => ({
    kind: "sandbox-downgrade",
    fingerprint: kind,
    statement:
      kind === "none"
        ? "Stages were built without a sandbox"
        : `Stages were built in the sandbox ${kind}, since a preferred one did not work`,
    claims: ["run/sandbox"],
  }));
}

/** One for each stage or result: when an output differs, all that was computed from it does. */
function auditFindings(audit: AuditFinding | undefined): RuleFinding[] {
  if (audit === undefined || audit.status !== "fails") return [];
  const failing = Map.groupBy(
    audit.claims.filter(({ status }) => status === "fails").map(({ id }) => id),
    (id) => id.split("/")[0] ?? id,
  );
  if (failing.size === 0) {
    const statement = "The audit found that the evidence is not what was recorded";
    return [{ kind: "not-reproduced", fingerprint: "evidence", statement, claims: [] }];
  }
  return [...failing].map(([name, claims]) => ({
    kind: "not-reproduced",
    fingerprint: name,
    statement: `The audit did not get the recorded values of ${name} again`,
    claims,
  }));
}

function signalFindings(signals: readonly DeviationSignal[]): RuleFinding[] {
  return signals.map(({ subject, rule, meaning, claims }) => ({
    kind: "out-of-control",
    fingerprint: `${subject} ${rule}`,
    statement: `Out of control: ${subject}: ${meaning}`,
    claims: [...claims],
  }));
}
