// A run as spans of time, computed from its record alone: the run, its phases, each stage with what it used, and the times
// in which a stage was ready and waited for its turn. What is written as Chrome trace, as OTLP or on a terminal is this.
import { hexDigestOf } from "#base/digest.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { criticalPath } from "./critical-path.ts";
import { figuresOf } from "./figures.ts";

export type AttributeValue = string | number | boolean;

export interface Span {
  /** 32 hexadecimal digits, the same for all spans of a run and derived from its id. */
  traceId: string;
  /** 16 hexadecimal digits. */
  id: string;
  /** Absent for the run. */
  parentId?: string;
  kind: "run" | "phase" | "stage" | "wait";
  name: string;
  /** Unix time in ns. Times within a run are by the monotonic clock, counted from the start of the run. */
  startNs: bigint;
  endNs: bigint;
  /** Of the executor that a stage ran in, from 0; absent for what ran in none. */
  slot?: number;
  /** Of a run or a stage; a phase and a wait have none of their own. */
  status?: string;
  /** Why a run or a stage did not end well. */
  problem?: string;
  attributes: Record<string, AttributeValue>;
}

/** A wait that is shorter is the scheduler's own turn and makes no span; the stage's attribute has its length. */
const WAIT_MS_MIN = 1;

/**
 * The run first, then its phases, then stages and waits in the order of time. A stage that was never turned to (its output
 * was there, or it was skipped) has no length and stands at the end of planning.
 */
export function traceOf(record: RunRecord): Span[] {
  const base = BigInt(Date.parse(record.startedAt)) * 1_000_000n;
  const traceId = digest(`pipelite run ${record.runId}`, 32);
  const idOf = (what: string): string => digest(`pipelite run ${record.runId} ${what}`, 16);
  const runId = idOf("run");
  const time = (startMs: number, durationMs: number) => ({
    startNs: base + nanoseconds(startMs),
    endNs: base + nanoseconds(startMs + durationMs),
  });
  const below = { traceId, parentId: runId };
  const claims = claimsIn(record);
  const phases = (record.phases ?? []).map(({ name, startMs, durationMs }): Span => ({
    ...below,
    id: idOf(`phase ${name}`),
    kind: "phase",
    name,
    ...time(startMs, durationMs),
    attributes: claims(`run/phase/${name}/start`, `run/phase/${name}`),
  }));
  const plannedMs = record.phases?.find(({ name }) => name === "build")?.startMs ?? 0;
  const path = criticalPath(record);
  const stages = record.stages.flatMap((stage): Span[] => {
    const { name, startMs = plannedMs, durationMs, waitedMs = 0, failure } = stage;
    const span: Span = {
      ...below,
      id: idOf(`stage ${name}`),
      kind: "stage",
      name,
      ...time(startMs, stage.startMs === undefined ? 0 : durationMs),
      status: stage.status,
      ...(failure && { problem: failure.message }),
      attributes: {
        ...stageAttributes(stage, path.stages.includes(name)),
        ...claims(...[...STAGE_CLAIMS, ...figureNames(stage)].map((id) => `${name}/${id}`)),
      },
    };
    if (waitedMs < WAIT_MS_MIN) return [span];
    const wait: Span = {
      ...below,
      id: idOf(`wait ${name}`),
      kind: "wait",
      name,
      ...time(startMs - waitedMs, waitedMs),
      attributes: claims(`${name}/start`, `${name}/waited`),
    };
    return [wait, span];
  });
  const run: Span = {
    traceId,
    id: runId,
    kind: "run",
    name: record.pipeline,
    ...time(0, record.durationMs),
    status: record.status,
    attributes: {
      ...runAttributes(record, path),
      ...claims(
        ...RUN_CLAIMS,
        ...Object.keys(record.counts)
          .toSorted(compare)
          .map((status) => `run/stages-${status}`),
      ),
    },
  };
  return [run, ...phases, ...withSlots(stages)];
}

/** Claims that a span's numbers are the values of, beside those of its figures. */
const RUN_CLAIMS = ["run/started-at", "run/duration", "run/critical-path", "run/cores", "run/jobs"];
const STAGE_CLAIMS = ["start", "duration", "waited", "nar-size"];

/** @returns a function that lists, as an attribute, those of the ids that the run claims */
function claimsIn(record: RunRecord): (...ids: string[]) => Record<string, AttributeValue> {
  const known = new Set(record.claims.map(({ id }) => id));
  return (...ids) => {
    const found = ids.filter((id) => known.has(id));
    return found.length === 0 ? {} : { claims: found.join(" ") };
  };
}

/**
 * Gives each stage that took time the lowest free slot. Within a slot stages follow each other, so there are as many slots
 * as stages ran at the same time.
 */
function withSlots(spans: readonly Span[]): Span[] {
  const ends: bigint[] = [];
  return spans
    .toSorted((a, b) => compare(a.startNs, b.startNs) || compare(a.endNs, b.endNs) || compare(a.id, b.id))
    .map((span) => {
      if (span.kind !== "stage" || span.endNs === span.startNs) return span;
      const free = ends.findIndex((end) => end <= span.startNs);
      const slot = free === -1 ? ends.length : free;
      ends[slot] = span.endNs;
      return { ...span, slot };
    });
}

function stageAttributes(stage: StageRecord, isCritical: boolean): Record<string, AttributeValue> {
  const { kind, place, inputs, drvPath, outPath, narHash, narSize, builtInRun, reason, because, failure } =
    stage;
  return {
    kind,
    place,
    inputs: inputs.join(" "),
    critical: isCritical,
    ...(drvPath !== undefined && { derivation: drvPath }),
    ...(outPath !== undefined && { output: outPath }),
    ...(narHash !== undefined && { "nar-hash": narHash }),
    ...(narSize !== undefined && { "nar-size": narSize }),
    ...(builtInRun !== undefined && { "built-in-run": builtInRun }),
    ...(reason !== undefined && { reason: reason.text }),
    ...(because !== undefined && { because }),
    ...(failure !== undefined && { code: failure.code }),
    ...(stage.waitedMs !== undefined && { "waited.ms": stage.waitedMs }),
    ...usageAttributes(stage),
  };
}

function figureNames({ usage }: StageRecord): string[] {
  return usage === undefined ? [] : figuresOf(usage).map(({ name }) => name);
}

/** `cpu-user.ms` and `cpu-user.source`; a figure that could not be had has a source only. */
function usageAttributes({ usage }: StageRecord): Record<string, AttributeValue> {
  if (usage === undefined) return {};
  return Object.fromEntries(
    figuresOf(usage).flatMap(({ name, unit, value, source, reason }): [string, AttributeValue][] => [
      ...(value === undefined ? [] : [[`${name}.${unit}`, value] satisfies [string, number]]),
      [`${name}.source`, source],
      ...(reason === undefined ? [] : [[`${name}.reason`, reason] satisfies [string, string]]),
    ]),
  );
}

function runAttributes(
  { runId, engine, sandbox, host, jobs, counts, params }: RunRecord,
  path: { stages: string[]; durationMs: number },
): Record<string, AttributeValue> {
  return {
    "run-id": runId,
    engine,
    sandbox: sandbox.version === undefined ? sandbox.kind : `${sandbox.kind} ${sandbox.version}`,
    system: host.system,
    kernel: host.kernel,
    cores: host.cores,
    node: host.node,
    pipelite: host.pipelite,
    ...(jobs !== undefined && { jobs }),
    params: canonicalJson(params),
    ...Object.fromEntries(
      Object.entries(counts)
        .map(([status, count]) => [`stages.${status}`, count] as const)
        .toSorted(([a], [b]) => compare(a, b)),
    ),
    "critical-path": path.stages.join(" "),
    "critical-path.ms": path.durationMs,
    "clock.source": "wall clock at the start, monotonic clock from there",
  };
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

function digest(text: string, digits: number): string {
  return hexDigestOf(text).slice(0, digits);
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
