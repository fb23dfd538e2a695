// From the graph to derivations. `prepare` puts into the store what a node consists of (its bundled code, its tools, its
// sources); `derive` writes the derivation once it is known where the inputs come from: a derivation that is yet to be
// built, or a store path.
import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { isDirectory } from "#base/files.ts";
import type { Derivation, DerivationOutput } from "#nix/derivation.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import type { Hash } from "#nix/hash.ts";
import { parseHash, formatHash } from "#nix/hash.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import { makeFixedPath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type {
  BuildNode,
  CommandNode,
  Edge,
  FetchNode,
  Graph,
  GraphNode,
  SourceNode,
  StageNode,
} from "./graph.ts";
import { isBuildNode, isCode } from "./graph.ts";
import { bundledOnce, capturedOnce, type CompileKeep } from "./memo.ts";
import type { BroughtTool } from "#author/param.ts";
import type { Program } from "./program.ts";
import { findProgram, nodeProgram } from "./program.ts";
import { invokeCommand, prepareCommand, type PreparedCommand } from "./prepare-command.ts";
import { entriesBelow, signatures } from "./file-stamps.ts";
import type { StageEnvironment } from "./runtime.ts";
import { pipeliteError } from "./errors.ts";

/** What the identity of a node is made of, in the words of pipeline.ts: for saying why it must be built again. */
export interface Ingredients {
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
  program: Program | undefined;
  /** Store path of the bundled code, for a stage. */
  code: StorePath | undefined;
  /** The programs of a command. */
  command?: PreparedCommand;
  /** Input name -> program that this run brought, for a stage. */
  tools?: Record<string, BroughtTool>;
  /** The files it was prepared from: absolute path -> stat signature. */
  made: Record<string, string>;
}

/** Where the output of a needed node is. */
export type Origin = { kind: "path"; path: StorePath } | { kind: "derivation"; drvPath: StorePath };

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
  /** So much of a source has been read; only while one is really read. */
  onRead?: ((source: string, doneBytes: number, totalBytes: number) => void) | undefined;
}

export async function prepareGraph(
  graph: Graph,
  keep: CompileKeep,
  options: PrepareOptions,
): Promise<PreparedGraph> {
  const prepared = new Map<BuildNode, Prepared>();
  const paths = new Map<SourceNode, StorePath>();
  const made: Record<string, string> = {};
  const { store } = keep;
  const bundles = startBundling(graph, keep);
  for (const node of graph.nodes) {
    if (node.kind === "source") {
      const added = await addSource(node, graph, store, options);
      paths.set(node, added.path);
      Object.assign(made, added.made);
    } else if (isBuildNode(node)) {
      const ready = await prepare(node, { graph, keep, bundles, folders: options.folders });
      prepared.set(node, ready);
      Object.assign(made, ready.made);
    }
  }
  return { graph, prepared, paths, made };
}

type Bundles = ReadonlyMap<BuildNode, ReturnType<typeof bundledOnce>>;

/** Bundles are made by a process of its own: all are under way while this one captures programs. */
function startBundling(graph: Graph, keep: CompileKeep): Bundles {
  const bundles = new Map<BuildNode, ReturnType<typeof bundledOnce>>();
  for (const node of graph.nodes) {
    if (!isCode(node)) continue;
    const bundle = bundledOnce(keep, node, graph.root);
    // What is wrong with it is thrown where it is awaited, so that the first node in the order of the graph is named.
    bundle.catch(() => {});
    bundles.set(node, bundle);
  }
  return bundles;
}

async function addSource(
  node: SourceNode,
  graph: Graph,
  store: Store,
  { paranoid, onRead, signal }: PrepareOptions,
): Promise<{ path: StorePath; made: Record<string, string> }> {
  const path = resolve(graph.root, node.path);
  if (!existsSync(path)) throw pipeliteError("SOURCE_NOT_FOUND", { place: node.place, path: node.path });
  const { default: ignore } = await import("ignore");
  const ignored = ignore().add([".git", "node_modules", ...node.ignore]);
  const include = (name: string, isFolder: boolean) => !ignored.ignores(isFolder ? `${name}/` : name);
  const { path: added } = await store.addTree(path, {
    name: node.name,
    include,
    paranoid,
    signal,
    onRead: onRead && ((done, total) => onRead(node.path, done, total)),
  });
  return { path: added, made: signatures(entriesBelow(path, include)) };
}

interface Capturing {
  graph: Graph;
  keep: CompileKeep;
  folders: readonly string[];
}

type Preparing = Capturing & { bundles: Bundles };

async function prepare(node: BuildNode, { graph, keep, bundles, folders }: Preparing): Promise<Prepared> {
  switch (node.kind) {
    case "fetch":
      return {
        node,
        ingredients: {
          module: "a download",
          code: {},
          bundle: null,
          params: { url: node.url, hash: node.hash },
          tools: {},
        },
        sources: [],
        program: undefined,
        code: undefined,
        made: {},
      };
    case "command": {
      const prepared = await prepareCommand(node, { root: graph.root, keep, folders });
      return { node, program: undefined, code: undefined, ...prepared };
    }
    case "stage":
    case "gate":
    case "check": {
      // First, since capturing keeps this process busy and the first bundle is there when all are asked for.
      const bundle = await bundles.get(node);
      if (bundle === undefined) throw new Error(`the stage ${node.name} has no bundle`);
      const node26 = await capturedOnce(keep, nodeProgram(node.place));
      const { program } = node26;
      const brought = await captureTools(node, { graph, keep, folders });
      const ingredients = {
        module: node.module === undefined ? `a ${node.kind}` : relative(graph.root, node.module),
        code: bundle.files,
        bundle: bundle.code,
        params: node.params,
        tools: { node: program.path, ...brought.paths },
      };
      const made = { ...node26.made, ...bundle.made, ...brought.made };
      const sources = [program.path, bundle.code, ...brought.sources];
      return { node, ingredients, sources, program, code: bundle.code, tools: brought.tools, made };
    }
  }
}

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

/** The derivation of a node, given where each needed node's output is. */
export function derive(prepared: Prepared, origins: ReadonlyMap<GraphNode, Origin>): Derivation {
  const { node } = prepared;
  if (node.kind === "fetch") return fetchDerivation(node);
  const inputDrvs = new Map<StorePath, string[]>();
  const inputSrcs = new Set<StorePath>(prepared.sources);
  for (const need of node.needs) {
    const origin = originOf(need, origins);
    if (origin.kind === "derivation") inputDrvs.set(origin.drvPath, ["out"]);
    else inputSrcs.add(origin.path);
  }
  const pathOf = ({ node: from, file }: Edge) => {
    const origin = originOf(from, origins);
    const path = origin.kind === "path" ? origin.path : upstreamPlaceholder(origin.drvPath, "out");
    return file === undefined ? path : `${path}/${file}`;
  };
  const { builder, args, env } = invocation(prepared, pathOf);
  const isContentAddressed = node.options.addressing !== "input";
  const variables = { ...env, name: node.name, out: isContentAddressed ? ownPlaceholder("out") : "" };
  const derivation: Derivation = {
    name: node.name,
    outputs: new Map([["out", outputOf(node)]]),
    inputDrvs,
    inputSrcs: [...inputSrcs].toSorted(),
    system: SYSTEM,
    builder: byteStringOf(builder),
    args: args.map(byteStringOf),
    env: new Map(Object.entries(variables).map(([key, value]) => [key, byteStringOf(value)])),
  };
  return isContentAddressed || inputDrvs.size > 0
    ? derivation
    : fillOutputPaths(derivation, noInputDerivations);
}

function noInputDerivations(path: StorePath): never {
  throw new Error(`${path} should not be an input any more`);
}

const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

function originOf(node: GraphNode, origins: ReadonlyMap<GraphNode, Origin>): Origin {
  const origin = origins.get(node);
  if (origin === undefined) throw new Error(`the origin of ${node.name} is not known yet`);
  return origin;
}

/** Input-addressed outputs are deferred until no input derivation is left; then the path follows from the derivation. */
function outputOf({ options }: StageNode | CommandNode): DerivationOutput {
  return options.addressing === "input"
    ? { kind: "deferred" }
    : { kind: "floating", method: "recursive", algorithm: "sha256" };
}

/** Node's own default depends on the machine. This is more than any has: what ends a stage is the limit on its memory. */
const HEAP = `--max-old-space-size=${2 ** 20}`;

interface Invocation {
  builder: string;
  args: string[];
  env: Record<string, string>;
}

function invocation(prepared: Prepared, pathOf: (edge: Edge) => string): Invocation {
  const { node, program, code } = prepared;
  if (node.kind === "command") {
    if (prepared.command === undefined) throw new Error(`${node.name} is not prepared`);
    return invokeCommand(node, prepared.command, pathOf);
  }
  if (program === undefined) throw new Error(`${node.name} has no program`);
  const { builder, args } = program;
  if (node.kind === "fetch" || code === undefined) throw new Error(`${node.name} has no code`);
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, edge]) => [name, pathOf(edge)]));
  const params = { ...node.params, ...prepared.tools };
  const { groups } = node;
  const stage: StageEnvironment = { name: node.name, inputs, ...(groups && { groups }), params };
  const asFile = isLong(node, canonicalJson(params)) ? { passAsFile: "stage" } : {};
  return { builder, args: [...args, HEAP, code], env: { stage: canonicalJson(stage), ...asFile } };
}

/** What a program is given as a variable may have 128 KiB; whether more is needed must not hang on where inputs are. */
const VARIABLE_BYTES = 100 * 1024;
const PATH_BYTES = 160;

function isLong({ inputs }: StageNode, params: string): boolean {
  const sizes = Object.entries(inputs).map(
    ([name, { file = "" }]) => 2 * name.length + file.length + PATH_BYTES,
  );
  return sizes.reduce((sum, size) => sum + size, Buffer.byteLength(params)) > VARIABLE_BYTES;
}

/** The derivation that Nix's own fetchurl makes; the embedded engine and Nix both know the builder. */
function fetchDerivation(node: FetchNode): Derivation {
  let hash: Hash;
  try {
    hash = parseHash(node.hash, "sha256");
  } catch (error) {
    throw pipeliteError("FETCH_HASH_INVALID", { place: node.place, hash: node.hash }, error);
  }
  const path = makeFixedPath({ name: node.name, method: "flat", hash });
  const env = {
    name: node.name,
    out: path,
    url: node.url,
    urls: node.url,
    executable: "",
    unpack: "",
    builder: "builtin:fetchurl",
    system: "builtin",
    outputHash: formatHash(hash, "hex"),
    outputHashAlgo: "sha256",
    outputHashMode: "flat",
    preferLocalBuild: "1",
    impureEnvVars: "http_proxy https_proxy ftp_proxy all_proxy no_proxy",
  };
  return {
    name: node.name,
    outputs: new Map([["out", { kind: "fixed", path, method: "flat", hash }]]),
    inputDrvs: new Map(),
    inputSrcs: [],
    system: "builtin",
    builder: "builtin:fetchurl",
    args: [],
    env: new Map(Object.entries(env).map(([key, value]) => [key, byteStringOf(value)])),
  };
}
