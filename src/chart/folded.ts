// A graph whose many alike nodes count as one: those of one kind, made from the same code, that read the same and are read by
// the same. Pure.
import { sumOf } from "#stats/moments.ts";

/** What a node is at the moment. */
export type NodeState = "cached" | "build" | "substitute" | "source";

export interface DrawnNode {
  /** Unique in the graph. */
  id: string;
  name: string;
  /** What makes nodes alike: kind and code. */
  kind: string;
  what: string;
  state: NodeState;
  /** What its last build took. */
  lastMs?: number | undefined;
  /** Ids of what it reads, each before it. */
  inputs: readonly string[];
}

/** One node, or many alike. */
export interface FoldedNode {
  id: string;
  /** `one`, or `one ×300`. */
  name: string;
  kind: string;
  what: string;
  count: number;
  states: Readonly<Record<NodeState, number>>;
  /** All that the last builds took together; undefined where none is known. */
  lastMs: number | undefined;
  inputs: readonly string[];
}

/** So many alike nodes are drawn each for itself. */
const APART_MAX = 4;

/** @param nodes each behind those that it reads @param apart draw every node for itself */
export function foldGraph(nodes: readonly DrawnNode[], apart = false): FoldedNode[] {
  const levels = levelsOf(nodes);
  /** Node -> what it is drawn as. */
  const drawn = new Map<string, string>();
  const folded: FoldedNode[] = [];
  const byLevel = [...Map.groupBy(nodes, ({ id }) => levels.get(id) ?? 0)].toSorted(([a], [b]) => a - b);
  for (const [level, members] of byLevel) {
    const inputsOf = ({ inputs }: DrawnNode) =>
      [...new Set(inputs.map((id) => drawn.get(id) ?? id))].toSorted();
    const keyOf = (node: DrawnNode) => JSON.stringify([node.kind, node.what, ...inputsOf(node)]);
    for (const [key, alike] of Map.groupBy(members, keyOf)) {
      const groups = apart || alike.length <= APART_MAX ? alike.map((node) => [node]) : [alike];
      for (const group of groups) {
        const [first] = group;
        if (first === undefined) continue;
        const id = group.length === 1 ? first.id : `${level} ${key}`;
        for (const node of group) drawn.set(node.id, id);
        folded.push(folding(id, group, inputsOf(first)));
      }
    }
  }
  return folded;
}

function folding(id: string, group: readonly DrawnNode[], inputs: readonly string[]): FoldedNode {
  const [first] = group;
  const { name = "", kind = "", what = "" } = first ?? {};
  const states = { cached: 0, build: 0, substitute: 0, source: 0 };
  for (const { state } of group) states[state] += 1;
  const known = group.flatMap(({ lastMs }) => lastMs ?? []);
  const count = group.length;
  return {
    id,
    name: count === 1 ? name : `${commonName(group.map((node) => node.name)) || what} ×${count}`,
    kind,
    what,
    count,
    states,
    lastMs: known.length === 0 ? undefined : sumOf(known),
    inputs,
  };
}

/** What all names begin with, up to the last word that they share. */
function commonName(names: readonly string[]): string {
  let [common = ""] = names;
  for (const name of names) while (!name.startsWith(common)) common = common.slice(0, -1);
  return common.replace(/[-.+_=]*$/, "");
}

/** How many nodes stand one behind the other before each. */
export function levelsOf(nodes: readonly Pick<DrawnNode, "id" | "inputs">[]): Map<string, number> {
  const levels = new Map<string, number>();
  for (const { id, inputs } of nodes) {
    levels.set(
      id,
      inputs.reduce((level, input) => Math.max(level, (levels.get(input) ?? -1) + 1), 0),
    );
  }
  return levels;
}

/** `cached`, `to build`, or how many of each. */
export function stateWords({ count, states }: FoldedNode): string {
  const words = [
    [states.build, "to build"],
    [states.substitute, "to take from a cache"],
    [states.cached, "cached"],
    [states.source, "source"],
  ] as const;
  const there = words.filter(([number]) => number > 0);
  return there.map(([number, word]) => (count === 1 ? word : `${number} ${word}`)).join(", ");
}
