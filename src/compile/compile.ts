// From the graph to derivations. `prepare` puts into the store what a node consists of (its bundled code, its tools, its
// sources); derive.ts writes the derivation once it is known where the inputs come from: a derivation that is yet to be
// built, or a store path.
import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { hex } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { isDirectory } from "#base/files.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type {
  BuildNode,
  ComposedNode,
  Edge,
  EnvironmentNode,
  Graph,
  GraphNode,
  SourceNode,
  StageNode,
} from "./nodes.ts";
import { addressingOf, isBuildNode, isCode, modulesOf, type Addressing } from "./nodes.ts";
import { bundledOnce, capturedOnce, onceInThisRun, type CompileKeep } from "./memo.ts";
import type { BroughtTool } from "#author/param.ts";
import type { CapturedProgram } from "./program.ts";
import { findProgram, nodeProgram } from "./program.ts";
import { prepareCommand, type PreparedCommand } from "./prepare-command.ts";
import { entriesBelow, signatures } from "./file-stamps.ts";
import { digestOf } from "#base/digest.ts";
import { requestFilesOf as environmentFiles, recipeOf } from "#environment/environment.ts";
import { namesIn, packagesOfLock } from "#environment/npm/package-lock.ts";
import { lockFileOf } from "#environment/lock-file.ts";
import type { Entrance, EnvironmentPrograms, OwnStage } from "#environment/programs.ts";
import { requireAsLocked } from "#environment/nixpkgs/take-closure.ts";
import { lockedClosureOf, hashOfFile, stepsOf, type Recipe } from "#environment/step.ts";
import type { EntranceName } from "#sandbox/entrances.ts";
import { environmentPrograms } from "./environments.ts";
import { pipeliteError } from "./errors.ts";

/** What the identity of a node is made of, in the words of pipeline.ts: for saying why it must be built again. */
export interface Ingredients extends Addressing {
  /** What it is: the module of a stage, relative to the pipeline; `a gate`, `a command`, `a download`. */
  module: string;
  /** File (relative to the pipeline) -> sha256. */
  code: Record<string, string>;
  /** Store path of the bundled code; null for what has none. */
  bundle: string | null;
  /** Parameter, option or word of the command -> value. */
  params: Record<string, unknown>;
  /** Tool -> store path. */
  tools: Record<string, string>;
}

/** A node with everything of it that does not depend on other nodes in the store. */
export interface Prepared<N extends BuildNode = BuildNode> {
  node: N;
  ingredients: Ingredients;
  /** Store paths it needs besides its inputs. */
  sources: StorePath[];
  program: CapturedProgram | undefined;
  /** Store path of the bundled code, for a stage. */
  code: StorePath | undefined;
  /** The programs of a command. */
  command?: PreparedCommand;
  /** Input name -> program that this run brought, for a stage. */
  tools?: Record<string, BroughtTool>;
  /** How an environment is made. */
  recipe?: Recipe;
  /** What puts an environment together that is composed. */
  compose?: OwnStage;
  /** Where the root is in the output of the environment that it is composed on. */
  below?: string;
  /** What the stage or command runs in. */
  within?: Within | undefined;
  /** What starts a command that has neither runner nor environment. */
  hold?: Entrance | undefined;
  /** Libraries that its packages need besides those of Node, for a stage. */
  libraries?: StorePath | undefined;
  /** The files it was prepared from: absolute path -> stat signature. */
  made: Record<string, string>;
}

/** How an environment is entered, and what its variables are. */
interface Within extends EnvironmentEntry {
  entrance: Entrance;
}

export interface EnvironmentEntry {
  /** Where in its output the root is. */
  place: string;
  isRootless?: true | undefined;
  /** @param pathOf of the environment, and of those that it is composed of */
  variables: (pathOf: (edge: Edge) => string) => Readonly<Record<string, string>>;
}

/** What has no root is started where it is. */
export function entranceOf({ isRootless }: Pick<EnvironmentEntry, "isRootless">): EntranceName {
  return isRootless ? "hold" : "enter";
}

/** Of an environment that is prepared. */
export function entryOf(
  prepared: ReadonlyMap<BuildNode, Pick<Prepared, "recipe">>,
  node: EnvironmentNode,
): EnvironmentEntry {
  const { composed } = node;
  if (composed === undefined) {
    const recipe = prepared.get(node)?.recipe;
    if (recipe === undefined) throw new Error(`${node.name} has no recipe`);
    const { place, isRootless } = recipe;
    return { place, isRootless, variables: (pathOf) => recipe.variables(pathOf({ node })) };
  }
  const below = entryOf(prepared, composed.root);
  const modules = composed.modules && entryOf(prepared, composed.modules);
  return {
    place: "",
    variables: (pathOf) => {
      const variables = below.variables(pathOf);
      const path = [...composed.path, variables["PATH"]].filter((each) => each !== undefined);
      return { ...variables, ...modules?.variables(pathOf), ...composed.env, PATH: path.join(":") };
    },
  };
}

export interface PreparedGraph {
  graph: Graph;
  prepared: Map<BuildNode, Prepared>;
  /** Sources, already in the store. */
  paths: Map<SourceNode, StorePath>;
  /** Every file that all this was made from: absolute path -> stat signature. */
  made: Record<string, string>;
}

export interface PrepareOptions {
  /** Read every source again, whatever its times say. */
  paranoid: boolean;
  /** Where programs are looked for: the folders of the PATH. */
  folders: readonly string[];
  signal?: AbortSignal | undefined;
  /** Before each node: what is turned to, and how many of all are ready. */
  onNode?: ((what: string, done: number, total: number) => void) | undefined;
  /** So much of a source has been read; only while one is really read. */
  onRead?: ((source: string, doneBytes: number, totalBytes: number) => void) | undefined;
}

export async function prepareGraph(
  graph: Graph,
  keep: CompileKeep,
  options: PrepareOptions,
): Promise<PreparedGraph> {
  const prepared: PreparedGraph = { graph, prepared: new Map(), paths: new Map(), made: {} };
  await prepareNodes(prepared, graph.nodes, keep, options);
  return prepared;
}

/** Prepares nodes of a graph that others of it were prepared of. */
export async function prepareNodes(
  { graph, prepared, paths, made }: PreparedGraph,
  nodes: readonly GraphNode[],
  keep: CompileKeep,
  options: PrepareOptions,
): Promise<void> {
  const { store } = keep;
  const bundles = startBundling(nodes, graph, keep);
  const programs = environmentPrograms(keep);
  const withinOf = async (node: BuildNode): Promise<Within | undefined> => {
    const environment = "environment" in node ? node.environment : undefined;
    if (environment === undefined) return undefined;
    const entry = entryOf(prepared, environment);
    return { entrance: await programs.entrance(entranceOf(entry)), ...entry };
  };
  for (const [done, node] of nodes.entries()) {
    options.onNode?.(node.name, done, nodes.length);
    if (node.kind === "source") {
      const added = await addSource(node, graph, store, options);
      paths.set(node, added.path);
      Object.assign(made, added.made);
    } else if (isBuildNode(node)) {
      const within = await withinOf(node);
      const { folders } = options;
      const ready = await prepare(node, { graph, keep, bundles, folders, programs, within, prepared });
      prepared.set(node, ready);
      Object.assign(made, ready.made);
    }
  }
}

type Bundles = ReadonlyMap<BuildNode, ReturnType<typeof bundledOnce>>;

/** Bundles are made by a process of its own: all are under way while this one captures programs. */
function startBundling(nodes: readonly GraphNode[], graph: Graph, keep: CompileKeep): Bundles {
  const bundles = new Map<BuildNode, ReturnType<typeof bundledOnce>>();
  const locks = new Map<string, string[]>();
  for (const node of nodes) {
    if (!isCode(node)) continue;
    const bundle = bundledOnce(keep, { ...node, provided: providedTo(node, graph.root, locks) }, graph.root);
    // What is wrong with it is thrown where it is awaited, so that the first node in the order of the graph is named.
    bundle.catch(() => {});
    bundles.set(node, bundle);
  }
  return bundles;
}

/** The npm packages that a stage finds in its environment. @throws PACKAGE_LOCK_INVALID */
function providedTo({ environment }: StageNode, root: string, locks: Map<string, string[]>): string[] {
  const request = modulesOf(environment)?.request;
  if (request?.kind !== "node-modules") return [];
  return onceInThisRun(locks, request.lock, () => namesIn(packagesOfLock(root, request.lock)));
}

async function addSource(
  node: SourceNode,
  graph: Graph,
  store: Store,
  { paranoid, onRead, signal }: PrepareOptions,
): Promise<{ path: StorePath; made: Record<string, string> }> {
  const path = resolve(graph.root, node.path);
  if (!existsSync(path)) throw pipeliteError("SOURCE_NOT_FOUND", { place: node.place, path: node.path });
  const include = await sourceFilter(node);
  const { path: added } = await store.addTree(path, {
    name: node.name,
    include,
    paranoid,
    signal,
    onRead: onRead && ((done, total) => onRead(node.path, done, total)),
  });
  return { path: added, made: signatures(entriesBelow(path, include)) };
}

/** Which files and folders below a source belong to it. */
export async function sourceFilter({
  ignore: own,
}: Pick<SourceNode, "ignore">): Promise<(name: string, isFolder: boolean) => boolean> {
  const { default: ignore } = await import("ignore");
  const ignored = ignore().add([".git", "node_modules", ...own]);
  return (name, isFolder) => !ignored.ignores(isFolder ? `${name}/` : name);
}

interface Capturing {
  graph: Graph;
  keep: CompileKeep;
  folders: readonly string[];
}

type Preparing = Capturing & {
  bundles: Bundles;
  programs: EnvironmentPrograms;
  within: Within | undefined;
  /** What is prepared so far. */
  prepared: ReadonlyMap<BuildNode, Prepared>;
};

async function prepare(node: BuildNode, preparing: Preparing): Promise<Prepared> {
  const { graph, keep, bundles, folders, programs, within } = preparing;
  const entrances = within === undefined ? [] : [within.entrance.source];
  switch (node.kind) {
    case "environment": {
      if (node.composed !== undefined) return prepareComposed(node, node.composed, preparing);
      const recipe = await recipeOf({ ...node, root: graph.root }, programs);
      requireAsLocked(keep.store, lockedClosureOf(recipe));
      return {
        node,
        ...ownWork(
          "an environment",
          { request: node.request, files: digestOf(canonicalJson(filesOf(recipe))) },
          programsOf(recipe),
        ),
        recipe,
        made: signatures([lockFileOf(graph.root), ...environmentFiles(graph.root, node.request)]),
      };
    }
    case "fetch":
      return { node, ...ownWork("a download", { url: node.url, hash: node.hash }), made: {} };
    case "command": {
      const prepared = await prepareCommand(node, { root: graph.root, keep, folders });
      // What has a runner or an entrance in front of it has its log held open by that.
      const isBare = within === undefined && prepared.command.runner === undefined;
      const hold = isBare ? await programs.entrance("hold") : undefined;
      const sources = [...prepared.sources, ...entrances, ...(hold === undefined ? [] : [hold.source])];
      return { node, program: undefined, code: undefined, within, hold, ...prepared, sources };
    }
    case "stage":
    case "gate":
    case "check":
    case "each": {
      const bundling = bundles.get(node);
      if (bundling === undefined) throw new Error(`the stage ${node.name} has no bundle`);
      // Bundling is the work of another process. What is wrong with a bundle is told first.
      const capturing = capturedOnce(keep, nodeProgram(node.place));
      await Promise.allSettled([bundling, capturing]);
      const bundle = await bundling;
      const { program, made: ofNode } = await capturing;
      const brought = await captureTools(node, { graph, keep, folders });
      const ingredients = {
        ...addressingOf(node),
        module: node.module === undefined ? OWN_MODULES[node.kind] : relative(graph.root, node.module),
        code: bundle.files,
        bundle: bundle.code,
        params: node.params,
        tools: { node: program.path, ...brought.paths },
      };
      const { code, libraries } = bundle;
      const made = { ...ofNode, ...bundle.made, ...brought.made };
      const sources = [program.path, code, ...brought.sources, ...entrances];
      return { node, ingredients, sources, program, code, libraries, tools: brought.tools, within, made };
    }
  }
}

/** What has no code of the user's: `module` says what it is. */
function ownWork(module: string, params: object, tools: Readonly<Record<string, string>> = {}) {
  const ingredients = { module, code: {}, bundle: null, params: { ...params }, tools };
  return { ingredients, sources: [] as StorePath[], program: undefined, code: undefined };
}

async function prepareComposed(
  node: EnvironmentNode,
  { root, add, modules, path, env }: ComposedNode,
  { programs, prepared }: Pick<Preparing, "programs" | "prepared">,
): Promise<Prepared> {
  const compose = await programs.stage("environment/compose/compose-root");
  const { sources } = compose;
  const added = add.map(({ node: from, file }) => [from.name, file ?? null]);
  return {
    node,
    ...ownWork(
      "an environment",
      { added, ...(modules && { modules: modules.name }), path, env },
      Object.fromEntries(sources.map((each) => [storePathName(each), each])),
    ),
    sources: [...sources],
    compose,
    below: entryOf(prepared, root).place,
    made: {},
  };
}

/** What is Pipelite's own, in the words of reasons. */
const OWN_MODULES: Record<StageNode["kind"], string> = {
  stage: "a stage",
  gate: "a gate",
  check: "a check",
  each: "a list of what is made for each item",
};

/** The programs that the run brought for a stage, in the store, with the folders that come with them. */
async function captureTools(node: StageNode, { graph: { root }, keep, folders }: Capturing) {
  const tools: Record<string, BroughtTool> = {};
  const paths: Record<string, string> = {};
  const sources: StorePath[] = [];
  const made: Record<string, string> = {};
  for (const [name, wanted] of Object.entries(node.tools)) {
    const { place } = node;
    const executable = findProgram(wanted.program, { root, folders, place });
    const captured = await capturedOnce(keep, { executable, name: basename(executable), place });
    const { path, builder, args } = captured.program;
    const folder = wanted.with === undefined ? undefined : resolve(dirname(executable), "..", wanted.with);
    if (folder !== undefined && !isDirectory(folder))
      throw pipeliteError("TOOL_FILES_NOT_FOUND", { program: wanted.program, folder, place });
    const files =
      folder === undefined ? undefined : await keep.store.addTree(folder, { name: basename(folder) });
    tools[name] = { command: [builder, ...args], files: files?.path ?? null };
    paths[name] = path;
    if (files !== undefined) paths[`${name} with ${wanted.with}`] = files.path;
    sources.push(path, ...(files === undefined ? [] : [files.path]));
    Object.assign(
      made,
      captured.made,
      folder === undefined ? {} : signatures(entriesBelow(folder, () => true)),
    );
  }
  return { tools, paths, sources, made };
}

/** The programs and the code that an environment is made by: name -> store path. */
function programsOf({ root }: Recipe): Record<string, string> {
  const paths = new Set(stepsOf(root).flatMap(({ sources }) => sources));
  return Object.fromEntries([...paths].map((path) => [storePathName(path), path]));
}

/** All that an environment is made of. */
function filesOf({ root }: Pick<Recipe, "root">): string[] {
  const files = stepsOf(root).flatMap((step) =>
    step.files.map((file) => `${file.name} ${hex(hashOfFile(file).bytes)}`),
  );
  return [...files, ...lockedClosureOf({ root }).map(({ path, sha256 }) => `${path} ${sha256}`)];
}
