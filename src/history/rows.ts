// From a run record to the rows of the index. A run's measurements are what it measured itself: figures of the stages it
// built, and claims about the outputs it built and about the run; what was cached was measured by an earlier run.
import type { Claim } from "#home/run-record.ts";
import { VERDICT_FILE } from "#evidence/output-claims.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import type { MeasurementRow, RunRow, StageRow } from "./schema.ts";

export interface RunRows {
  run: RunRow;
  stages: StageRow[];
  measurements: MeasurementRow[];
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
function runFigures(record: RunRecord): Measured[] {
  if (!isWhole(record)) return [];
  const { durationMs, status } = record;
  return [
    { kind: "run", stage: null, name: "duration", value: durationMs, unit: "ms", status: storable(status) },
  ];
}

function isWhole({ stages }: RunRecord): boolean {
  return stages.length > 0 && stages.every(({ status }) => status === "built");
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

/**
 * Claims that are numbers, of outputs that this run built. What rests on the run as a whole is comparable only where every
 * stage was built, as its duration is.
 */
function claimFigures(record: RunRecord): Measured[] {
  // Records of schema 1 have none.
  const claims = (record.claims as Claim[] | undefined) ?? [];
  const whole = isWhole(record);
  return claims.flatMap(({ id, value, unit, status, evidence }): Measured[] => {
    if (typeof value !== "number") return [];
    const verdict = evidence.find((place) => place.includes(`/${VERDICT_FILE}#/checks/`));
    const stage = stageOf(verdict ?? evidence[0] ?? "", record);
    if (stage === undefined ? !whole : stage.status !== "built") return [];
    const kind = verdict === undefined ? "claim" : "check";
    return [
      {
        kind,
        stage: orNull(stage?.name),
        name: storable(id),
        value: numeric(value),
        unit: orNull(unit),
        status: storable(status),
      },
    ];
  });
}

/** The stage whose output or figures a piece of evidence is; none for the run as a whole. */
function stageOf(place: string, { stages }: RunRecord): StageRecord | undefined {
  const index = /^run\.json#\/stages\/(\d+)(?:\/|$)/.exec(place)?.[1];
  if (index !== undefined) return stages[Number(index)];
  const path = /^\/nix\/store\/[^/#]+/.exec(place)?.[0];
  return path === undefined ? undefined : stages.find(({ outPath }) => outPath === path);
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : storable(text);
}

function numeric(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Error(`${JSON.stringify(value)} is not a number`);
  return value;
}

/** PostgreSQL keeps no zero character and no half of a pair in a text. */
function storable(text: unknown): string {
  if (typeof text !== "string") throw new Error(`${JSON.stringify(text)} is not text`);
  return text.toWellFormed().replaceAll("\0", "\u{FFFD}");
}
