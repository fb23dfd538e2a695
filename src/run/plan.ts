// What a run would do: for every node, whether its output is there, and if not, why it must be built.
import { Builds } from "#home/builds.ts";
import { programFolders } from "#base/environment.ts";
import { prepareGraph, prepareNodes, type PrepareOptions } from "#compile/compile.ts";
import { expandEach, listName, readList } from "#compile/expand.ts";
import { buildGraph } from "#compile/graph.ts";
import { isUnexpanded } from "#compile/nodes.ts";
import type { BuildNode, EachNode, Graph, GraphNode } from "#compile/nodes.ts";
import { loadPipeline } from "#compile/load.ts";
import type { LoadedPipeline } from "#compile/load.ts";
import { addReadings } from "#compile/readings.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import { openSubstituter } from "#cache/open.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import type { Store } from "#store/store.ts";
import { locateAnswer } from "./answer-node.ts";
import { signatures } from "#compile/file-stamps.ts";
import type { Model } from "./answers.ts";
import { lockFileOf } from "#environment/lock-file.ts";
import { findElsewhere } from "./substitute.ts";
import type { PlanOptions, RunOptions } from "./options.ts";
import type { BuildReason } from "#home/run-record.ts";
import { searchCompiled, searchSources, secretsOf } from "./leaks.ts";
import type { Secrets } from "#secrets/secrets.ts";
import { Workspace, isReady, reasonFor, writeTimings } from "./realise.ts";
import { Forced, inputNames, select } from "./select.ts";

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

export interface Plan {
  pipeline: string;
  stages: PlannedStage[];
}

/** Everything a plan or a run starts from. */
export interface Opened {
  loaded: LoadedPipeline;
  graph: Graph;
  work: Workspace;
  /** Puts into the graph what a list leads to. @returns the nodes that are new. */
  expand: (node: EachNode) => Promise<GraphNode[]>;
  secrets: Secrets;
  close: () => void;
}

/** Who waits is told what is prepared, and how far it is. */
interface OpenHooks extends Pick<PrepareOptions, "onNode" | "onRead" | "signal">, Pick<RunOptions, "force"> {
  onGraph?: ((graph: Graph) => void) | undefined;
}

export async function open(
  options: PlanOptions,
  isolation: (store: Store, builds: Builds, secrets: Secrets) => Promise<string>,
  { onGraph, force: forced = [], ...reading }: OpenHooks = {},
): Promise<Opened> {
  const loaded = await loadPipeline(options.pipeline);
  const { params, values, model } = options;
  const { env } = options;
  const whole = await buildGraph(loaded, { params, values, env, model: model !== undefined });
  const graph = select(whole, options.stages);
  const force = new Forced(forced, graph, options.engine);
  const secrets = secretsOf(graph, options);
  await searchSources(graph, secrets);
  const { home } = options;
  const store = openStore(home.folder);
  const builds = new Builds(home.layout);
  const close = (): void => {
    builds.close();
    store.close();
  };
  try {
    onGraph?.(graph);
    const { paranoid } = options;
    const keep = { store, notes: home.notes, secrets };
    const preparing = { paranoid, folders: programFolders(env), ...reading };
    const prepared = await prepareGraph(graph, keep, preparing);
    const strength = await isolation(store, builds, secrets);
    const work = new Workspace({ home, store, builds, prepared, isolation: strength, forced: force.nodes });
    await searchCompiled(work, graph.nodes, secrets);
    const expandAlone = async (node: EachNode): Promise<GraphNode[]> => {
      const { added, readings, commit } = await expandEach(
        graph,
        node,
        readList(node, work.store.physical(work.outputOf(node.each.list.node))),
      );
      addReadings(loaded.readings, readings);
      await searchSources({ nodes: added, root: graph.root }, secrets);
      await prepareNodes(prepared, added, keep, preparing);
      await searchCompiled(work, added, secrets);
      commit();
      work.grew([...added, node]);
      force.look();
      return added;
    };
    // One at a time: names, and where modules are, are found while nothing else is.
    let last: Promise<unknown> = Promise.resolve();
    const expand = (node: EachNode): Promise<GraphNode[]> => {
      const next = last.then(() => expandAlone(node));
      last = next.catch(() => undefined);
      return next;
    };
    return { loaded, graph, work, secrets, expand, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Every file that a plan or a run is made from, with its stat signature. */
export function madeFrom({ loaded, graph, work }: Opened): Record<string, string> {
  const files = [...loaded.files, ...loaded.readings.paths, lockFileOf(graph.root)];
  return { ...work.prepared.made, ...signatures(files) };
}

/** Puts into the graph what a list leads to. @returns the nodes that are new; undefined when the list is wrong */
type Expand = (node: EachNode) => Promise<readonly GraphNode[] | undefined>;

/** What a cache offers for a node. */
type Elsewhere = (node: BuildNode) => Promise<{ path: StorePath; from: string } | undefined>;

/** Goes through the nodes once; finds the outputs that are there, what lists lead to, and the timings that are known. */
export class Planner {
  readonly #opened: Pick<Opened, "work" | "graph">;
  readonly #model: Model | undefined;
  readonly #expand: Expand;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #seen = new Set<GraphNode>();

  constructor(
    opened: Pick<Opened, "work" | "graph">,
    model: Model | undefined,
    expand: Expand,
    elsewhere?: Elsewhere,
  ) {
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
      for (const need of await this.plan(node.needs)) planned.push(need);
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

export async function planPipeline(options: PlanOptions): Promise<Plan> {
  const opened = await open(options, (_, builds) => isolationOf(options, builds));
  const { work, graph } = opened;
  try {
    const elsewhere = options.caches && offersOf(work, options.caches);
    const planner = new Planner(opened, options.model, opened.expand, elsewhere);
    return { pipeline: opened.loaded.name, stages: await planner.plan(graph.nodes) };
  } finally {
    opened.close();
  }
}

function offersOf(work: Workspace, caches: NonNullable<PlanOptions["caches"]>) {
  const { signal } = new AbortController();
  const substituter = openSubstituter(work.store, caches, signal, {});
  return (node: BuildNode) => findElsewhere(substituter, work.resolve(node).derivation, signal);
}

/** What a run would isolate its builds with: of interest, and looked for, only where something was built without. */
export async function isolationOf({ engine, sandbox, env }: PlanOptions, builds: Builds): Promise<string> {
  if (engine === "nix" || !builds.hasUnconfined()) return "planned";
  return (await detectSandbox(sandbox, programFolders(env))).kind;
}
