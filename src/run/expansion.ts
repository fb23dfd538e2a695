// The stages of a run, and what came of its lists, in the words of events.
import type { EachNode, GraphNode } from "#compile/nodes.ts";
import type { RunStarted } from "#home/events.ts";
import type { Expansion } from "#home/run-record.ts";
import { inputNames, isShown } from "./select.ts";

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
      stages: item.nodes.filter(isShown).map((node) => node.name),
      made: item.edge.node.name,
      ...(item.edge.file !== undefined && { file: item.edge.file }),
    })),
  };
}

export function announced(nodes: readonly GraphNode[]): RunStarted["stages"] {
  return nodes.filter(isShown).map((node) => ({ name: node.name, inputs: inputNames(node) }));
}
