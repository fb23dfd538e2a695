// Goes through a graph and tells of every node whether its output is there, and if not, why it must be built.
import { listName } from "#compile/expand.ts";
import { isUnexpanded } from "#compile/nodes.ts";
import type { BuildNode, EachNode, Graph, GraphNode } from "#compile/nodes.ts";
import type { StorePath } from "#nix/store-path.ts";
import { locateAnswer } from "./answer-node.ts";
import type { Model } from "./answers.ts";
import type { BuildReason } from "#home/run-record.ts";
import { isReady, reasonFor, writeTimings, type Workspace } from "./realise.ts";
import { inputNames } from "./select.ts";

export interface PlannedStage {
  name: string;
  place: string;
  status: "cached" | "substitute" | "build";
  /** The cache that has what is to be substituted. */
  from?: string;
  reason?: BuildReason;
  drvPath?: string;
  outPath?: string;
  inputs: string[];
  /** For what makes something of each item of a list: which list, and of how many items it is, once that is known. */
  each?: { list: string; items?: number };
}

/** What is planned, and where every node of it stands. */
interface Planned {
  graph: Graph;
  work: Workspace;
}

/** Puts into the graph what a list leads to. @returns the nodes that are new; undefined when the list is wrong */
type Expand = (node: EachNode) => Promise<readonly GraphNode[] | undefined>;

/** What a cache offers for a node. */
type Elsewhere = (node: BuildNode) => Promise<{ path: StorePath; from: string } | undefined>;

/** Goes through the nodes once; finds the outputs that are there, what lists lead to, and the timings that are known. */
export class Planner {
  readonly #opened: Planned;
  readonly #model: Model | undefined;
  readonly #expand: Expand;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #seen = new Set<GraphNode>();

  constructor(opened: Planned, model: Model | undefined, expand: Expand, elsewhere?: Elsewhere) {
    this.#elsewhere = elsewhere;
    this.#opened = opened;
    this.#model = model;
    this.#expand = expand;
  }

  /** Plans these and what they need, unless it was planned before. */
  async plan(nodes: readonly GraphNode[]): Promise<PlannedStage[]> {
    const { work } = this.#opened;
    const planned: PlannedStage[] = [];
    for (const node of nodes) {
      if (this.#seen.has(node)) continue;
      this.#seen.add(node);
      const isOpen = node.needs.some((need) => !this.#seen.has(need));
      for (const need of isOpen ? await this.plan(node.needs) : []) planned.push(need);
      if (isUnexpanded(node)) {
        const reason = reasonFor(work, node);
        const list = work.outputs.get(node.each.list.node);
        const isThere = list !== undefined && work.store.isPresent(list);
        const added = isThere ? await this.#expand(node) : undefined;
        for (const each of await this.plan(added ?? [])) planned.push(each);
        if (added === undefined) {
          planned.push({ ...baseOf(node), ...eachOf(node), status: "build", reason });
          continue;
        }
      }
      const one = await this.#planOne(node);
      if (one !== undefined) planned.push(one);
    }
    return planned;
  }

  /** Plans all of these again when it is asked to. */
  forget(nodes: Iterable<GraphNode>): void {
    for (const node of nodes) this.#seen.delete(node);
  }

  async #planOne(node: GraphNode): Promise<PlannedStage | undefined> {
    const { work, graph } = this.#opened;
    if (node.kind === "source") return undefined;
    const base = baseOf(node);
    if (node.kind === "timings") {
      if (isReady(work, node)) work.found(node, await writeTimings(work, node));
      return undefined;
    }
    if (node.kind !== "answer") return { ...base, ...eachOf(node), ...(await this.#planBuild(node)) };
    const found = isReady(work, node) ? await locateAnswer(work, graph, node, this.#model) : undefined;
    if (found?.path !== undefined) {
      work.found(node, found.path);
      return { ...base, status: "cached", outPath: found.path };
    }
    return {
      ...base,
      status: "build",
      reason: { kind: "first-build", text: "the model has not answered this request" },
    };
  }

  async #planBuild(node: BuildNode): Promise<Omit<PlannedStage, keyof ReturnType<typeof baseOf>>> {
    const { work } = this.#opened;
    const build = planBuild(work, node);
    const isOffered = build.status === "build" && isReady(work, node) && !work.forced.has(node);
    const found = isOffered ? await this.#elsewhere?.(node) : undefined;
    if (found === undefined) return build;
    work.found(node, found.path);
    return { ...build, status: "substitute", outPath: found.path, from: found.from };
  }
}

function baseOf(node: GraphNode): Pick<PlannedStage, "name" | "place" | "inputs"> {
  return { name: node.name, place: node.place, inputs: inputNames(node) };
}

function eachOf(node: BuildNode): Pick<PlannedStage, "each"> {
  if (node.kind !== "each") return {};
  const { list, items } = node.each;
  return { each: { list: listName(list), ...(items && { items: items.length }) } };
}

function planBuild(
  work: Workspace,
  node: BuildNode,
): Pick<PlannedStage, "status" | "reason" | "drvPath" | "outPath"> {
  if (!isReady(work, node)) return { status: "build", reason: reasonFor(work, node) };
  const { drvPath, outPath } = work.resolve(node);
  if (outPath === undefined || work.forced.has(node))
    return { status: "build", reason: reasonFor(work, node), drvPath };
  work.found(node, outPath);
  return { status: "cached", drvPath, outPath };
}
