// From a run record to the rows of the index. A run's measurements are what it measured itself: figures of the stages it
// built, and claims about the outputs it built and about the run; what was cached was measured by an earlier run.
import { createHash } from "node:crypto";
import type { RunRecord, StageRecord } from "#evidence/run-record.ts";
import type { MeasurementRow, RunRow, StageRow } from "./schema.ts";

export interface RunRows {
  run: RunRow;
  stages: StageRow[];
  measurements: MeasurementRow[];
}

/** The part of a claim that the index needs; evidence is `<store path>/<file>#<pointer>` or `run.json#<pointer>`. */
interface IndexedClaim {
  id: string;
  value: unknown;
  unit?: string;
  status: string;
  evidence: string | readonly string[];
}

/** `sha256:<hex>` of the bytes of a record file. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Reads the bytes of a record.
 * @throws Error that says what is wrong with it.
 */
export function parseRecord(bytes: Uint8Array, runId: string): RunRecord {
  const record = JSON.parse(
    new TextDecoder("utf-8", { fatal: true }).decode(bytes),
  ) as Partial<RunRecord> | null;
  if (typeof record !== "object" || record === null) throw new Error("it is no object");
  const texts = ["runId", "pipeline", "pipelineFile", "startedAt", "finishedAt", "status", "engine"] as const;
  const wrong = texts.find((name) => typeof record[name] !== "string");
  if (wrong !== undefined) throw new Error(`its ${wrong} is no text`);
  if (!Array.isArray(record.stages)) throw new Error("its stages are no list");
  if (record.runId !== runId) throw new Error(`it is the record of ${record.runId}`);
  return record as RunRecord;
}

export function rowsOf(record: RunRecord, digest: string): RunRows {
  const run_id = storable(record.runId);
  const measurements = [
    ...runFigures(record),
    ...record.stages.flatMap(stageFigures),
    ...claimFigures(record),
  ];
  return {
    run: {
      run_id,
      digest,
      pipeline: storable(record.pipeline),
      pipeline_file: storable(record.pipelineFile),
      started_at: storable(record.startedAt),
      finished_at: storable(record.finishedAt),
      duration_ms: numeric(record.durationMs),
      status: storable(record.status),
      engine: storable(record.engine),
      sandbox: storable(record.sandbox.kind),
      host: storable(JSON.stringify(record.host)),
      params: storable(JSON.stringify(record.params)),
      stages: record.stages.length,
      built: record.stages.filter(({ status }) => status === "built").length,
    },
    stages: record.stages.map((stage, ordinal) => stageRow(stage, run_id, ordinal)),
    measurements: measurements.map((measurement, ordinal) => ({ run_id, ordinal, ...measurement })),
  };
}

type Measured = Omit<MeasurementRow, "run_id" | "ordinal">;

function stageRow(stage: StageRecord, run_id: string, ordinal: number): StageRow {
  return {
    run_id,
    ordinal,
    name: storable(stage.name),
    status: storable(stage.status),
    drv_path: orNull(stage.drvPath),
    out_path: orNull(stage.outPath),
    nar_hash: orNull(stage.narHash),
    nar_size: stage.narSize === undefined ? null : numeric(stage.narSize),
    duration_ms: numeric(stage.durationMs),
    built_in_run: orNull(stage.builtInRun),
    failure: orNull(stage.failure?.code),
  };
}

/** The duration of a run is comparable only where every stage was built. */
function runFigures({ stages, durationMs, status }: RunRecord): Measured[] {
  const isWhole = stages.length > 0 && stages.every((stage) => stage.status === "built");
  if (!isWhole) return [];
  return [
    { kind: "run", stage: null, name: "duration", value: durationMs, unit: "ms", status: storable(status) },
  ];
}

function stageFigures({ name, status, usage, durationMs }: StageRecord): Measured[] {
  if (status !== "built") return [];
  const sum = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a + b;
  const figures: [name: string, value: number | undefined, unit: string][] = [
    ["wall", usage?.wallMs, "ms"],
    ["cpu", sum(usage?.cpuUserMs, usage?.cpuSystemMs), "ms"],
    ["memory", usage?.peakMemoryBytes, "B"],
    ["io", sum(usage?.ioReadBytes, usage?.ioWriteBytes), "B"],
    ["duration", durationMs, "ms"],
  ];
  return figures.flatMap(([figure, value, unit]) =>
    value === undefined
      ? []
      : [
          {
            kind: "stage" as const,
            stage: storable(name),
            name: figure,
            value: numeric(value),
            unit,
            status: "recorded",
          },
        ],
  );
}

function claimFigures(record: RunRecord): Measured[] {
  const claims = "claims" in record && Array.isArray(record.claims) ? (record.claims as IndexedClaim[]) : [];
  return claims.flatMap((claim) => {
    const stages = stagesOf(claim, record);
    if (stages.length > 0 && !stages.some(({ status }) => status === "built")) return [];
    const { id, value, unit, status } = claim;
    return [
      {
        kind: "claim" as const,
        stage: orNull(stages[0]?.name),
        name: storable(id),
        value: typeof value === "number" && Number.isFinite(value) ? value : null,
        unit: orNull(unit),
        status: storable(status),
      },
    ];
  });
}

/** The stages whose outputs or figures a claim rests on; none for a claim of the run as a whole. */
function stagesOf({ evidence }: IndexedClaim, { stages }: RunRecord): StageRecord[] {
  const places = typeof evidence === "string" ? [evidence] : evidence;
  return places.flatMap((place) => {
    const index = /^run\.json#\/stages\/(\d+)(?:\/|$)/.exec(place)?.[1];
    if (index !== undefined) return stages[Number(index)] ?? [];
    const path = /^\/nix\/store\/[^/#]+/.exec(place)?.[0];
    return (path === undefined ? undefined : stages.find(({ outPath }) => outPath === path)) ?? [];
  });
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : storable(text);
}

function numeric(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Error(`${JSON.stringify(value)} is no number`);
  return value;
}

/** PostgreSQL keeps no zero character and no half of a pair in a text. */
function storable(text: unknown): string {
  if (typeof text !== "string") throw new Error(`${JSON.stringify(text)} is no text`);
  return text.toWellFormed().replaceAll("\0", "\u{FFFD}");
}
