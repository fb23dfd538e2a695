// What a plan or a run starts from: the pipeline loaded, its graph with what was asked for, and all of it prepared.
import { Builds } from "#home/builds.ts";
import { npmCacheOf, programFolders } from "#base/environment.ts";
import { prepareNodes, type PreparedGraph, type PrepareOptions } from "#compile/compile.ts";
import { expandEach, readList } from "#compile/expand.ts";
import { buildGraph } from "#compile/graph.ts";
import { isBuildNode, isCode, isUnexpanded } from "#compile/nodes.ts";
import type { EachNode, Graph, GraphNode } from "#compile/nodes.ts";
import { loadPipeline } from "#compile/load.ts";
import type { LoadedPipeline } from "#compile/load.ts";
import { addReadings } from "#compile/readings.ts";
import { openStore } from "#store/store.ts";
import type { Store } from "#store/store.ts";
import { signatures } from "#compile/file-stamps.ts";
import { lockFileOf } from "#environment/lock-file.ts";
import type { PlanOptions, RunOptions } from "./options.ts";
import { findItems } from "./find-items.ts";
import { refuseLateSecrets, searchCompiled, searchSources, secretsOf } from "./leaks.ts";
import type { Secrets } from "#secrets/secrets.ts";
import { Workspace } from "./realise.ts";
import { checkStageNames, Forced, select } from "./select.ts";

/** Everything a plan or a run starts from. */
export interface OpenedPipeline {
  loaded: LoadedPipeline;
  graph: Graph;
  work: Workspace;
  /** Puts into the graph what a list leads to. @returns the nodes that are new. */
  expand: (node: EachNode) => Promise<GraphNode[]>;
  secrets: Secrets;
  /** Prepares the rest of the graph: what is prepared by now may be built before. Undefined when all of it is. */
  prepareRest: (() => Promise<void>) | undefined;
  close: () => void;
}

/** Who waits is told what is prepared, and how far it is. */
interface OpenHooks
  extends Pick<PrepareOptions, "onNode" | "onRead" | "signal">, Pick<RunOptions, "force" | "debug"> {
  /** The pipeline is loaded: from here on nothing that goes on beside is taken for something that it reads. */
  onLoaded?: (() => void) | undefined;
  onGraph?: ((graph: Graph) => void) | undefined;
  /** The pipeline, where it was loaded before. */
  loaded?: LoadedPipeline | undefined;
  /** What needs no other stage may be built while the rest is prepared. */
  mayBegin?: boolean;
}

export async function open(
  options: PlanOptions,
  isolation: (store: Store, builds: Builds, secrets: Secrets) => Promise<string>,
  { onLoaded, onGraph, force: forced = [], debug = [], loaded: before, mayBegin, ...reading }: OpenHooks = {},
): Promise<OpenedPipeline> {
  const loaded = before === undefined ? await loadPipeline(options.pipeline) : copyOf(before);
  onLoaded?.();
  const { params, values, model, stages, env, home, paranoid } = options;
  const whole = await buildGraph(loaded, { params, values, env, model: model !== undefined });
  const secrets = secretsOf(whole, loaded.secrets, options);
  const store = openStore(home.folder);
  const builds = new Builds(home.layout);
  const close = (): void => {
    builds.close();
    store.close();
  };
  try {
    const keep = { store, notes: home.notes, secrets, npmCache: npmCacheOf(env) };
    const preparing = { paranoid, folders: programFolders(env), ...reading };
    let strength: string | undefined;
    const workOf = async (of: PreparedGraph, nodes: Set<GraphNode>): Promise<Workspace> => {
      strength ??= await isolation(store, builds, secrets);
      const work = new Workspace({
        home,
        store,
        builds,
        prepared: of,
        isolation: strength,
        forced: nodes,
      });
      await searchCompiled(work, of.graph.nodes, secrets);
      return work;
    };
    const grow = async (to: Graph, work: Workspace, node: EachNode): Promise<GraphNode[]> => {
      const list = readList(node, store.physical(work.outputOf(node.each.list.node)));
      const { added, readings, commit } = await expandEach(to, node, list);
      addReadings(loaded.readings, readings);
      refuseLateSecrets(added, secrets);
      await searchSources({ nodes: added, root: to.root }, secrets);
      await prepareNodes(work.prepared, added, keep, preparing);
      await searchCompiled(work, added, secrets);
      commit();
      work.grew([...added, node]);
      return added;
    };
    const made = await findItems(whole, stages, {
      keep,
      preparing,
      model,
      workOf: (of) => workOf(of, new Set()),
      expand: (work, node) => grow(whole, work, node),
    });
    const graph = select(whole, stages);
    const force = new Forced(forced, graph, options.engine);
    checkStageNames(graph, debug);
    await searchSources(graph, secrets);
    onGraph?.(graph);
    const isEarly = mayBegin === true && secrets.isEmpty;
    const { first, others } = isEarly ? inTwoGoes(graph) : { first: graph.nodes, others: [] };
    const prepared: PreparedGraph = { graph, prepared: new Map(), paths: new Map(), made };
    const total = graph.nodes.length;
    const prepare = (nodes: readonly GraphNode[], before: number): Promise<void> =>
      prepareNodes(prepared, nodes, keep, {
        ...preparing,
        onNode: (what, done) => preparing.onNode?.(what, before + done, total),
      });
    await prepare(first, 0);
    const work = await workOf(prepared, force.nodes);
    const prepareOthers = async (): Promise<void> => {
      await prepare(others, first.length);
      work.foundSources(others);
    };
    const isBegun =
      others.length > 0 &&
      first.some((node) => isBuildNode(node) && work.resolve(node).outPath === undefined);
    if (others.length > 0 && !isBegun) await prepareOthers();
    const expandAlone = async (node: EachNode): Promise<GraphNode[]> => {
      const added = await grow(graph, work, node);
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
    return { loaded, graph, work, secrets, expand, prepareRest: isBegun ? prepareOthers : undefined, close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * A graph in two goes: what may be built first, where bundling the code of others takes a moment, and the rest. The first stage
 * is started while the rest is prepared.
 */
function inTwoGoes({ nodes }: Graph): { first: readonly GraphNode[]; others: readonly GraphNode[] } {
  const isFirst = (node: GraphNode): boolean =>
    (node.kind === "stage" || node.kind === "command") && node.needs.every(({ kind }) => kind === "source");
  const sources = new Set(nodes.filter(isFirst).flatMap(({ needs }) => needs));
  const first = nodes.filter((node) => isFirst(node) || sources.has(node));
  const others = nodes.filter((node) => !isFirst(node) && !sources.has(node));
  // A list that is made meanwhile would be in the plan of the rest only.
  const isApart = first.length > 0 && others.some(isCode) && !nodes.some(isUnexpanded);
  return isApart ? { first, others } : { first: nodes, others: [] };
}

/** What is read for one run is no reading of another. */
function copyOf(loaded: LoadedPipeline): LoadedPipeline {
  const { paths, answers, unsteady } = loaded.readings;
  return { ...loaded, readings: { paths: new Set(paths), answers: new Map(answers), unsteady } };
}

/** Every file that a plan or a run is made from, with its stat signature. */
export function madeFrom({ loaded, graph, work }: OpenedPipeline): Record<string, string> {
  const files = [...loaded.files, ...loaded.readings.paths, lockFileOf(graph.root)];
  return { ...work.prepared.made, ...signatures(files) };
}
