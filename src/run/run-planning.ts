// The plan of a run, which grows while lists become known: told as events, with what is there held against collections.
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { EXIT, isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { isBuildNode, isUnexpanded } from "#compile/nodes.ts";
import type { EachNode, GraphNode } from "#compile/nodes.ts";
import type { RunListener } from "#home/events.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Model } from "./answers.ts";
import { announced, expansionOf } from "./expansion.ts";
import { GraphDerivations } from "./graph-derivations.ts";
import type { Ledger } from "./ledger.ts";
import type { OpenedPipeline } from "./open.ts";
import { Planner, type PlannedStage } from "./planner.ts";
import { realiseGraph, type GraphDerivation } from "./realisations.ts";
import { keepDerivation } from "./realise.ts";
import { keepEnvironments } from "./steps.ts";

/** As long as this is what waits for a stage kept waiting. */
const TURN_MS = 20;
const STARTED_MS = 10;
/** What is left to be done of a plan waits no longer for a first stage to start. */
const START_MAX_MS = 200;

export class RunPlanning {
  readonly #opened: OpenedPipeline;
  readonly #emit: RunListener;
  readonly #ledger: Ledger;
  readonly #planner: Planner;
  readonly #graphDrvs = new GraphDerivations();
  /** Nodes whose outputs no collection takes. */
  readonly #rooted = new Set<GraphNode>();
  readonly #wrongLists = new Map<EachNode, PipeliteError>();
  readonly #onWhole: () => void;
  readonly #unprepared = new AbortController();
  /** What is planned of the rest of the graph, once that is prepared. */
  #rest: Promise<readonly PlannedStage[]> = Promise.resolve([]);
  #writing: Promise<void> = Promise.resolve();
  #settling: Promise<void> = Promise.resolve();
  /** Resolved when the disk may be kept busy with what no stage waits for. */
  readonly #mayWrite = Promise.withResolvers<void>();

  /** @param onWhole is told when all of the graph is prepared and planned */
  constructor(
    opened: OpenedPipeline,
    model: Model | undefined,
    { ledger, emit, onWhole }: { ledger: Ledger; emit: RunListener; onWhole: () => void },
  ) {
    this.#opened = opened;
    this.#emit = emit;
    this.#ledger = ledger;
    this.#onWhole = onWhole;
    this.#planner = new Planner(opened, model, (node) => this.#tryToGrow(node));
  }

  /** Aborted when the rest of the graph could not be prepared: there is no run then. */
  get unprepared(): AbortSignal {
    return this.#unprepared.signal;
  }

  /** Plans what is prepared of the graph. What is left to be done of it goes on while the first stages run: see `settled`. */
  async start(): Promise<void> {
    const { graph, work, prepareRest } = this.#opened;
    const { nodes, params } = graph;
    // What was looked at to find what was asked for.
    for (const node of nodes)
      if (node.kind === "each" && !isUnexpanded(node))
        this.#emit({ type: "list-expanded", ...expansionOf(node), params, stages: [] });
    const isWhole = prepareRest === undefined;
    const first = isWhole ? nodes : nodes.filter((node) => isBuildNode(node) && work.isPrepared(node));
    const planned = await work.foreseeing(() => this.#tellPlan(first));
    setTimeout(() => this.goOn(), START_MAX_MS).unref();
    if (!isWhole) this.#rest = this.#mayWrite.promise.then(() => this.#planRest(prepareRest));
    this.#rest.catch((error: unknown) => this.#unprepared.abort(error));
    this.#settling = this.#mayWrite.promise.then(async () =>
      this.#settle([...planned, ...(await this.#rest)]),
    );
    // Thrown where it is waited for.
    this.#settling.catch(() => undefined);
  }

  async #planRest(prepareRest: () => Promise<void>): Promise<PlannedStage[]> {
    const { graph, work } = this.#opened;
    // The stage that was told to start has started by then.
    await sleep(STARTED_MS);
    await prepareRest();
    const planned = await work.foreseeing(() => this.#tellPlan(graph.nodes));
    // Before what takes the output of a stage: the end of that is told first.
    await this.#nameDerivations();
    this.#onWhole();
    return planned;
  }

  /** Waits until all of the graph is prepared and planned. @throws what was wrong with it */
  async whole(): Promise<void> {
    this.goOn();
    await this.#rest;
  }

  /** The first stage runs: the rest of the plan does not keep it waiting any more. */
  goOn(): void {
    this.#mayWrite.resolve();
  }

  /** @returns the derivations of the graph before any input is known, when the last of them is written */
  async settled(): Promise<ReadonlyMap<GraphNode, GraphDerivation>> {
    this.goOn();
    await this.#settling;
    return this.#graphDrvs.all;
  }

  /** Writes what is left of the plan. @returns why that was not possible, of a run that has not failed otherwise */
  async keep(): Promise<PipeliteError | undefined> {
    const { work, graph } = this.#opened;
    try {
      await realiseGraph(work, await this.settled());
      await keepEnvironments(work, graph);
      return undefined;
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      return this.#ledger.exitCode === EXIT.ok ? error : undefined;
    }
  }

  /** Writes those derivations of the graph that can be told by now. */
  writeDerivations(): Promise<void> {
    const { graph, work } = this.#opened;
    this.#writing = this.#writing.then(() => this.#graphDrvs.write(work, graph.nodes));
    return this.#writing;
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
    const planned = await this.#tellPlan([...added, node]);
    this.goOn();
    await this.#settling;
    await this.#recordCached(planned);
    return added;
  }

  /** Notes that no collection takes the output of a node: it was built just now. */
  isRooted(node: GraphNode): void {
    this.#rooted.add(node);
  }

  async #settle(planned: readonly PlannedStage[]): Promise<void> {
    await this.#nameDerivations();
    await this.#recordCached(planned);
  }

  async #nameDerivations(): Promise<void> {
    try {
      await this.writeDerivations();
    } finally {
      // Where the disk is full, too: how stages ended is told, by those derivations that could be written.
      this.#ledger.nameDerivations((node) => this.#graphDrvs.all.get(node)?.drvPath);
    }
  }

  async #tellPlan(nodes: readonly GraphNode[]): Promise<PlannedStage[]> {
    const planned = await this.#planSafely(nodes);
    const { graph, work } = this.#opened;
    for (const { name, status, reason } of planned) {
      const lastMs = status === "build" ? work.builds.lastWallMs(graph.file, name) : undefined;
      const expected = lastMs === undefined ? {} : { expectedMs: lastMs };
      this.#emit({ type: "stage-planned", name, status, ...(reason && { reason }), ...expected });
    }
    return planned;
  }

  async #recordCached(planned: readonly PlannedStage[]): Promise<void> {
    const { graph, work } = this.#opened;
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    let turn = performance.now();
    for (const { name, status, outPath, drvPath } of planned) {
      const node = byName.get(name);
      if (node === undefined || status !== "cached") continue;
      if (performance.now() - turn > TURN_MS) {
        await setImmediate();
        turn = performance.now();
      }
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
    const valid = store.validAmong(found.map(([, path]) => path));
    if (found.every(([, path]) => valid.has(path))) return planned;
    const again = found.map(([node]) => node);
    this.#opened.work.forget(again);
    this.#planner.forget(again);
    return this.#planner.plan(nodes);
  }
}
