// The shells of an export without Nix: their programs are built here, and started in a sandbox that has nothing else.
import { npmCacheOf, programFolders } from "#base/environment.ts";
import { EXIT } from "#base/errors.ts";
import { environmentPrograms } from "#compile/environments.ts";
import type { GraphNode } from "#compile/nodes.ts";
import { openSession } from "#engine/session.ts";
import { takingFrom } from "#environment/known-file.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { deriveStep, pathOfFile, stepsOf, type Origin, type Step } from "#environment/step.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { codeOf } from "#run/enter.ts";
import { open, type OpenedPipeline } from "#run/open.ts";
import { openEngine } from "#run/open-engine.ts";
import type { RunOptions } from "#run/options.ts";
import { isolationOf } from "#run/plan.ts";
import { Planner } from "#run/planner.ts";
import { isShownNode } from "#run/select.ts";
import { originIn } from "#run/step-outputs.ts";
import { openCaches } from "#run/substitute.ts";
import type { Workspace } from "#run/realise.ts";
import {
  fetchTools,
  lockedTools,
  toolsAt,
  toolsOfMachine,
  toolsStep,
  type Capturing,
  type ShellTools,
} from "./shell-tools.ts";
import { deriveFolder, deriveShell, environmentsOf, shellPrograms, type ShellName } from "./shells.ts";

export interface ProgramsShell extends Omit<RunOptions, "stages" | "out" | "keepGoing" | "listener"> {
  shell: ShellName;
  /** A program and its arguments; none for a prompt. */
  words: readonly string[];
  /** Builds these. @returns the exit code of that run */
  realise: (stages: string[]) => Promise<number>;
  /** Is told when it is about to start. */
  onStart: () => void;
  /** Is told when bash, git and jq are the machine's, because nothing is locked. */
  onMachineTools: () => void;
  /** Is told of a cache that is asked no more. */
  onRefused: (url: string, problem: string) => void;
}

/**
 * Runs a program, or a prompt, with the programs of a shell on its PATH, in a fresh folder.
 * @returns its exit code, or that of the run where an environment could not be built
 */
export async function openProgramsShell(options: ProgramsShell): Promise<number> {
  const missing = await withGraph(options, (opened) => {
    const environments = environmentsOf(options.shell, opened.graph.nodes);
    const needed = [...environments.keys()].flatMap((node) => [node, ...node.needs]);
    const isMissing = (node: GraphNode) => isShownNode(node) && !opened.work.outputs.has(node);
    return needed.filter(isMissing).map(({ name }) => name);
  });
  const code = missing.length === 0 ? EXIT.ok : await options.realise([...new Set(missing)]);
  if (code !== EXIT.ok) return code;
  return withGraph(options, async (opened) => {
    const { work, graph } = opened;
    const keep = keepOf(opened, options);
    const own = environmentPrograms(keep);
    const tools = await builtTools(opened, { own, options });
    if (typeof tools === "number") return tools;
    const programs = await shellPrograms(options.shell, graph, { ...capturingOf(opened, options), tools });
    const originOf = (node: GraphNode): Origin => ({ kind: "path", path: work.outputOf(node) });
    const deriving = { own, prepared: work.prepared.prepared, originOf };
    const folder = await deriveFolder(`${graph.name}-programs-${options.shell}`, programs, deriving);
    const path = await built(work, folder, options);
    if (typeof path === "number") return path;
    const shell = deriveShell(`${graph.name}-shell-${options.shell}`, programs, { kind: "path", path });
    const { words } = options;
    // It looks for the program where its PATH says.
    const args = words.length === 0 ? [] : ["-c", 'exec "$0" "$@"', ...words];
    const derivation = {
      ...shell,
      args: args.map((word) => Buffer.from(word, "utf8").toString("latin1")),
    };
    await work.store.addTempRoot(...derivation.inputSrcs);
    options.onStart();
    const session = { derivation, drvPath: derivationPath(derivation) };
    return codeOf(await openSession(session, { ...options, store: work.store }));
  });
}

async function withGraph<T>(
  options: ProgramsShell,
  action: (opened: OpenedPipeline) => T | Promise<T>,
): Promise<T> {
  const asked = { ...options, stages: [] };
  const opened = await open(asked, (_, builds) => isolationOf(asked, builds));
  try {
    await new Planner(opened, options.model, opened.expand).plan(opened.graph.nodes);
    return await action(opened);
  } finally {
    opened.close();
  }
}

function keepOf({ work, secrets }: OpenedPipeline, { home, env }: ProgramsShell) {
  return { store: work.store, notes: home.notes, secrets, npmCache: npmCacheOf(env) };
}

function capturingOf(opened: OpenedPipeline, options: ProgramsShell): Capturing {
  const folders = programFolders(options.env);
  return { keep: keepOf(opened, options), root: opened.graph.root, folders };
}

/** Those that the lock file has, made here; else the machine's. @returns the exit code where that was not done */
async function builtTools(
  opened: OpenedPipeline,
  { own, options }: { own: EnvironmentPrograms; options: ProgramsShell },
): Promise<ShellTools | number> {
  const { work, graph } = opened;
  const { env, signal, home, onMachineTools } = options;
  const locked = lockedTools(graph.root);
  if (locked === undefined) {
    onMachineTools();
    return toolsOfMachine(capturingOf(opened, options));
  }
  const last = await toolsStep(locked, own);
  const paths = new Map<Step, StorePath>();
  const caches = await openCaches(work.store, options, (event) => {
    if (event.type === "cache-refused") options.onRefused(event.url, event.problem);
  });
  const take = takingFrom(caches, signal);
  const fetching = { root: graph.root, locks: home.layout.locks, mirrors: mirrorsOf(env), env, signal, take };
  for (const step of stepsOf(last)) {
    if (step.files.some((file) => !work.store.isPresent(pathOfFile(file))))
      await fetchTools(work.store, last, fetching);
    const path = await built(work, deriveStep(step, originIn(paths)), options);
    if (typeof path === "number") return path;
    paths.set(step, path);
  }
  return toolsAt(originIn(paths)(last));
}

/** @returns the output of a derivation all of whose inputs are there; an exit code where it was not to be had */
async function built(
  { store }: Workspace,
  derivation: Derivation,
  options: ProgramsShell,
): Promise<StorePath | number> {
  const realises = ownRealisationId(derivation);
  const known = store.realisation(realises)?.outPath;
  if (known !== undefined && store.isPresent(known)) return known;
  await store.addTempRoot(...derivation.inputSrcs);
  const drvPath = await store.addDerivation(derivation);
  const engine = await openEngine(store, {
    ...options,
    stages: [],
    out: null,
    keepGoing: false,
    listener: () => {},
  });
  try {
    const { name } = derivation;
    const { signal } = options;
    const outcome = await engine.build({ name, drvPath, derivation, realises, signal, onLog: () => {} });
    if (outcome.status === "failed") throw outcome.error;
    return outcome.status === "cancelled" ? EXIT.interrupted : outcome.outPath;
  } finally {
    await engine.close();
  }
}
