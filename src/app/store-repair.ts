// Repair of a store: what `verify` finds wrong gets its right bytes again, from another store or a cache, from a program of this
// machine, or by building it again. Only bytes of the registered hash are taken from anywhere.
import { programFolders, type Variables } from "#base/environment.ts";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { join, resolve } from "node:path";
import { asBuffer } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { openSubstituter, type Caches } from "#cache/open.ts";
import type { Substituter } from "#cache/substituter.ts";
import { captureProgram } from "#compile/program.ts";
import { rebuild } from "#engine/rebuild.ts";
import { openHome } from "#home/home.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import { openStore, restoreNar, type Store, type StoreProblem } from "#store/index.ts";
import { layoutOf } from "#store/layout.ts";
import { isOfContent } from "#store/transfer.ts";

/** `caches`: binary caches, and homes whose store may have what is wrong here. */
export interface RepairStore extends Caches {
  signal: AbortSignal;
  onRepaired?: (repaired: Repaired) => void;
  /** A cache is asked no more, and why. */
  onRefused?: (url: string, error: Error) => void;
  /** Where relative words start. */
  cwd: string;
  /** Where programs are found, and what fixed-output derivations ask of it. */
  env: Variables;
}

export interface Repaired {
  path: StorePath;
  by: "its form" | "another store" | "a cache" | "this machine" | "building it again";
  /** The other store, or the cache. */
  from?: string;
}

type Means = Omit<Repaired, "path">;

export interface RepairedStore {
  repaired: Repaired[];
  /** What is still wrong. */
  problems: StoreProblem[];
}

/**
 * Reads all of a store and repairs what can be.
 * @throws PipeliteError CACHE_URL_INVALID, CACHE_KEY_UNREADABLE
 */
export async function repairStore(home: string, options: RepairStore): Promise<RepairedStore> {
  using store = openStore(home);
  const { signal, env, cwd, trustedKeys, onRefused } = options;
  const isStore = (word: string): boolean => existsSync(layoutOf(resolve(cwd, word)).databaseFile);
  using stack = new DisposableStack();
  const others = options.caches
    .filter(isStore)
    .map((word) => stack.use(openStore(resolve(cwd, word), { readOnly: true })));
  const caches = options.caches.filter((word) => !isStore(word));
  const open = { caches, trustedKeys, cwd, env };
  const substituter = openSubstituter(store, open, signal, onRefused === undefined ? {} : { onRefused });
  const verified = await store.verify({ checkContents: true, signal });
  mkdirSync(store.temporaryDir, { recursive: true });
  const work = mkdtempSync(join(store.temporaryDir, "repair-"));
  const repair: Repair = { store, others, substituter, work, signal, env };
  const repaired: Repaired[] = [];
  let problems = verified.problems;
  const attempt = async (by: (repair: Repair, problem: PathProblem) => Promise<Means | undefined>) => {
    const left: StoreProblem[] = [];
    for (const problem of problems) {
      const means = isOfFiles(problem) ? await by(repair, problem) : undefined;
      if (means === undefined || !isOfFiles(problem)) left.push(problem);
      else {
        const done = { path: problem.path, ...means };
        repaired.push(done);
        options.onRepaired?.(done);
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
  others: readonly Store[];
  substituter: Substituter;
  /** A folder for what is made on the way. */
  work: string;
  signal: AbortSignal;
  env: Variables;
}

type PathProblem = Exclude<StoreProblem, { kind: "database" | "address-wrong" }>;

/** What right files end; a wrong database needs a copy of it. */
function isOfFiles(problem: StoreProblem): problem is PathProblem {
  return problem.kind !== "database" && problem.kind !== "address-wrong";
}

async function repairFromElsewhere(repair: Repair, { kind, path }: PathProblem): Promise<Means | undefined> {
  if (kind === "not-canonical") {
    await repair.store.restoreForm(path);
    return { by: "its form" };
  }
  for (const other of repair.others)
    if (other.isPresent(path) && (await tryReplace(repair, path, other.physical(path))))
      return { by: "another store", from: other.home };
  const cache = await tryCaches(repair, path);
  if (cache !== undefined) return { by: "a cache", from: cache };
  return (await tryCapture(repair, path)) ? { by: "this machine" } : undefined;
}

async function repairByBuilding(repair: Repair, { path }: PathProblem): Promise<Means | undefined> {
  return (await tryRebuild(repair, path)) ? { by: "building it again" } : undefined;
}

/** What a cache says of a path must be vouched for as when a run takes it, and must be what is registered here. @returns which gave it */
async function tryCaches(repair: Repair, path: StorePath): Promise<string | undefined> {
  const { store, substituter, work, signal } = repair;
  const wanted = store.info(path)?.narHash;
  if (wanted === undefined) return undefined;
  let failure: unknown;
  const from = await substituter.read(path, signal, {
    accepts: ({ narHash }) => asBuffer(narHash).equals(wanted),
    async take(chunks) {
      const target = join(mkdtempSync(join(work, "cache-")), "made");
      try {
        await restoreNar(chunks, target);
        await store.replaceFiles(path, target, signal);
      } catch (error) {
        // A full disk says nothing of the cache.
        if (!isPipeliteError(error) || isOfContent(error.code) || error.code.startsWith("CACHE_"))
          throw error;
        failure = error;
      }
    },
  });
  if (failure !== undefined) throw failure;
  return from;
}

/** False where `source` is not what is registered, or cannot be read. */
async function tryReplace({ store, signal }: Repair, path: StorePath, source: string): Promise<boolean> {
  try {
    await store.replaceFiles(path, source, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
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
  const { store, work, env, signal } = repair;
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
