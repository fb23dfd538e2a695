// Stages of items of lists, asked for by name: before anything is selected, the lists that they may be of are looked at, where
// they are there.
import { prepareGraph, type PrepareOptions } from "#compile/compile.ts";
import { listName } from "#compile/expand.ts";
import type { CompileKeep } from "#compile/memo.ts";
import { isUnexpanded, type EachNode, type Graph, type GraphNode } from "#compile/nodes.ts";
import { mayBeOfItem } from "#compile/stage-names.ts";
import type { Model } from "./answers.ts";
import { Planner } from "./planner.ts";
import type { Workspace } from "./realise.ts";
import { findNode, selectNodes } from "./select.ts";
import { pipeliteError } from "./errors.ts";

type Made = Record<string, string>;

interface Finding {
  keep: CompileKeep;
  preparing: PrepareOptions;
  model: Model | undefined;
  workOf: (prepared: Awaited<ReturnType<typeof prepareGraph>>) => Promise<Workspace>;
  /** Puts into the whole graph what a list leads to. */
  expand: (work: Workspace, node: EachNode) => Promise<readonly GraphNode[]>;
}

/**
 * Puts into the graph the stages of those lists that these names may be of.
 * @returns the files that it hangs on: absolute path -> stat signature
 * @throws PipeliteError STAGE_NOT_EXPANDED when a list is not there yet
 */
export async function findItems(graph: Graph, wanted: readonly string[], finding: Finding): Promise<Made> {
  const { keep, preparing, model, workOf, expand } = finding;
  const made: Made = {};
  const tried = new Set<EachNode>();
  for (;;) {
    const missing = wanted.filter((name) => findNode(graph, name) === undefined);
    const lists = listsOf(graph, missing).filter((each) => !tried.has(each));
    if (lists.length === 0) break;
    const part = selectNodes(
      graph,
      lists.map(({ each }) => each.list.node),
    );
    const prepared = await prepareGraph(part, keep, preparing);
    Object.assign(made, prepared.made);
    const work = await workOf(prepared);
    const grow = (node: EachNode): Promise<readonly GraphNode[]> => expand(work, node);
    await new Planner({ graph: part, work }, model, grow).plan(part.nodes);
    for (const list of lists) {
      tried.add(list);
      if (work.outputs.has(list.each.list.node)) await grow(list);
    }
  }
  for (const name of wanted) refuseUnexpanded(graph, name);
  return made;
}

/** The lists that stages of these names may be of: any, when no name says which. */
function listsOf(graph: Graph, names: readonly string[]): EachNode[] {
  const unexpanded = names.length === 0 ? [] : graph.nodes.filter(isUnexpanded);
  const likely = unexpanded.filter(({ each }) => names.some((name) => mayBeOfItem(name, each.tag)));
  return likely.length > 0 ? likely : unexpanded;
}

function refuseUnexpanded(graph: Graph, name: string): void {
  if (findNode(graph, name) !== undefined) return;
  const list = graph.nodes.filter(isUnexpanded).find(({ each }) => mayBeOfItem(name, each.tag));
  if (list === undefined) return;
  const { each } = list;
  throw pipeliteError("STAGE_NOT_EXPANDED", {
    stage: name,
    list: listName(each.list),
    way: each.list.node.name,
  });
}
