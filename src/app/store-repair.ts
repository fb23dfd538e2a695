// Repair of a store: what `verify` finds wrong gets its right bytes again, from another store, from a program of this
// machine, or by building it again. Only bytes of the registered hash are taken from anywhere.
import { programFolders, type Environment } from "#base/environment.ts";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { captureProgram } from "#compile/program.ts";
import { rebuild } from "#engine/rebuild.ts";
import { openHome } from "#home/home.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import { openStore, type Store, type StoreProblem } from "#store/index.ts";

export interface RepairStore {
  /** Home of another store that may have what is wrong here. */
  from?: string | undefined;
  signal?: AbortSignal | undefined;
  onRepaired?: ((repaired: Repaired) => void) | undefined;
  /** Where programs are found, and what fixed-output derivations ask of it. */
  env: Environment;
}

export interface Repaired {
  path: StorePath;
  by: "its form" | "another store" | "this machine" | "building it again";
}

export interface RepairedStore {
  repaired: Repaired[];
  /** What is still wrong. */
  problems: StoreProblem[];
}

/** Reads all of a store and repairs what can be. */
export async function repairStore(home: string, options: RepairStore): Promise<RepairedStore> {
  using store = openStore(home);
  using other = options.from === undefined ? undefined : openStore(options.from, { readOnly: true });
  const { signal, env } = options;
  const verified = await store.verify({ checkContents: true, ...(signal && { signal }) });
  const folder = store.temporaryDir;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "repair-"));
  const repaired: Repaired[] = [];
  let problems = verified.problems;
  const attempt = async (
    by: (repair: Repair, problem: StoreProblem) => Promise<Repaired["by"] | undefined>,
  ) => {
    const left: StoreProblem[] = [];
    for (const problem of problems) {
      const means = await by({ store, other, work, signal, env }, problem);
      if (means === undefined || !("path" in problem)) left.push(problem);
      else {
        repaired.push({ path: problem.path, by: means });
        options.onRepaired?.({ path: problem.path, by: means });
      }
    }
    const isProgress = left.length < problems.length;
    problems = left;
    return isProgress;
  };
  try {
    await attempt(repairFromElsewhere);
    // What was built from something that is wrong itself comes out right once that has been repaired.
    while (await attempt(repairByBuilding));
    return { repaired, problems };
  } finally {
    removeTree(work);
  }
}

interface Repair {
  store: Store;
  other: Store | undefined;
  /** A folder for what is made on the way. */
  work: string;
  signal: AbortSignal | undefined;
  env: Environment;
}

async function repairFromElsewhere(
  repair: Repair,
  problem: StoreProblem,
): Promise<Repaired["by"] | undefined> {
  if (problem.kind === "database" || problem.kind === "address-wrong") return undefined;
  const { path } = problem;
  if (problem.kind === "not-canonical") {
    await repair.store.restoreForm(path);
    return "its form";
  }
  if (repair.other?.isPresent(path) === true && (await tryReplace(repair, path, repair.other.physical(path))))
    return "another store";
  return (await tryCapture(repair, path)) ? "this machine" : undefined;
}

async function repairByBuilding(repair: Repair, problem: StoreProblem): Promise<Repaired["by"] | undefined> {
  if (problem.kind === "database" || problem.kind === "address-wrong") return undefined;
  return (await tryRebuild(repair, problem.path)) ? "building it again" : undefined;
}

/** False where `source` is not what is registered, or cannot be read. */
async function tryReplace({ store, signal }: Repair, path: StorePath, source: string): Promise<boolean> {
  try {
    await store.replaceFiles(path, source, signal);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (isPipeliteError(error) && !isPipeliteError(error, "STORE_NO_SPACE")) return false;
    throw error;
  }
}

/** Captures a program again that the store had from this machine. */
async function tryCapture(repair: Repair, path: StorePath): Promise<boolean> {
  const executable = executableOf(repair.store.home, path);
  if (executable === undefined || !existsSync(executable)) return false;
  using scratch = openStore(join(repair.work, "captured"));
  const name = storePathName(path);
  const { program } = await captureProgram(scratch, { executable, name, place: "store repair" });
  return program.path === path && tryReplace(repair, path, scratch.physical(path));
}

/** Where the program was that became this path: the notes of the home have it. */
function executableOf(home: string, path: StorePath): string | undefined {
  const note = openHome(home)
    .notes.all("programs")
    .find(({ value }) => (value as { program?: { path?: unknown } } | null)?.program?.path === path);
  return note?.key.split("\0")[0];
}

async function tryRebuild(repair: Repair, path: StorePath): Promise<boolean> {
  const { store, work, env, signal = new AbortController().signal } = repair;
  const drvPath = store.info(path)?.deriver;
  if (drvPath === undefined || !store.isPresent(drvPath)) return false;
  const folder = mkdtempSync(join(work, "build-"));
  const target = join(folder, "made");
  try {
    const derivation = store.readDerivation(drvPath);
    const { kind } = await detectSandbox(undefined, programFolders(env));
    const job = { name: derivation.name, drvPath, derivation, signal };
    const made = await rebuild(job, { store, kind, env, folder: join(folder, "builds"), target });
    return made.status === "built" && (await tryReplace(repair, path, target));
  } catch (error) {
    signal.throwIfAborted();
    if (isPipeliteError(error)) return false;
    throw error;
  }
}
