// The graph of a pipeline as it stands: what there is, what would be built, and what that took the last time.
import { basename, relative } from "node:path";
import { listName } from "#compile/expand.ts";
import { isBuildNode, type GraphNode } from "#compile/nodes.ts";
import type { PlanOptions } from "./options.ts";
import { open } from "./open.ts";
import { isolationOf } from "./plan.ts";
import { Planner, type PlannedStage } from "./planner.ts";

export interface DescribedNode extends Pick<PlannedStage, "reason" | "place"> {
  /** Unique in the graph: sources may share a name. */
  id: string;
  name: string;
  kind: GraphNode["kind"];
  /** What it is made from: its module, its program, its path. */
  what: string;
  state: PlannedStage["status"] | "source";
  /** What its last build took. */
  lastMs?: number;
  /** Ids of the nodes that it reads, each before it. */
  inputs: string[];
  isResult: boolean;
}

export interface DescribedGraph {
  pipeline: string;
  nodes: DescribedNode[];
}

/** Builds nothing and runs no code of a stage. */
export async function describeGraph(options: PlanOptions): Promise<DescribedGraph> {
  const opened = await open(options, (_, builds) => isolationOf(options, builds));
  const { loaded, graph, work, close } = opened;
  try {
    const stages = await new Planner(opened, options.model, opened.expand).plan(graph.nodes);
    const planned = new Map(stages.map((stage) => [stage.name, stage]));
    const ids = new Map(graph.nodes.map((node, index) => [node, `${index} ${node.name}`]));
    const results = new Set(graph.results.values());
    const nodes = graph.nodes.map((node): DescribedNode => {
      const { name, kind, place, needs } = node;
      const stage = kind === "source" || kind === "timings" ? undefined : planned.get(name);
      const lastMs = isBuildNode(node) ? work.builds.lastWallMs(graph.file, name) : undefined;
      return {
        id: ids.get(node) ?? name,
        name,
        kind,
        place,
        what: whatOf(node, graph.root),
        state: stage?.status ?? "source",
        ...(stage?.reason && { reason: stage.reason }),
        ...(lastMs !== undefined && { lastMs }),
        inputs: shownNeeds(node, needs).flatMap((need) => ids.get(need) ?? []),
        isResult: results.has(node),
      };
    });
    return { pipeline: loaded.name, nodes };
  } finally {
    close();
  }
}

/** Of a gate and what is behind it the gate alone: it stands between the two. */
function shownNeeds(node: GraphNode, needs: readonly GraphNode[]): GraphNode[] {
  const guarded = new Set(
    needs.flatMap((need) => (need.kind === "gate" && need.guarded !== undefined ? [need.guarded.node] : [])),
  );
  return node.kind === "gate" ? [...needs] : needs.filter((need) => !guarded.has(need));
}

function whatOf(node: GraphNode, root: string): string {
  switch (node.kind) {
    case "stage":
      return node.module === undefined ? node.kind : relative(root, node.module);
    case "each":
      return `one for each of ${listName(node.each.list)}`;
    case "fetch":
      return node.url;
    case "source":
      return node.path;
    case "command":
      return "program" in node.program ? basename(node.program.program) : node.program.node.name;
    default:
      return node.kind;
  }
}
