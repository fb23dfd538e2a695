// The stages of a run, and what came of its lists, in the words of events.
import type { LoadedPipeline } from "#compile/load.ts";
import type { EachNode, Graph, GraphNode } from "#compile/nodes.ts";
import type { RunStarted } from "#home/events.ts";
import type { Expansion, VariantTable } from "#home/run-record.ts";
import { inputNames, isShownNode } from "./select.ts";

export function expansionOf({ name, each }: EachNode): Expansion {
  const { list, handle, items = [] } = each;
  return {
    name,
    from: list.node.name,
    ...(list.file !== undefined && { file: list.file }),
    ...(handle.options.key !== undefined && { key: handle.options.key }),
    items: items.map((item) => ({
      key: item.key,
      name: item.name,
      stages: item.nodes.filter(isShownNode).map((node) => node.name),
      made: item.edge.node.name,
      ...(item.edge.file !== undefined && { file: item.edge.file }),
    })),
  };
}

/** What there is at the start of a run. */
export function announcedStages(
  loaded: LoadedPipeline,
  graph: Graph,
): Pick<RunStarted, "stages" | "variants"> {
  const variants = variantsOf(loaded, graph);
  return { stages: announced(graph.nodes), ...(variants.length > 0 && { variants }) };
}

/** What `matrix` made, as far as it is in this run. */
function variantsOf({ variants }: LoadedPipeline, { nodes, builder }: Graph): VariantTable[] {
  const inRun = new Set(nodes);
  return variants.map(({ place, axes, rows }): VariantTable => ({
    place,
    axes: axes.map(({ name, values }) => ({ name, values: [...values] })),
    rows: rows.map(({ values, handles }) => ({
      values,
      stages: [...handles].flatMap((handle) => {
        const node = builder.nodeOf(handle);
        return node && inRun.has(node) && isShownNode(node) ? [node.name] : [];
      }),
    })),
  }));
}

export function announced(nodes: readonly GraphNode[]): RunStarted["stages"] {
  return nodes.filter(isShownNode).map((node) => ({ name: node.name, inputs: inputNames(node) }));
}
