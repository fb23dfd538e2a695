// The plan of a run, which grows while lists become known: told as events, with what is there held against collections.
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { isBuildNode, isUnexpanded } from "#compile/nodes.ts";
import type { EachNode, GraphNode } from "#compile/nodes.ts";
import type { RunListener } from "#home/events.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Model } from "./answers.ts";
import { announced, expansionOf } from "./expansion.ts";
import { GraphDerivations } from "./graph-derivations.ts";
import type { Ledger } from "./ledger.ts";
import { Planner, type Opened, type PlannedStage } from "./plan.ts";
import type { GraphDerivation } from "./realisations.ts";
import { keepDerivation } from "./realise.ts";

export class RunPlanning {
  readonly #opened: Opened;
  readonly #emit: RunListener;
  readonly #ledger: Ledger;
  readonly #planner: Planner;
  readonly #graphDrvs = new GraphDerivations();
  /** Nodes whose outputs no collection takes. */
  readonly #rooted = new Set<GraphNode>();
  readonly #wrongLists = new Map<EachNode, PipeliteError>();

  constructor(opened: Opened, model: Model | undefined, ledger: Ledger, emit: RunListener) {
    this.#opened = opened;
    this.#emit = emit;
    this.#ledger = ledger;
    this.#planner = new Planner(opened, model, (node) => this.#tryToGrow(node));
  }

  /** Plans the graph as it is. @returns its derivations before any input is known; there will be more of them */
  async start(): Promise<ReadonlyMap<GraphNode, GraphDerivation>> {
    this.#ledger.nameDerivations((node) => this.#graphDrvs.all.get(node)?.drvPath);
    await this.writeDerivations();
    await this.#plan(this.#opened.graph.nodes);
    return this.#graphDrvs.all;
  }

  /** Writes those derivations of the graph that can be told by now. */
  async writeDerivations(): Promise<void> {
    const { graph, work } = this.#opened;
    await this.#graphDrvs.write(work, graph.nodes);
  }

  /**
   * What is to be done before it is the turn of a list, when that was not known before.
   * @returns undefined when all of it is known
   * @throws PipeliteError of a list that is wrong
   */
  async expand(node: EachNode): Promise<readonly GraphNode[] | undefined> {
    const wrong = this.#wrongLists.get(node);
    if (wrong !== undefined) throw wrong;
    if (!isUnexpanded(node)) return undefined;
    const added = await this.#grow(node);
    this.#planner.forget([node]);
    await this.#plan([...added, node]);
    return added;
  }

  /** Notes that no collection takes the output of a node: it was built just now. */
  isRooted(node: GraphNode): void {
    this.#rooted.add(node);
  }

  async #plan(nodes: readonly GraphNode[]): Promise<void> {
    const planned = await this.#planSafely(nodes);
    const { graph, work } = this.#opened;
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    for (const { name, status, reason } of planned) {
      const lastMs = status === "build" ? work.builds.lastWallMs(graph.file, name) : undefined;
      const expected = lastMs === undefined ? {} : { expectedMs: lastMs };
      this.#emit({ type: "stage-planned", name, status, ...(reason && { reason }), ...expected });
    }
    for (const { name, status, outPath, drvPath } of planned) {
      const node = byName.get(name);
      if (node === undefined || status !== "cached") continue;
      if (isBuildNode(node) && drvPath !== undefined)
        await keepDerivation(work, node, parseStorePath(drvPath));
      this.#ledger.record(node, "cached", undefined, {
        ...(outPath && { outPath }),
        ...(drvPath && { drvPath }),
      });
    }
  }

  /** What a list leads to. One that is wrong is told of when it is its turn. */
  async #tryToGrow(node: EachNode): Promise<readonly GraphNode[] | undefined> {
    try {
      return await this.#grow(node);
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      this.#wrongLists.set(node, error);
      return undefined;
    }
  }

  async #grow(node: EachNode): Promise<readonly GraphNode[]> {
    const { graph, expand } = this.#opened;
    const added = await expand(node);
    this.#emit({
      type: "list-expanded",
      ...expansionOf(node),
      params: graph.params,
      stages: announced(added),
    });
    await this.writeDerivations();
    return added;
  }

  /** A plan whose outputs no collection can take any more; made again when one took something meanwhile. */
  async #planSafely(nodes: readonly GraphNode[]): Promise<PlannedStage[]> {
    const { store, outputs } = this.#opened.work;
    const planned = await this.#planner.plan(nodes);
    const found = [...outputs].filter(([node]) => !this.#rooted.has(node));
    await store.addTempRoot(...found.map(([, path]) => path));
    for (const [node] of found) this.#rooted.add(node);
    if (found.every(([, path]) => store.isValid(path))) return planned;
    const again = found.map(([node]) => node);
    this.#opened.work.forget(again);
    this.#planner.forget(again);
    return this.#planner.plan(nodes);
  }
}
