// The table of a matrix: what came of each combination of values, as a document of the home. Every line is told by the record
// of its run, so that it can be told again.
import { documentJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { cachedStages, countsOf, type Claim, type RunRecord } from "./run-record.ts";
import type { ReadRun } from "./runs.ts";
import { pipeliteError } from "./errors.ts";

export const MATRIX_SCHEMA = "pipelite-matrix-1";

/** A parameter and the texts it is set to, one after the other. */
export interface Axis {
  name: string;
  values: readonly string[];
}

/** One line of the table. */
export interface MatrixRow {
  params: Readonly<Record<string, string>>;
  status: "passed" | "failed" | "cancelled" | "not-run";
  runId?: string;
  /** The run that had made all of it before. */
  repeats?: string;
  counts?: RunRecord["counts"];
  durationMs?: number;
  /** Stages that failed. */
  failed?: string[];
  /** Check -> what it came to. */
  checks: Record<string, Pick<Claim, "status" | "value" | "unit">>;
  /** Why it could not be run. */
  problem?: string;
}

export interface MatrixTable {
  schema: typeof MATRIX_SCHEMA;
  matrixId: string;
  pipelineFile: string;
  startedAt: string;
  finishedAt: string;
  axes: readonly Axis[];
  /** `passed`: every combination has. `incomplete`: none failed, and not all were run. */
  status: "passed" | "failed" | "incomplete";
  /** The values of the last axis change first. */
  rows: readonly MatrixRow[];
}

const { amount, count, list, mapOf, object, oneOf, optional, text } = shape;

const check = object<MatrixRow["checks"][string]>({
  status: text,
  value: shape.scalar,
  unit: optional(text),
});

const TABLE = object<MatrixTable>({
  schema: oneOf(MATRIX_SCHEMA),
  matrixId: shape.matching(/^[\w-]+$/, "name of a matrix"),
  pipelineFile: text,
  startedAt: shape.time,
  finishedAt: shape.time,
  axes: list(object<Axis>({ name: text, values: list(text) })),
  status: oneOf("passed", "failed", "incomplete"),
  rows: list(
    object<MatrixRow>({
      params: mapOf(text),
      status: oneOf("passed", "failed", "cancelled", "not-run"),
      runId: optional(text),
      repeats: optional(text),
      counts: optional(
        object<RunRecord["counts"]>({
          built: count,
          cached: count,
          substituted: count,
          failed: count,
          skipped: count,
          cancelled: count,
        }),
      ),
      durationMs: optional(amount),
      failed: optional(list(text)),
      checks: mapOf(check),
      problem: optional(text),
    }),
  ),
});

/** Every combination, the values of the last axis changing first. */
export function combinationsOf(axes: readonly Axis[]): Record<string, string>[] {
  return axes.reduce<Record<string, string>[]>(
    (all, { name, values }) => all.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  );
}

/** What becomes of the whole by its lines. */
export function matrixStatusOf(rows: readonly MatrixRow[]): MatrixTable["status"] {
  if (rows.some(({ status }) => status === "failed")) return "failed";
  return rows.every(({ status }) => status === "passed") ? "passed" : "incomplete";
}

/** The line that the record of a run tells. */
export function rowOf(params: MatrixRow["params"], { record, repetition }: ReadRun): MatrixRow {
  const { runId, stages, status, claims } = record;
  const failed = stages.filter((stage) => stage.status === "failed").map(({ name }) => name);
  return {
    params,
    status,
    runId: repetition?.runId ?? runId,
    ...(repetition !== undefined && { repeats: runId }),
    counts: countsOf(repetition === undefined ? stages : cachedStages(record)),
    durationMs: repetition?.durationMs ?? record.tookMs ?? record.durationMs,
    ...(failed.length > 0 && { failed }),
    checks: Object.fromEntries(
      claims.filter(({ kind }) => kind === "check").map((claim) => [claim.id, checkOf(claim)]),
    ),
  };
}

/** What the table says of a check. */
export function checkOf({ status, value, unit }: Claim): MatrixRow["checks"][string] {
  return { status, value, ...(unit !== undefined && { unit }) };
}

export function writeTable(table: MatrixTable): string {
  return documentJson(table);
}

/** @param file what to call it @throws MATRIX_INVALID */
export function parseTable(content: Uint8Array | string, file: string): MatrixTable {
  try {
    return shape.requireShape(TABLE, parseStrictJson(content));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("MATRIX_INVALID", { file, problem }, error);
  }
}

export function fileOfMatrix(matrixId: string): string {
  return `matrices/${matrixId}.json`;
}
