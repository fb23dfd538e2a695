// What a list that a stage wrote leads to: the nodes that `each` makes for its items, once the list is there.
import { bytesInside, entryAt, placeInside } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import { messageOf } from "#base/strict-json.ts";
import type { AnyNode, Each, FileOf, Handle } from "#author/nodes.ts";
import { handleOf, isFileOf, isNode, noticingHandles } from "#author/nodes.ts";
import { placeInStack } from "#author/source-position.ts";
import type { Graph } from "./nodes.ts";
import type { Edge, EachNode, GraphNode, MadeItem } from "./nodes.ts";
import { itemsOf, type Item } from "./items.ts";
import { withReadingsNow, type Readings } from "./readings.ts";
import { namesBelow } from "./stage-names.ts";
import { pipeliteError } from "./errors.ts";

export interface GraphExpansion {
  /** Nodes that are new in the graph, in order. */
  added: GraphNode[];
  /** What making them read. */
  readings: Readings;
  /** Puts them into the graph. */
  commit: () => void;
}

/** `tiles/tiles.json`: the list as people call it. */
export function listName({ node, file }: Edge): string {
  return file === undefined ? node.name : `${node.name}/${file}`;
}

/**
 * What `each` makes of a list.
 * @param document the bytes of the list
 * @throws PipeliteError EACH_LIST_INVALID, EACH_FAILED, EACH_MADE_NOTHING, EACH_CYCLE, and what building a graph throws
 */
export async function expandEach(
  graph: Graph,
  node: EachNode,
  document: Uint8Array,
): Promise<GraphExpansion> {
  const { handle } = node.each;
  const items = readItems(node, document);
  const { value: made, readings } = withReadingsNow(() =>
    items.map((item, index) => makeItem(node, item, () => handle.make(item.value as never, index))),
  );
  const found: MadeItem[] = [];
  const needs = new Set(node.needs);
  for (const [index, one] of made.entries()) {
    const { key, name } = items[index] ?? { key: "", name: "" };
    const { needs: needed, ...item } = await addItem(graph, node, { ...one, key, name });
    checkCircle(node, item, needed);
    found.push(item);
    for (const need of needed) needs.add(need);
  }
  const before = new Set(graph.nodes);
  const added = inOrder([...needs]).filter((each) => !before.has(each));
  const commit = (): void => {
    grow(node, found, needs);
    graph.nodes = inOrder(graph.nodes);
    graph.builder.checkParams();
  };
  return { added, readings, commit };
}

/** The bytes of a list; `output` is where the output of its node is. @throws EACH_LIST_INVALID */
export function readList({ place, each: { list } }: EachNode, output: string): Uint8Array {
  const file = list.file ?? "";
  const bytes = bytesInside(output, file);
  if (bytes !== undefined) return bytes;
  const path = placeInside(output, file);
  const isThere = path !== undefined && entryAt(path) !== undefined;
  const problem =
    path === undefined ? "it is reached through a link" : isThere ? "it is no file" : "there is no such file";
  throw pipeliteError("EACH_LIST_INVALID", { place, list: listName(list), stage: list.node.name, problem });
}

function grow(node: EachNode, items: MadeItem[], needs: ReadonlySet<GraphNode>): void {
  const inputOf = ({ name }: MadeItem): string => `parts.${name}`;
  node.needs = [...needs];
  node.inputs = { ...node.inputs, ...Object.fromEntries(items.map((item) => [inputOf(item), item.edge])) };
  node.groups = { parts: items.map(inputOf) };
  const names = items.map(({ name }) => name);
  const lists = items.flatMap(({ name, edge }) => (isList(edge) ? [name] : []));
  node.params = { ...node.params, names, lists };
  node.each.items = items;
}

function isList({ node, file }: Edge): boolean {
  return node.kind === "each" && file === undefined;
}

function readItems({ place, each }: EachNode, document: Uint8Array): Item[] {
  try {
    return itemsOf(document, each.handle.options.key ?? null);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const list = listName(each.list);
    throw pipeliteError(
      "EACH_LIST_INVALID",
      { place, list, stage: each.list.node.name, problem: error.message },
      error,
    );
  }
}

interface Made {
  node: AnyNode | FileOf<null> | Each<unknown>;
  /** Handles that were made for this item. */
  own: ReadonlySet<Handle>;
}

function makeItem({ place, each }: EachNode, { key }: Item, make: () => unknown): Made {
  const words = { place, item: key, list: listName(each.list) };
  let value: unknown;
  let made: ReadonlySet<Handle>;
  try {
    ({ value, made } = noticingHandles(make));
  } catch (error) {
    if (isPipeliteError(error)) throw error;
    const where = error instanceof Error ? placeInStack(error.stack ?? "") : undefined;
    const problem = error instanceof Error ? `${error.name}: ${error.message}` : messageOf(error);
    throw pipeliteError("EACH_FAILED", { ...words, place: where ?? place, problem }, error);
  }
  if (isNode(value) || isFileOf(value)) return { node: value, own: made };
  const what = value === null ? "null" : value instanceof Promise ? "a promise" : typeof value;
  throw pipeliteError("EACH_MADE_NOTHING", { ...words, stage: each.list.node.name, what });
}

async function addItem(
  { builder }: Graph,
  { place, each }: EachNode,
  { node, own, key, name }: Made & Pick<MadeItem, "key" | "name">,
): Promise<MadeItem & { needs: GraphNode[] }> {
  const root = isFileOf(node) ? node.node : handleOf(node);
  const names = await namesBelow([root], new Map(), {
    known: (handle) => builder.nodeOf(handle)?.name,
    taken: (other) => builder.isTaken(other),
    suffix: `-${each.tag}-${name}`,
    isOwn: (handle) => own.has(handle),
  });
  const isNew = [...own].filter((handle) => builder.nodeOf(handle) === undefined);
  const found = await builder.input(node, names, place);
  if (found === null) throw pipeliteError("ANSWER_ABSENT", { place });
  const nodes = isNew.flatMap((handle) => builder.nodeOf(handle) ?? []);
  return { key, name, edge: found.edge, needs: found.needs, nodes };
}

/** What is made for an item may be made of anything but of what is made for all. */
function checkCircle(node: EachNode, { key, edge }: MadeItem, needs: readonly GraphNode[]): void {
  const seen = new Set<GraphNode>();
  const leadsBack = (from: GraphNode): boolean => {
    if (from === node) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return from.needs.some(leadsBack);
  };
  if (!needs.some(leadsBack)) return;
  const { place, each } = node;
  throw pipeliteError("EACH_CYCLE", { place, name: edge.node.name, item: key, list: listName(each.list) });
}

/** The same nodes and all that they need, each behind what it needs. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const ordered = new Set<GraphNode>();
  const visit = (node: GraphNode): void => {
    if (ordered.has(node)) return;
    node.needs.forEach(visit);
    ordered.add(node);
  };
  nodes.forEach(visit);
  return [...ordered];
}
