// The chain of stages that no number of cores makes shorter: each reads what the one before it made, and together they
// took the longest. A run can't have been faster than this; what it took beyond is preparing, waiting and concluding.
import type { RunRecord, StageRecord } from "#evidence/run-record.ts";

export interface CriticalPath {
  /** Names, in the order in which they ran. */
  stages: string[];
  /** Sum of the times that this run spent on them. */
  durationMs: number;
}

/** Of equally long chains, the one whose names come first in the record. */
export function criticalPath({ stages }: Pick<RunRecord, "stages">): CriticalPath {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const chains = new Map<string, CriticalPath>();
  const chainTo = (stage: StageRecord): CriticalPath => {
    const known = chains.get(stage.name);
    if (known !== undefined) return known;
    // A record whose stages read each other in a circle is no graph; the circle is cut here.
    chains.set(stage.name, { stages: [], durationMs: 0 });
    const before = longest(stage.inputs.flatMap((name) => byName.get(name) ?? []).map(chainTo));
    const chain = {
      stages: [...before.stages, stage.name],
      durationMs: before.durationMs + stage.durationMs,
    };
    chains.set(stage.name, chain);
    return chain;
  };
  const { stages: names, durationMs } = longest(stages.map(chainTo));
  return { stages: names.filter((name) => (byName.get(name)?.durationMs ?? 0) > 0), durationMs };
}

function longest(chains: readonly CriticalPath[]): CriticalPath {
  const none: CriticalPath = { stages: [], durationMs: 0 };
  return chains.reduce((best, chain) => (chain.durationMs > best.durationMs ? chain : best), none);
}
