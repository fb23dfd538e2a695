// A run that had nothing to do says all over again what the run before it said, but for its own times. So its file holds
// only what is its own and the digest of the record that it repeats; the whole record follows from both. Pure and small:
// such a run starts from here.
import type { Claim } from "./claims.ts";
import { claimsOfRun, type BareRecord } from "./run-claims.ts";
import { countsOf, type RECORD_SCHEMA, type RunRecord } from "./run-record.ts";

/** The content of the file of a run that repeats another. */
export interface Repeat {
  schema: typeof RECORD_SCHEMA;
  runId: string;
  repeats: { runId: string; digest: string };
  startedAt: string;
  finishedAt: string;
  durationMs: number;
}

export function isRepeat(value: unknown): value is Repeat {
  return typeof value === "object" && value !== null && "repeats" in value && !("stages" in value);
}

/** The record of a run that repeats `earlier`, without its claims. */
export function repeatRecord(earlier: BareRecord, own: Repeat): BareRecord {
  const stages = earlier.stages.map(({ reason: _, startMs: __, waitedMs: ___, builtInRun, ...stage }) => ({
    ...stage,
    status: "cached" as const,
    builtInRun: builtInRun ?? earlier.runId,
    durationMs: 0,
  }));
  const { jobs: _, phases: __, ...rest } = earlier;
  return { ...rest, ...own, sandbox: { kind: "not-used", tried: [] }, stages, counts: countsOf(stages) };
}

/** The whole record of a run from what its file holds. @param read gives what the file of another run holds */
export function wholeRecord(value: unknown, read: (runId: string) => unknown): RunRecord {
  if (!isRepeat(value)) return value as RunRecord;
  const earlier = read(value.repeats.runId);
  if (isRepeat(earlier)) throw new Error(`it repeats ${value.repeats.runId}, which repeats another`);
  return repeated(earlier as RunRecord, value);
}

/** The record of a run that repeats `earlier`. */
export function repeated(earlier: RunRecord, own: Repeat): RunRecord {
  const { claims, ...bare } = earlier;
  const record = repeatRecord(bare, own);
  return { ...record, claims: claimsOfRun(record, claimsOfOutputs(claims)) };
}

/** The claims of a record that follow from its outputs: those before the first of its own (claimsOfRun). */
export function claimsOfOutputs(claims: readonly Claim[]): Claim[] {
  return claims.slice(
    0,
    claims.findIndex(({ id }) => id === "run/claims"),
  );
}
