// What of a graph a run was asked for, by names.
import { suggestionFor } from "#base/near-words.ts";
import type { BuildNode, GraphNode } from "#compile/nodes.ts";
import { isBuildNode, isUnexpanded } from "#compile/nodes.ts";
import type { Graph } from "#compile/nodes.ts";
import type { RunOptions } from "./options.ts";
import { pipeliteError } from "./errors.ts";

/** Nodes that a person follows: everything but sources and timings. */
export function isShownNode(node: GraphNode): boolean {
  return isBuildNode(node) || node.kind === "answer";
}

export function inputNames(node: GraphNode): string[] {
  return node.needs.map(({ name }) => name);
}

/** The part of a graph that these stages need. */
export function select(graph: Graph, wanted: string[]): Graph {
  if (wanted.length === 0) return graph;
  return selectNodes(
    graph,
    wanted.map((name) => nodeNamed(graph, name)),
  );
}

/** The part of a graph that these need. */
export function selectNodes(graph: Graph, wanted: readonly GraphNode[]): Graph {
  const nodes = new Set<GraphNode>();
  const add = (node: GraphNode): void => {
    if (nodes.has(node)) return;
    nodes.add(node);
    node.needs.forEach(add);
  };
  wanted.forEach(add);
  const results = [...graph.results].filter(([, node]) => nodes.has(node));
  return { ...graph, nodes: graph.nodes.filter((node) => nodes.has(node)), results: new Map(results) };
}

export function findNode(graph: Graph, name: string): GraphNode | undefined {
  return graph.results.get(name) ?? graph.nodes.find((candidate) => candidate.name === name);
}

/** @throws STAGE_NOT_FOUND */
export function nodeNamed(graph: Graph, name: string): GraphNode {
  const node = findNode(graph, name);
  if (node !== undefined) return node;
  const known = graph.nodes.filter(isShownNode).map((candidate) => candidate.name);
  throw pipeliteError("STAGE_NOT_FOUND", { stage: name, suggestion: suggestionFor(name, known) });
}

/** @throws STAGE_NOT_FOUND for a name that no stage has, unless it may be that of one which a list leads to */
export function checkStageNames(graph: Graph, names: readonly string[]): void {
  if (graph.nodes.some(isUnexpanded)) return;
  for (const name of names) nodeNamed(graph, name);
}

/** What is to be built though its output is there: some of it may be known only when lists are. */
export class Forced {
  readonly nodes = new Set<GraphNode>();
  readonly #open: Set<string>;
  readonly #graph: Graph;
  readonly #engine: RunOptions["engine"];

  /** @throws STAGE_NOT_FOUND, STAGE_NOT_FORCED */
  constructor(names: readonly string[], graph: Graph, engine: RunOptions["engine"]) {
    this.#open = new Set(names);
    this.#graph = graph;
    this.#engine = engine;
    this.look();
  }

  /** Looks for those that were not there before. @throws STAGE_NOT_FOUND, STAGE_NOT_FORCED */
  look(): void {
    const mayGrow = this.#graph.nodes.some(isUnexpanded);
    for (const name of this.#open) {
      if (mayGrow && findNode(this.#graph, name) === undefined) continue;
      this.nodes.add(forcedNode(this.#graph, name, this.#engine));
      this.#open.delete(name);
    }
  }
}

/** A node that can be built though its output is there. @throws STAGE_NOT_FOUND, STAGE_NOT_FORCED */
function forcedNode(graph: Graph, name: string, engine: RunOptions["engine"]): BuildNode {
  const node = nodeNamed(graph, name);
  const refuse = (problem: string) => pipeliteError("STAGE_NOT_FORCED", { stage: name, problem });
  if (!isBuildNode(node)) throw refuse("nothing builds it");
  if (engine === "nix") throw refuse("Nix builds nothing that is there");
  if ("options" in node && node.options.addressing === "input")
    throw refuse("its output has one path whatever its bytes are, and that is taken");
  return node;
}
