// The graph of a pipeline, as text, as a picture, or for Graphviz.
import { foldGraph, stateWords, type FoldedNode } from "#chart/folded.ts";
import { drawGraph, writeDot } from "#chart/graph-picture.ts";
import { describeGraph, type DescribedGraph } from "#run/describe.ts";
import type { PlanOptions } from "#run/options.ts";

export type { DescribedGraph, FoldedNode };
export { stateWords };

export const GRAPH_FORMATS = ["text", "dot", "svg"] as const;

export interface DrawnGraph {
  graph: DescribedGraph;
  /** As it is shown: many alike nodes as one. */
  folded: FoldedNode[];
  /** The picture or the text for Graphviz; undefined for `text`. */
  document: string | undefined;
}

/** @param apart draw every node for itself, however many are alike */
export async function graph(
  options: PlanOptions,
  { format, apart }: { format: (typeof GRAPH_FORMATS)[number]; apart: boolean },
): Promise<DrawnGraph> {
  const described = await describeGraph(options);
  const folded = foldGraph(described.nodes, apart);
  const write = format === "svg" ? drawGraph : format === "dot" ? writeDot : undefined;
  return { graph: described, folded, document: write?.(described.pipeline, folded) };
}
