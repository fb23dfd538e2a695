// The chain of stages that no number of cores makes shorter: each reads what the one before it made, and together they
// took the longest. A run can't have been faster than this; what it took beyond is preparing, waiting and concluding.
import { longestChain } from "#formula/longest-chain.ts";
import type { RunRecord } from "#home/run-record.ts";

export interface CriticalPath {
  /** Names, in the order in which they ran. */
  stages: string[];
  /** Sum of the times that this run spent on them. */
  durationMs: number;
}

/** Without stages that took no time. */
export function criticalPath({ stages }: Pick<RunRecord, "stages">): CriticalPath {
  const { names, total } = longestChain(
    stages.map(({ name }) => name),
    stages.map(({ inputs }) => inputs),
    stages.map((stage) => stage.durationMs),
  );
  const tookTime = new Set(stages.filter((stage) => stage.durationMs > 0).map(({ name }) => name));
  return { stages: names.filter((name) => tookTime.has(name)), durationMs: total };
}
