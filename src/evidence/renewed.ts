import type { Repeat } from "./repeat.ts";
import type { RunRecord } from "./run-record.ts";

/**
 * The record of one more repetition, from that of one before: all that differs between two of them is when they were.
 * Apart from repeat.ts, so that a run without work need not load how claims are made.
 */
export function renewed(before: RunRecord, own: Repeat): RunRecord {
  const values = new Map<string, string | number>([
    ["run/started-at", own.startedAt],
    ["run/finished-at", own.finishedAt],
    ["run/duration", own.durationMs],
  ]);
  const claims = before.claims.map((claim) => {
    const value = values.get(claim.id);
    return value === undefined ? claim : { ...claim, value };
  });
  return { ...before, ...own, claims };
}
