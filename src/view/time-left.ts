// How long a run will still take, by what its stages took the last time. Pure.
import { isRunning, type RunState, type StageState } from "./state.ts";

/**
 * The longest way through what is left, or all of it by the jobs there are, whichever is more. A stage that was never built
 * counts as the mean of those that were; undefined where none is known, so that nothing is made up.
 */
export function timeLeft(state: RunState, nowMs: number): number | undefined {
  const open = [...state.stages.values()].filter(({ finished }) => finished === undefined);
  const known = [...state.stages.values()].flatMap((stage) => knownMs(stage) ?? []);
  if (open.length === 0 || known.length === 0) return undefined;
  const usual = known.reduce((a, b) => a + b) / known.length;
  const ends = new Map<string, number>();
  let work = 0;
  let longest = 0;
  // In the order of the record: each behind those that it needs.
  for (const stage of open) {
    const expected = knownMs(stage) ?? usual;
    const left = isRunning(stage) ? Math.max(0, expected - (nowMs - (stage.startedMs ?? nowMs))) : expected;
    const before = stage.inputs.reduce((latest, name) => Math.max(latest, ends.get(name) ?? 0), 0);
    ends.set(stage.name, before + left);
    longest = Math.max(longest, before + left);
    work += left;
  }
  return Math.max(longest, work / Math.max(1, state.started?.jobs ?? 1));
}

/** What a stage took in this run, or else the last time. */
function knownMs({ finished, expectedMs }: StageState): number | undefined {
  return finished?.status === "built" ? finished.durationMs : expectedMs;
}
