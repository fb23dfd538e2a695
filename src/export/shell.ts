// The shells of an export without Nix: their programs are built here, and started in a sandbox that has nothing else.
import { npmCacheOf, programFolders } from "#base/environment.ts";
import { EXIT } from "#base/errors.ts";
import { environmentPrograms } from "#compile/environments.ts";
import type { GraphNode } from "#compile/nodes.ts";
import { openSession } from "#engine/session.ts";
import type { Origin } from "#environment/step.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { codeOf } from "#run/enter.ts";
import { open, type Opened } from "#run/open.ts";
import { openEngine } from "#run/open-engine.ts";
import type { RunOptions } from "#run/options.ts";
import { isolationOf } from "#run/plan.ts";
import { Planner } from "#run/planner.ts";
import { isShown } from "#run/select.ts";
import type { Workspace } from "#run/realise.ts";
import { deriveFolder, deriveShell, shellPrograms, type ShellName } from "./shells.ts";

export interface ProgramsShell extends Omit<RunOptions, "stages" | "out" | "keepGoing" | "listener"> {
  shell: ShellName;
  /** A program and its arguments; none for a prompt. */
  words: readonly string[];
  /** Builds these. @returns the exit code of that run */
  realise: (stages: string[]) => Promise<number>;
  /** Is told when it is about to start. */
  onStart: () => void;
}

/**
 * Runs a program, or a prompt, with the programs of a shell on its PATH, in a fresh folder.
 * @returns its exit code, or that of the run where an environment could not be built
 */
export async function openProgramsShell(options: ProgramsShell): Promise<number> {
  const missing = await withGraph(options, async (opened) => {
    const { environments } = await programsOf(opened, options);
    const needed = [...environments.keys()].flatMap((node) => [node, ...node.needs]);
    return needed.filter((node) => isShown(node) && !opened.work.outputs.has(node)).map(({ name }) => name);
  });
  const code = missing.length === 0 ? EXIT.ok : await options.realise([...new Set(missing)]);
  if (code !== EXIT.ok) return code;
  return withGraph(options, async (opened) => {
    const { work, graph } = opened;
    const programs = await programsOf(opened, options);
    const originOf = (node: GraphNode): Origin => ({ kind: "path", path: work.outputOf(node) });
    const own = environmentPrograms(keepOf(opened, options));
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

async function withGraph<T>(options: ProgramsShell, action: (opened: Opened) => Promise<T>): Promise<T> {
  const asked = { ...options, stages: [] };
  const opened = await open(asked, (_, builds) => isolationOf(asked, builds));
  try {
    await new Planner(opened, options.model, opened.expand).plan(opened.graph.nodes);
    return await action(opened);
  } finally {
    opened.close();
  }
}

function keepOf({ work, secrets }: Opened, { home, env }: ProgramsShell) {
  return { store: work.store, notes: home.notes, secrets, npmCache: npmCacheOf(env) };
}

function programsOf(opened: Opened, options: ProgramsShell): ReturnType<typeof shellPrograms> {
  const folders = programFolders(options.env);
  return shellPrograms(options.shell, opened.graph, { keep: keepOf(opened, options), folders });
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
