// What a run would do: for every node, whether its output is there, and if not, why it must be built.
import { Builds } from "#home/builds.ts";
import { suggestionFor } from "#base/near-words.ts";
import { programFolders } from "#base/environment.ts";
import { prepareGraph, type PrepareOptions } from "#compile/compile.ts";
import { buildGraph } from "#compile/graph.ts";
import { isBuildNode, type BuildNode, type Graph, type GraphNode } from "#compile/nodes.ts";
import { loadPipeline } from "#compile/load.ts";
import type { LoadedPipeline } from "#compile/load.ts";
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
import { Workspace, isReady, reasonFor, writeTimings } from "./realise.ts";
import { pipeliteError } from "./errors.ts";

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
  close: () => void;
}

/** Who waits is told what is prepared, and how far it is. */
interface OpenHooks extends Pick<PrepareOptions, "onRead" | "signal">, Pick<RunOptions, "force"> {
  onGraph?: ((graph: Graph) => void) | undefined;
}

export async function open(
  options: PlanOptions,
  isolation: (store: Store, builds: Builds) => Promise<string>,
  { onGraph, force = [], ...reading }: OpenHooks = {},
): Promise<Opened> {
  const loaded = await loadPipeline(options.pipeline);
  const { params, values, model } = options;
  const whole = await buildGraph(loaded, { params, values, model: model !== undefined });
  const graph = select(whole, options.stages);
  const forced = new Set(force.map((name) => forcedNode(graph, name, options.engine)));
  const { home } = options;
  const store = openStore(home.folder);
  const builds = new Builds(home.layout);
  const close = (): void => {
    builds.close();
    store.close();
  };
  try {
    onGraph?.(graph);
    const { paranoid, env } = options;
    const keep = { store, notes: home.notes };
    const prepared = await prepareGraph(graph, keep, { paranoid, folders: programFolders(env), ...reading });
    const strength = await isolation(store, builds);
    const work = new Workspace({ home, store, builds, prepared, isolation: strength, forced });
    return { loaded, graph, work, close };
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

/** The part of a graph that these stages need. */
function select(graph: Graph, wanted: string[]): Graph {
  if (wanted.length === 0) return graph;
  const nodes = new Set<GraphNode>();
  const add = (node: GraphNode): void => {
    nodes.add(node);
    node.needs.forEach(add);
  };
  for (const name of wanted) add(nodeNamed(graph, name));
  const results = [...graph.results].filter(([, node]) => nodes.has(node));
  return { ...graph, nodes: graph.nodes.filter((node) => nodes.has(node)), results: new Map(results) };
}

/** @throws STAGE_NOT_FOUND */
function nodeNamed(graph: Graph, name: string): GraphNode {
  const node = graph.results.get(name) ?? graph.nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  const known = graph.nodes.filter(isShown).map((candidate) => candidate.name);
  throw pipeliteError("STAGE_NOT_FOUND", { stage: name, suggestion: suggestionFor(name, known) });
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

/** Nodes that a person follows: everything but sources and timings. */
export function isShown(node: GraphNode): boolean {
  return isBuildNode(node) || node.kind === "answer";
}

export function inputNames(node: GraphNode): string[] {
  return node.needs.map(({ name }) => name);
}

/** Goes through the graph once; finds the outputs that are there and writes the timings that are known. */
export async function planNodes(
  work: Workspace,
  graph: Graph,
  model: Model | undefined,
  elsewhere?: (node: BuildNode) => Promise<{ path: StorePath; from: string } | undefined>,
): Promise<PlannedStage[]> {
  const planned: PlannedStage[] = [];
  for (const node of graph.nodes) {
    if (node.kind === "source") continue;
    const base = { name: node.name, place: node.place, inputs: inputNames(node) };
    if (node.kind === "timings") {
      if (isReady(work, node)) work.found(node, await writeTimings(work, node));
    } else if (node.kind === "answer") {
      const found = isReady(work, node) ? await locateAnswer(work, graph, node, model) : undefined;
      if (found?.path !== undefined) work.found(node, found.path);
      const reason: BuildReason = { kind: "first-build", text: "the model has not answered this request" };
      planned.push(
        found?.path === undefined
          ? { ...base, status: "build", reason }
          : { ...base, status: "cached", outPath: found.path },
      );
    } else {
      const build = planBuild(work, node);
      const isOffered = build.status === "build" && isReady(work, node) && !work.forced.has(node);
      const found = isOffered ? await elsewhere?.(node) : undefined;
      if (found !== undefined) work.found(node, found.path);
      planned.push(
        found === undefined
          ? { ...base, ...build }
          : { ...base, ...build, status: "substitute", outPath: found.path, from: found.from },
      );
    }
  }
  return planned;
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
    return { pipeline: opened.loaded.name, stages: await planNodes(work, graph, options.model, elsewhere) };
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
