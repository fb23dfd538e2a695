// Where every node of a graph stands: what it would be built from, whether its output is there already, and if not, why.
// Planning and running ask the same questions in the same order, so a plan tells what a run will do.
import { readdirSync } from "node:fs";
import { entryAt, isPlainDirectory, placeInside } from "#base/files.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { utf8 } from "#base/bytes.ts";
import type { Builds, BuildRow } from "#home/builds.ts";
import { commandEdges } from "#compile/command-parts.ts";
import { derive, markOf } from "#compile/derive.ts";
import type { Prepared, PreparedGraph } from "#compile/compile.ts";
import { listName } from "#compile/expand.ts";
import type { Origin, Step } from "#environment/step.ts";
import type { BuildNode, GraphNode, TimingsNode } from "#compile/nodes.ts";
import { isBuildNode, isUnexpanded } from "#compile/nodes.ts";
import type { Derivation } from "#nix/derivation.ts";
import { derivationPath } from "#nix/derivation.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { Home } from "#home/home.ts";
import type { BuildReason } from "#home/run-record.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import { outputOfStep } from "./step-outputs.ts";
import { foresee, type Foreseen } from "./foreseen.ts";
import { explain } from "./reasons.ts";
import type { Composition } from "./reasons.ts";
import { pipeliteError } from "./errors.ts";

/** A build node all of whose inputs are known. */
export interface Resolved {
  node: BuildNode;
  /** Most need it no more once it is known where the output is: it is made again should anybody ask for it. */
  readonly derivation: Derivation;
  drvPath: StorePath;
  /** Of what the derivation follows from: see `markOf`. */
  mark: string | undefined;
  /** The output, when it is in the store already. */
  outPath: StorePath | undefined;
  /** Its output is there, and was made with less isolation than is asked for now. */
  isTooWeak: boolean;
}

/** A file of a node's output that another one takes. */
interface Taken {
  taker: GraphNode;
  file: string;
}

interface Parts {
  home: Home;
  store: Store;
  builds: Builds;
  prepared: PreparedGraph;
  /** How strongly the builds of this run are isolated; weaker earlier builds do not count. */
  isolation: string;
  /** Nodes to build though their outputs are there. */
  forced: Set<GraphNode>;
}

/** What all steps of a plan or a run work on, and the one place that knows where every node stands. */
export class Workspace {
  readonly home: Home;
  readonly store: Store;
  readonly builds: Builds;
  readonly prepared: PreparedGraph;
  readonly isolation: string;
  readonly forced: Set<GraphNode>;
  readonly #outputs = new Map<GraphNode, StorePath>();
  readonly #resolved = new Map<BuildNode, Resolved>();
  /** Outputs of steps that environments are made by, known so far. */
  readonly steps = new Map<Step, StorePath>();
  readonly #taken = new Map<GraphNode, Taken[]>();
  #foreseen: Foreseen | undefined;

  constructor({ home, store, builds, prepared, isolation, forced }: Parts) {
    this.home = home;
    this.store = store;
    this.builds = builds;
    this.prepared = prepared;
    this.isolation = isolation;
    this.forced = forced;
    this.grew(prepared.graph.nodes);
  }

  /** Takes in nodes that were prepared, and what takes their files. */
  grew(nodes: readonly GraphNode[]): void {
    for (const [node, taken] of takenFiles(nodes)) this.#taken.set(node, [...this.takenFrom(node), ...taken]);
    this.foundSources(nodes);
  }

  /** Whether what it consists of is in the store. */
  isPrepared(node: GraphNode): boolean {
    if (node.kind === "source") return this.#outputs.has(node);
    return !isBuildNode(node) || this.prepared.prepared.has(node);
  }

  /** Takes in those sources among them that are in the store by now. */
  foundSources(nodes: readonly GraphNode[]): void {
    for (const node of nodes) {
      const path = node.kind === "source" ? this.prepared.paths.get(node) : undefined;
      if (path !== undefined) this.#outputs.set(node, path);
    }
  }

  takenFrom(node: GraphNode): readonly Taken[] {
    return this.#taken.get(node) ?? [];
  }

  /** Output paths known so far, those of sources among them. */
  get outputs(): ReadonlyMap<GraphNode, StorePath> {
    return this.#outputs;
  }

  /** The output of a node that has one by now. */
  outputOf(node: GraphNode): StorePath {
    const path = this.#outputs.get(node);
    if (path === undefined) throw new Error(`the output of ${node.name} is not known yet`);
    return path;
  }

  /** Notes the output of a node. */
  found(node: GraphNode, path: StorePath): void {
    this.#outputs.set(node, path);
    const resolved = isBuildNode(node) ? this.#resolved.get(node) : undefined;
    if (resolved === undefined) return;
    const { node: build, drvPath, mark, outPath, isTooWeak } = resolved;
    this.#resolved.set(
      build,
      resolvedAt(
        { node: build, drvPath, mark, outPath: path, isTooWeak: outPath === path && isTooWeak },
        () => derivationOf(this, build),
      ),
    );
  }

  /** What is known of derivations, for the next plan. */
  get marked(): Pick<Resolved, "drvPath" | "mark">[] {
    return [...this.#resolved.values()];
  }

  /** Forgets the outputs of all of these that are no sources: something took one of them away. */
  forget(nodes: Iterable<GraphNode>): void {
    for (const node of nodes) {
      if (node.kind !== "source") this.#outputs.delete(node);
      if (isBuildNode(node)) this.#resolved.delete(node);
    }
  }

  /** The derivation of a node whose needed nodes all have outputs, and whether its output is there. */
  resolve(node: BuildNode): Resolved {
    const known = this.#resolved.get(node);
    if (known !== undefined) return known;
    const resolved = resolveAnew(this, node, this.#foreseen);
    this.#resolved.set(node, resolved);
    return resolved;
  }

  /** Plans with what the databases know of the stages of the last run, asked at once. */
  async foreseeing<T>(plan: () => Promise<T>): Promise<T> {
    this.#foreseen = foresee(this);
    try {
      return await plan();
    } finally {
      this.#foreseen = undefined;
    }
  }
}

/** The same, looked up again: another process may have built it meanwhile. */
export function resolveAnew(work: Workspace, node: BuildNode, foreseen?: Foreseen): Resolved {
  const origins = originsOf(work, node);
  const mark = markOf(preparedOf(work, node), origins);
  const before = mark === undefined ? undefined : foreseen?.derivation(mark);
  let made = before === undefined ? derivationOf(work, node) : undefined;
  const derivation = (): Derivation => (made ??= derivationOf(work, node));
  const drvPath = before ?? derivationPath(derivation());
  const row = foreseen?.output(drvPath) ?? work.builds.output(drvPath);
  // What is foreseen is named by what it holds.
  const output = made?.outputs.get("out");
  const known = output !== undefined && "path" in output ? output.path : row?.outPath;
  const isThere = (path: StorePath | undefined): boolean =>
    path !== undefined &&
    (foreseen?.isValid(path) ? work.store.isOnDisk(path) : work.store.isPresent(path)) &&
    missingFile(work, node, path) === undefined;
  const resolved = { node, drvPath, mark, isTooWeak: false };
  const isKnownThere = isThere(known);
  const isTooWeak = isKnownThere && isUnconfined(row) && work.isolation !== "none";
  if (isKnownThere && !isTooWeak) return resolvedAt({ ...resolved, outPath: known }, derivation);
  // Real Nix has built it, or we have in another home.
  const realised = work.store.realisation(ownRealisationId(derivation()))?.outPath;
  return resolvedAt(
    isThere(realised) ? { ...resolved, outPath: realised } : { ...resolved, outPath: undefined, isTooWeak },
    derivation,
  );
}

function resolvedAt(known: Omit<Resolved, "derivation">, make: () => Derivation): Resolved {
  return Object.defineProperty(known, "derivation", { get: make }) as Resolved;
}

function derivationOf(work: Workspace, node: BuildNode): Derivation {
  return derive(preparedOf(work, node), originsOf(work, node), (step) => originOfStep(work, step));
}

function originsOf(work: Workspace, node: BuildNode): ReadonlyMap<GraphNode, Origin> {
  return new Map(node.needs.map((need) => [need, { kind: "path", path: work.outputOf(need) }]));
}

function preparedOf(work: Workspace, node: BuildNode): Prepared {
  const prepared = work.prepared.prepared.get(node);
  if (prepared === undefined) throw new Error(`${node.name} is not prepared`);
  return prepared;
}

function originOfStep(work: Workspace, step: Step): Origin {
  const path = outputOfStep(work, step);
  if (path === undefined) throw new Error(`the output of ${step.name} is not known yet`);
  return { kind: "path", path };
}

/** An output made without a sandbox is good only for runs that have none either. */
function isUnconfined(row: Pick<BuildRow, "sandbox"> | undefined): boolean {
  return row?.sandbox === "none";
}

/** Whether nobody has built one of these in a sandbox, by the table of builds, which is asked once for all. */
export function weakAmong(work: Workspace, nodes: readonly GraphNode[]): (node: BuildNode) => boolean {
  const done = nodes.filter(isBuildNode).filter((node) => work.outputs.has(node) && isReady(work, node));
  const rows = work.builds.outputs(done.map((node) => work.resolve(node).drvPath));
  return (node) => {
    const resolved = work.resolve(node);
    const row = rows.get(resolved.drvPath) ?? work.builds.output(resolved.drvPath);
    if (!isUnconfined(row)) return false;
    return work.store.realisation(ownRealisationId(resolved.derivation)) === undefined;
  };
}

/** What was built elsewhere comes without its derivation. */
export async function keepDerivation(work: Workspace, node: BuildNode, drvPath: StorePath): Promise<void> {
  if (work.store.isPresent(drvPath)) return;
  const { derivation } = work.resolve(node);
  // The parts of an environment may have been collected since it was made.
  if (derivation.inputSrcs.every((path) => work.store.isPresent(path)))
    await work.store.addDerivation(derivation);
}

/** Whether everything a node needs is known and has an output by now. */
export function isReady(work: Workspace, node: GraphNode): boolean {
  if (isUnexpanded(node) || !node.needs.every((need) => work.outputs.has(need))) return false;
  const recipe = node.kind === "environment" ? work.prepared.prepared.get(node)?.recipe : undefined;
  return recipe === undefined || recipe.root.inputs.every((step) => outputOfStep(work, step) !== undefined);
}

export function compositionOf(work: Workspace, node: BuildNode): Composition {
  const inputs: Record<string, string | null> = {};
  const sources: Record<string, string> = {};
  for (const need of node.needs) {
    const path = work.outputs.get(need) ?? null;
    if (need.kind === "source" && path !== null) sources[need.path] = path;
    else inputs[need.name] = path;
  }
  return { ...preparedOf(work, node).ingredients, sources, inputs };
}

/** Why a node must be built. */
export function reasonFor(work: Workspace, node: BuildNode): BuildReason {
  if (isUnexpanded(node))
    return { kind: "input", text: `one for each of ${listName(node.each.list)}, which is not there yet` };
  if (isReady(work, node) && work.resolve(node).isTooWeak)
    return { kind: "no-sandbox", text: "it was built without a sandbox" };
  if (work.forced.has(node) && isReady(work, node) && work.resolve(node).outPath !== undefined)
    return { kind: "forced", text: "--force" };
  const before = work.builds.ingredients(work.prepared.graph.file, node.name) as Composition | undefined;
  const composition = (): Composition => compositionOf(work, node);
  return explain(before, composition, (path) => {
    const storePath = parseStorePath(path);
    return work.store.isValid(storePath) ? work.store.physical(storePath) : undefined;
  });
}

/**
 * The file behind `timings`: what building the outputs took, from the table of builds, so that it says the same as long
 * as nothing is built again.
 */
export async function writeTimings(work: Workspace, node: TimingsNode): Promise<StorePath> {
  const stages = node.needs.filter(isBuildNode).map((need) => {
    const row = work.builds.find(work.resolve(need).drvPath);
    const stage = { name: need.name, inputs: need.needs.filter(isBuildNode).map(({ name }) => name) };
    if (row === undefined) return { ...stage, status: "not-measured" };
    const { usage, runId, startedAt, engine, sandbox } = row;
    return { ...stage, status: "built", measuredInRun: runId, startedAt, engine, sandbox, ...usage };
  });
  const content = utf8(prettyJson({ clock: CLOCK, stages }));
  return (await work.store.addText("timings.json", content)).path;
}

const CLOCK = "CLOCK_MONOTONIC by process.hrtime, in milliseconds; startedAt by CLOCK_REALTIME";

/** Checks that a file which others take from this node's output is there. */
export function checkTakenFiles(work: Workspace, node: GraphNode, outPath: StorePath): void {
  const missing = missingFile(work, node, outPath);
  if (missing === undefined) return;
  const { taker, file } = missing;
  const folder = work.store.physical(outPath);
  const there = isPlainDirectory(folder) ? readdirSync(folder).join(", ") : "one file, without a name";
  throw pipeliteError("INPUT_FILE_MISSING", {
    place: taker.place,
    stage: node.name,
    file,
    there: there || "nothing",
  });
}

function missingFile(work: Workspace, node: GraphNode, outPath: StorePath): Taken | undefined {
  const folder = work.store.physical(outPath);
  return work.takenFrom(node).find(({ file }) => {
    const place = placeInside(folder, file);
    // Where a link leads only who takes it can see, in the sandbox.
    return place !== undefined && entryAt(place) === undefined;
  });
}

/** Node -> the files that others take from its output. */
function takenFiles(nodes: readonly GraphNode[]): Map<GraphNode, Taken[]> {
  const edges = nodes.flatMap((taker) =>
    edgesOf(taker).flatMap(({ node, file }) => (file === undefined ? [] : [{ node, taker, file }])),
  );
  return Map.groupBy(edges, ({ node }) => node);
}

function edgesOf(node: GraphNode): { node: GraphNode; file?: string }[] {
  switch (node.kind) {
    case "stage":
    case "check":
    case "each":
      return Object.values(node.inputs);
    case "gate":
      return Object.values(node.inputs).map((edge) => ({ ...edge, file: String(node.params["verdict"]) }));
    case "command":
      return commandEdges(node);
    case "answer":
      return [node.request];
    default:
      return [];
  }
}
