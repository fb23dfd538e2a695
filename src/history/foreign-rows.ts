// Rows as they come out of a database: several homes may share one, and anybody who can write to it can put anything there.
import { parseStrictJson, messageOf, isObject } from "#base/strict-json.ts";
import * as shape from "#base/shape.ts";
import { pipeliteError } from "./errors.ts";
import type { ChangeRow, RecordRow, RunRow } from "./schema.ts";

const number: shape.Shape<number> = (value) => (Number.isFinite(value) ? undefined : " is no number");

const textOrNull: shape.Shape<string | null> = (value) => (value === null ? undefined : shape.text(value));

/** Text that is an object of JSON. */
const jsonObject: shape.Shape<string> = (value) => {
  if (typeof value !== "string") return " is not text";
  try {
    return isObject(parseStrictJson(value)) ? undefined : " is no object of JSON";
  } catch (error) {
    return ` is no JSON: ${messageOf(error)}`;
  }
};

const runId = shape.matching(/^[\w-]+$/, "id of a run");

const RUN = shape.object<RunRow>({
  run_id: runId,
  digest: shape.text,
  pipeline: shape.text,
  pipeline_file: shape.text,
  started_at: shape.time,
  finished_at: shape.time,
  duration_ms: shape.amount,
  status: shape.text,
  engine: shape.text,
  sandbox: shape.text,
  host: jsonObject,
  params: jsonObject,
  stages: shape.count,
  built: shape.count,
});

/** What is read of a measurement, with its run. */
export interface MeasuredRow {
  run_id: string;
  pipeline: string;
  started_at: string;
  host: string;
  kind: "run" | "stage" | "check" | "claim";
  stage: string | null;
  name: string;
  value: number;
  unit: string | null;
}

const MEASURED = shape.object<Omit<MeasuredRow, "host">>({
  run_id: runId,
  pipeline: shape.text,
  started_at: shape.time,
  kind: shape.oneOf("run", "stage", "check", "claim"),
  stage: textOrNull,
  name: shape.text,
  value: number,
  unit: textOrNull,
});

/** @throws HISTORY_DAMAGED at the first that is no row of a run */
export function requireRuns(rows: readonly RunRow[], database: string): RunRow[] {
  return rows.map((row) => required(RUN(row), row, database));
}

/** @throws HISTORY_DAMAGED at the first that is no row of a measurement */
export function requireMeasured<T extends MeasuredRow>(rows: readonly T[], database: string): T[] {
  // Thousands of measurements are of the same few machines.
  const hosts = new Set<string>();
  return rows.map((row) => {
    const { host, ...own } = row;
    const fault = MEASURED(own) ?? (hosts.has(host) ? undefined : inHost(jsonObject(host)));
    hosts.add(host);
    return required(fault, row, database);
  });
}

const RECORD = shape.object<RecordRow>({
  origin: shape.text,
  run_id: runId,
  digest: shape.text,
  signature: shape.text,
});

/** What a home holds, as it was indexed. @throws HISTORY_DAMAGED */
export function requireRecords(rows: readonly RecordRow[], database: string): RecordRow[] {
  return rows.map((row) => required(RECORD(row), row, database));
}

const CHANGE = shape.object<ChangeRow>({
  origin: shape.text,
  run_id: runId,
  digest_before: shape.text,
  digest_after: shape.text,
  noticed_at: shape.time,
});

/** @throws HISTORY_DAMAGED */
export function requireChanges(rows: readonly ChangeRow[], database: string): ChangeRow[] {
  return rows.map((row) => required(CHANGE(row), row, database));
}

export interface ConflictRow {
  run_id: string;
  here: string;
  indexed: string;
}

const CONFLICT = shape.object<ConflictRow>({ run_id: runId, here: shape.text, indexed: shape.text });

/** @throws HISTORY_DAMAGED */
export function requireConflicts(rows: readonly ConflictRow[], database: string): ConflictRow[] {
  return rows.map((row) => required(CONFLICT(row), row, database));
}

export interface PipelineRow {
  name: string;
  file: string;
}

const PIPELINE = shape.object<PipelineRow>({ name: shape.text, file: shape.text });

/** @throws HISTORY_DAMAGED */
export function requirePipelines(rows: readonly PipelineRow[], database: string): PipelineRow[] {
  return rows.map((row) => required(PIPELINE(row), { ...row, run_id: undefined }, database));
}

/** PostgreSQL counts in text. @throws HISTORY_DAMAGED */
export function requireCount(value: unknown, database: string): number {
  const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (shape.count(count) === undefined) return count as number;
  throw pipeliteError("HISTORY_DAMAGED", { database, problem: "the number of its runs is no count" });
}

function inHost(fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `/host${fault}`;
}

function required<T extends { run_id: unknown }>(fault: string | undefined, row: T, database: string): T {
  if (fault === undefined) return row;
  const of = typeof row.run_id === "string" ? `of run ${row.run_id}` : "of a run";
  throw pipeliteError("HISTORY_DAMAGED", { database, problem: `a row ${of} was changed: ${fault.slice(1)}` });
}
