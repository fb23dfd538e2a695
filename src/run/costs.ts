// What the stages of one run may cost: their limits, what they take of the machine beside others, which of them is to start
// first.
import type { Costs } from "#author/costs.ts";
import type { Graph, GraphNode } from "#compile/nodes.ts";
import { isBuildNode } from "#compile/nodes.ts";
import { defaultMemoryBytes, type StageLimits } from "#engine/limits.ts";
import { Room, type ScheduleOptions } from "#engine/schedule.ts";
import type { Builds } from "#home/builds.ts";

/** What the stage says, else what the run was asked for, else what the pipeline says. */
export function costsOf(node: GraphNode, ofRun: Costs, ofPipeline: Costs): Costs {
  const common = { ...said(ofPipeline), ...said(ofRun) };
  // A download has tries of its own; neither is the pipeline's to measure.
  if (node.kind === "fetch" || node.kind === "environment")
    return common.timeoutMs === undefined ? {} : { timeoutMs: common.timeoutMs };
  return isBuildNode(node) ? { ...common, ...said(node.options) } : {};
}

function said({ memoryBytes, cpus, timeoutMs, retries, processes, outputBytes, logBytes }: Costs): Costs {
  const all = { memoryBytes, cpus, timeoutMs, retries, processes, outputBytes, logBytes };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function limitsIn({ retries: _, ...limits }: Costs): Partial<StageLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

export interface Admission {
  isWork: (node: GraphNode) => boolean;
  jobs: number;
  /** Stages run on this machine. */
  isHere: boolean;
  costsOf: (node: GraphNode) => Costs;
  /** What other runs take of, too. */
  shared?: Room | undefined;
}

/** What a run has: processors, and memory where stages run on this machine. */
export function newRoom(jobs: number, isHere: boolean): Room {
  return new Room([jobs, isHere ? defaultMemoryBytes() : Infinity]);
}

/** What starts first, what it takes while it runs, and what there is: processors, and memory where that is known. */
export function admission(
  graph: Graph,
  builds: Pick<Builds, "lastWallMs">,
  { isWork, jobs, isHere, costsOf: costs, shared }: Admission,
): Pick<ScheduleOptions<GraphNode>, "rank" | "costOf" | "room"> {
  let paths = expectedPaths(graph, builds, isWork);
  return {
    rank: (node) => {
      // What a list led to is new in the graph.
      if (!paths.has(node)) paths = expectedPaths(graph, builds, isWork);
      return paths.get(node) ?? 0;
    },
    costOf: (node) => {
      const { cpus = 1, memoryBytes = 0 } = costs(node);
      return [cpus, memoryBytes];
    },
    room: shared ?? newRoom(jobs, isHere),
  };
}

/**
 * How long it takes from the start of a node to the end of the run, as earlier builds took it: the longest of the ways
 * through what needs the node. One that was never built counts as long as the mean of those that were.
 */
function expectedPaths(
  { nodes, file }: Graph,
  builds: Pick<Builds, "lastWallMs">,
  isToBuild: (node: GraphNode) => boolean,
): Map<GraphNode, number> {
  const known = new Map<GraphNode, number>();
  for (const node of nodes) {
    const wallMs = isToBuild(node) && isBuildNode(node) ? builds.lastWallMs(file, node.name) : undefined;
    if (wallMs !== undefined) known.set(node, wallMs);
  }
  const sum = [...known.values()].reduce((total, each) => total + each, 0);
  const mean = known.size === 0 ? 1 : sum / known.size;
  const behind = new Map<GraphNode, number>();
  const paths = new Map<GraphNode, number>();
  for (const node of nodes.toReversed()) {
    const own = isToBuild(node) ? (known.get(node) ?? mean) : 0;
    const path = own + (behind.get(node) ?? 0);
    paths.set(node, path);
    for (const need of node.needs) behind.set(need, Math.max(behind.get(need) ?? 0, path));
  }
  return paths;
}
