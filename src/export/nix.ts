// A pipeline as what Nix can build without us: its derivations, those of its checks and of its shells, and what they read.
import { npmCacheOf, programFolders } from "#base/environment.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { prepareNodes } from "#compile/compile.ts";
import { environmentPrograms } from "#compile/environments.ts";
import type { CompileKeep } from "#compile/memo.ts";
import { isBuildNode, type GraphNode, type StageNode } from "#compile/nodes.ts";
import { fetchFiles } from "#environment/fetch.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { takeClosure } from "#environment/nixpkgs/take-closure.ts";
import {
  lockedClosureOf,
  derivationOf,
  originPath,
  stepsOf,
  SYSTEM,
  type Origin,
} from "#environment/step.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import type { RunRecord } from "#home/run-record.ts";
import { derivationPath, writeDerivation, type Derivation } from "#nix/derivation.ts";
import { upstreamPlaceholder } from "#nix/placeholder.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { expansionOf } from "#run/expansion.ts";
import { GraphDerivations } from "#run/graph-derivations.ts";
import { open, type OpenedPipeline } from "#run/open.ts";
import type { PlanOptions } from "#run/options.ts";
import { isolationOf } from "#run/plan.ts";
import { Planner } from "#run/planner.ts";
import { originOfUnbuilt, unbuiltSteps } from "#run/steps.ts";
import type { Store } from "#store/store.ts";
import type { FlakeContents, FlakeDerivation } from "./flake.ts";
import { deriveFolder, deriveShell, shellPrograms, SHELLS, uniqueOrigins } from "./shells.ts";
import {
  fetchTools,
  lockedTools,
  toolsAt,
  toolsOfMachine,
  toolsStep,
  type ShellTools,
  type ToolsFrom,
} from "./shell-tools.ts";
import { pipeliteError } from "./errors.ts";

export interface ExportOptions extends Omit<PlanOptions, "stages"> {
  /** The run that lists, timings and answers are taken from. */
  run?: RunRecord | undefined;
  /** Where bash, git and jq of the shells are from, where the lock file has them. */
  tools: ToolsFrom;
  signal: AbortSignal;
}

export interface Exported {
  contents: Omit<FlakeContents, "caches">;
  /** The text of each derivation. */
  texts: ReadonlyMap<StorePath, Uint8Array>;
  /** Outputs that no derivation can make without a network. */
  fetched: StorePath[];
}

/**
 * Finds the derivations of a pipeline, and hands them, with a store that has all that they read, to `use`.
 * @throws PipeliteError EXPORT_NEEDS_RUN, EXPORT_RUN_DIFFERS, EXPORT_NOT_FETCHED, and what opening a pipeline throws
 */
export async function exportDerivations<T>(
  options: ExportOptions,
  use: (store: Store, exported: Exported) => Promise<T>,
): Promise<T> {
  const asked = { ...options, stages: [] };
  const opened = await open(asked, (_, builds) => isolationOf(asked, builds));
  try {
    const { graph, work } = opened;
    refuseUnknown(opened, options.run);
    await new Planner(opened, options.model, opened.expand).plan(graph.nodes);
    if (options.run !== undefined) takeFromRun(opened, options.run);
    await fetchEnvironments(opened, options);
    const { store } = work;
    const keep = {
      store,
      notes: options.home.notes,
      secrets: opened.secrets,
      npmCache: npmCacheOf(options.env),
    };
    const guards = await guardsOf(opened, keep, options);
    const graphDrvs = new GraphDerivations(["source", "timings", "answer"]);
    const nodes = [...graph.nodes, ...guards.values()];
    await graphDrvs.write(work, nodes);
    if (options.run !== undefined) compareWithRun(opened, graphDrvs, options.run);
    const own = environmentPrograms(keep);
    const tools = await exportedTools(opened, { keep, own, options });
    const all = await addTo(store, await joined(opened, graphDrvs, own));
    const [shells, folder] = await shellsOf(opened, graphDrvs, { keep, own, env: options.env, tools });
    const contents = {
      pipeline: graph.name,
      system: SYSTEM,
      toolsFrom: tools.from,
      packages: eachOnce(opened, [["default", all], ...packagesOf(opened, graphDrvs)]),
      checks: eachOnce(opened, [["all-results", all], ...checksOf(opened, graphDrvs, guards)]),
      devShells: Object.fromEntries(shells),
      apps: Object.fromEntries(folder.names.map((name) => [name, folder.drvPath])),
    };
    const { packages, checks, devShells, apps } = contents;
    const roots = [packages, checks, devShells, apps].flatMap((record) => Object.values(record));
    const closure = closureOfDerivations(store, roots);
    const texts = new Map([...closure].map(([path, derivation]) => [path, writeDerivation(derivation)]));
    const derivations = [...closure].map(([path, derivation]) => describe(path, derivation));
    return await use(store, { contents: { ...contents, derivations }, texts, fetched: fetchedOf(opened) });
  } finally {
    opened.close();
  }
}

/** What is known only by a run. */
function refuseUnknown({ graph }: OpenedPipeline, run: RunRecord | undefined): void {
  if (run !== undefined) return;
  const unknown = graph.nodes.find(({ kind }) => ["each", "timings", "answer"].includes(kind));
  if (unknown === undefined) return;
  const what = {
    each: `what is in the list of the each '${unknown.name}'`,
    timings: "what its stages took (timings)",
    answer: `what the model answered ('${unknown.name}')`,
  }[unknown.kind as "each" | "timings" | "answer"];
  throw pipeliteError("EXPORT_NEEDS_RUN", { pipeline: graph.name, what });
}

/** Lists must be those of the run; timings and answers are taken from it. */
function takeFromRun({ graph, work }: OpenedPipeline, run: RunRecord): void {
  const refuse = (problem: string) =>
    pipeliteError("EXPORT_RUN_DIFFERS", { pipeline: graph.name, run: run.runId, problem });
  if (run.pipeline !== graph.name) throw refuse(`it is a run of ${run.pipeline}`);
  for (const node of graph.nodes) {
    if (node.kind === "each") {
      if (node.each.items === undefined) throw refuse(`the list of '${node.name}' is not in the store`);
      const then = run.expansions?.find(({ name }) => name === node.name);
      if (canonicalJson(then ?? null) !== canonicalJson(expansionOf(node)))
        throw refuse(`the list of '${node.name}' has other items`);
    }
    if (node.kind === "timings") {
      const then = run.materials.filter(({ kind }) => kind === "timings").map(({ path }) => path);
      const now = work.outputs.get(node);
      const [only] = then;
      if (now !== undefined && then.includes(now)) continue;
      const path = then.length === 1 && only !== undefined ? parseStorePath(only) : undefined;
      if (path === undefined || !work.store.isPresent(path))
        throw refuse("what its stages took is not in the store any more");
      work.found(node, path);
    }
    if (node.kind === "answer" && !work.outputs.has(node))
      throw refuse(`the answer '${node.name}' is not there`);
  }
}

function compareWithRun({ graph }: OpenedPipeline, graphDrvs: GraphDerivations, run: RunRecord): void {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const { name, graphDrvPath } of run.stages) {
    const node = byName.get(name);
    const now = node && graphDrvs.all.get(node)?.drvPath;
    if (graphDrvPath === undefined || graphDrvPath === now) continue;
    const problem = `the stage '${name}' is not what it was`;
    throw pipeliteError("EXPORT_RUN_DIFFERS", { pipeline: graph.name, run: run.runId, problem });
  }
}

/** Puts into the store what environments are made of. */
async function fetchEnvironments(
  { graph, work }: OpenedPipeline,
  { env, signal }: ExportOptions,
): Promise<void> {
  for (const node of graph.nodes) {
    const recipe = isBuildNode(node) ? work.prepared.prepared.get(node)?.recipe : undefined;
    if (recipe === undefined) continue;
    await takeClosure(work.store, lockedClosureOf(recipe), { signal });
    const files = stepsOf(recipe.root).flatMap((step) => step.files);
    await fetchFiles(work.store, files, { mirrors: mirrorsOf(env), env, signal });
  }
}

/** A check writes what it found and passes; a gate behind it is what fails. Check -> its gate. */
async function guardsOf(
  { graph, work }: OpenedPipeline,
  keep: CompileKeep,
  { env, paranoid, signal }: ExportOptions,
): Promise<Map<GraphNode, StageNode>> {
  const guards = new Map<GraphNode, StageNode>();
  for (const node of graph.nodes) {
    if (node.kind !== "check") continue;
    guards.set(node, {
      kind: "gate",
      name: `${node.name}-gate`,
      place: node.place,
      module: undefined,
      inputs: { subject: { node } },
      params: { verdict: "verdict.json" },
      guarded: { node },
      tools: {},
      options: {},
      needs: [node],
    });
  }
  await prepareNodes(work.prepared, [...guards.values()], keep, {
    paranoid,
    folders: programFolders(env),
    signal,
  });
  return guards;
}

/** Adds a derivation beside those of the graph. */
async function addTo(store: Store, derivation: Derivation): Promise<StorePath> {
  await store.addDerivations([derivation]);
  return derivationPath(derivation);
}

async function joined(
  { graph }: OpenedPipeline,
  graphDrvs: GraphDerivations,
  own: EnvironmentPrograms,
): Promise<Derivation> {
  const join = await own.stage("export/join-results");
  const results = [...graph.results];
  const origins = results.map(([, node]) => originOf(graphDrvs, node));
  const invocation = join.invoke(
    { results: origins.map(originPath) },
    { names: results.map(([name]) => name) },
  );
  return derivationOf(graph.name, { invocation, sources: join.sources, origins: uniqueOrigins(origins) });
}

function originOf(graphDrvs: GraphDerivations, node: GraphNode): Origin {
  const origin = graphDrvs.originOf(node);
  if (origin === undefined) throw new Error(`the derivation of ${node.name} is not known`);
  return origin;
}

interface Making {
  keep: CompileKeep;
  own: EnvironmentPrograms;
  env: PlanOptions["env"];
  tools: ShellTools;
}

/** Those of the lock file as derivations, or the machine's. */
async function exportedTools(
  { graph: { root }, work: { store } }: OpenedPipeline,
  { keep, own, options }: Pick<Making, "keep" | "own"> & { options: ExportOptions },
): Promise<ShellTools> {
  const { env, signal, home, tools } = options;
  const locked = tools === "machine" ? undefined : lockedTools(root);
  if (locked === undefined) return toolsOfMachine({ keep, root, folders: programFolders(env) });
  const step = await toolsStep(locked, own);
  await fetchTools(store, step, { root, locks: home.layout.locks, mirrors: mirrorsOf(env), env, signal });
  const made = unbuiltSteps({ root: step });
  await store.addDerivations([...made.values()].map(({ derivation }) => derivation));
  return toolsAt(originOfUnbuilt(made, step));
}

type Shells = readonly (readonly [string, StorePath])[];

/** @returns the shells by name, and the folder of programs of the first */
async function shellsOf(
  { graph, work: { store, prepared } }: OpenedPipeline,
  graphDrvs: GraphDerivations,
  { keep, own, env, tools }: Making,
): Promise<[shells: Shells, folder: { drvPath: StorePath; names: string[] }]> {
  const shells: [string, StorePath][] = [];
  let usual: { drvPath: StorePath; names: string[] } | undefined;
  const deriving = {
    own,
    prepared: prepared.prepared,
    originOf: (node: GraphNode) => originOf(graphDrvs, node),
  };
  for (const name of SHELLS) {
    const programs = await shellPrograms(name, graph, {
      keep,
      root: graph.root,
      folders: programFolders(env),
      tools,
    });
    const drvPath = await addTo(
      store,
      await deriveFolder(`${graph.name}-programs-${name}`, programs, deriving),
    );
    usual ??= { drvPath, names: [...programs.programs.keys()] };
    const shell = deriveShell(`${graph.name}-shell-${name}`, programs, { kind: "derivation", drvPath });
    shells.push([name, await addTo(store, shell)]);
  }
  if (usual === undefined) throw new Error("there are no shells");
  return [shells, usual];
}

type Named = readonly (readonly [name: string, drvPath: StorePath])[];

/** @throws EXPORT_NAME_TAKEN where a name would hide what another one is */
function eachOnce({ graph }: OpenedPipeline, all: Named): Record<string, StorePath> {
  const known = new Map<string, StorePath>();
  for (const [name, drvPath] of all)
    if (known.getOrInsert(name, drvPath) !== drvPath)
      throw pipeliteError("EXPORT_NAME_TAKEN", { pipeline: graph.name, name });
  return Object.fromEntries(known);
}

function packagesOf({ graph }: OpenedPipeline, graphDrvs: GraphDerivations): Named {
  const nodes = graph.nodes.filter(({ kind }) => kind !== "gate" && kind !== "fetch");
  const named = [...nodes.map((node) => [node.name, node] as const), ...graph.results];
  return named.flatMap(([name, node]) => {
    const drvPath = graphDrvs.all.get(node)?.drvPath;
    return drvPath === undefined ? [] : [[name, drvPath] as const];
  });
}

function checksOf(
  { graph }: OpenedPipeline,
  graphDrvs: GraphDerivations,
  guards: ReadonlyMap<GraphNode, StageNode>,
): Named {
  const gates = graph.nodes.filter(({ kind }) => kind === "gate").map((node) => [node.name, node] as const);
  const checks = [...guards].map(([{ name }, gate]) => [name, gate] as const);
  return [...gates, ...checks].map(([name, node]) => {
    const origin = originOf(graphDrvs, node);
    if (origin.kind === "path") throw new Error(`${name} is no derivation`);
    return [name, origin.drvPath] as const;
  });
}

function closureOfDerivations(store: Store, roots: readonly StorePath[]): Map<StorePath, Derivation> {
  const closure = new Map<StorePath, Derivation>();
  const left = [...roots];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (closure.has(path)) continue;
    const derivation = store.readDerivation(path);
    closure.set(path, derivation);
    left.push(...derivation.inputDrvs.keys());
  }
  return closure;
}

function describe(drvPath: StorePath, derivation: Derivation): FlakeDerivation {
  const { name, system, inputDrvs, inputSrcs, outputs } = derivation;
  const output = outputs.get("out");
  const out = output !== undefined && "path" in output ? output.path : upstreamPlaceholder(drvPath, "out");
  return { drvPath, name, system, inputDrvs: [...inputDrvs.keys()], inputSrcs: [...inputSrcs], out };
}

/** @throws EXPORT_NOT_FETCHED */
function fetchedOf({ graph, work }: OpenedPipeline): StorePath[] {
  return graph.nodes.flatMap((node) => {
    if (node.kind !== "fetch") return [];
    const path = work.outputs.get(node);
    if (path === undefined)
      throw pipeliteError("EXPORT_NOT_FETCHED", { pipeline: graph.name, stage: node.name });
    return [path];
  });
}
