// The parts of a run that are not one stage's.
import type { Phase } from "#home/run-record.ts";

/** @param ends when each phase ended, in the order of time, by the clock that `startMs` was taken from */
export function phasesOf(startMs: number, ends: Record<Phase["name"], number>): Phase[] {
  const order = ["prepare", "plan", "build"] as const;
  return order.map((name, index) => {
    const before = order[index - 1];
    const from = before === undefined ? startMs : ends[before];
    return { name, startMs: from - startMs, durationMs: ends[name] - from };
  });
}
