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

export interface Means {
  by: "its form" | "another store" | "a cache" | "this machine" | "building it again";
  /** The other store, or the cache. */
  from?: string;
}

export interface Repaired extends Means {
  path: StorePath;
}

/** What did not put a path right. */
interface Tried extends Means {
  why: string;
}

/** What is still wrong. Where no files would put it right, nothing was tried. */
export type LeftProblem = StoreProblem & { tried: Tried[] };

export interface RepairedStore {
  repaired: Repaired[];
  problems: LeftProblem[];
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
  const refusals = new Map<string, string>();
  const substituter = openSubstituter(store, open, signal, {
    onRefused(url, error) {
      refusals.set(url, error.message);
      onRefused?.(url, error);
    },
  });
  const verified = await store.verify({ checkContents: true, signal });
  mkdirSync(store.temporaryDir, { recursive: true });
  const work = mkdtempSync(join(store.temporaryDir, "repair-"));
  const repair: Repair = { store, others, substituter, refusals, work, signal, env };
  const repaired: Repaired[] = [];
  let problems = verified.problems.map((problem): LeftProblem => ({ ...problem, tried: [] }));
  const attempt = async (way: Way) => {
    const left: LeftProblem[] = [];
    for (const problem of problems) {
      if (!isOfFiles(problem)) {
        left.push(problem);
        continue;
      }
      const tried: Tried[] = [];
      const means = await way(repair, problem, tried);
      if (means === undefined) {
        const before = problem.tried.filter(({ by }) => !tried.some((each) => each.by === by));
        left.push({ ...problem, tried: [...before, ...tried] });
        continue;
      }
      const done = { path: problem.path, ...means };
      repaired.push(done);
      options.onRepaired?.(done);
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
  /** Why a cache is asked no more, by its URL. */
  refusals: ReadonlyMap<string, string>;
  /** A folder for what is made on the way. */
  work: string;
  signal: AbortSignal;
  env: Variables;
}

type PathProblem = Exclude<LeftProblem, { kind: "database" | "address-wrong" }>;

/** What repairs a path; what does not is added to `tried`. */
type Way = (repair: Repair, problem: PathProblem, tried: Tried[]) => Promise<Means | undefined>;

/** What right files end; a wrong database needs a copy of it. */
function isOfFiles(problem: LeftProblem): problem is PathProblem {
  return problem.kind !== "database" && problem.kind !== "address-wrong";
}

async function repairFromElsewhere(
  repair: Repair,
  { kind, path }: PathProblem,
  tried: Tried[],
): Promise<Means | undefined> {
  if (kind === "not-canonical") {
    await repair.store.restoreForm(path);
    return { by: "its form" };
  }
  const { others, substituter } = repair;
  for (const other of others) {
    const means = { by: "another store", from: other.home } as const;
    const why = other.isPresent(path)
      ? await tryReplace(repair, path, other.physical(path))
      : "it does not have it";
    if (why === undefined) return means;
    tried.push({ ...means, why });
  }
  const cache = await tryCaches(repair, path, tried);
  if (cache !== undefined) return { by: "a cache", from: cache };
  if (others.length + substituter.urls.length === 0)
    tried.push({ by: "a cache", why: "none is named, and no other store (--from, $PIPELITE_CACHES)" });
  const why = await unlessFull(repair, () => tryCapture(repair, path));
  if (why === undefined) return { by: "this machine" };
  tried.push({ by: "this machine", why });
  return undefined;
}

async function repairByBuilding(
  repair: Repair,
  { path }: PathProblem,
  tried: Tried[],
): Promise<Means | undefined> {
  const by = "building it again";
  const why = await unlessFull(repair, () => tryRebuild(repair, path));
  if (why === undefined) return { by };
  tried.push({ by, why });
  return undefined;
}

/**
 * What a cache says of a path must be vouched for as when a run takes it, and must be what is registered here.
 * @returns which gave it
 */
async function tryCaches(repair: Repair, path: StorePath, tried: Tried[]): Promise<string | undefined> {
  const { store, substituter, refusals, work, signal } = repair;
  const wanted = store.info(path)?.narHash;
  if (wanted === undefined) return undefined;
  const others = new Set<string>();
  let failure: unknown;
  const from = await substituter.read(path, signal, {
    accepts({ narHash }, url) {
      const isWanted = asBuffer(narHash).equals(wanted);
      if (!isWanted) others.add(url);
      return isWanted;
    },
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
  if (from !== undefined) return from;
  for (const url of substituter.urls) {
    const answer = others.has(url) ? "what it has by this name has another hash" : "it does not have it";
    tried.push({ by: "a cache", from: url, why: refusals.get(url) ?? answer });
  }
  return undefined;
}

/** @returns why it is not repaired; undefined where it is */
async function unlessFull(
  { signal }: Repair,
  action: () => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    if (!isPipeliteError(error) || error.code === "STORE_NO_SPACE") throw error;
    return error.message;
  }
}

/** @returns why not, where `source` is not what is registered, or cannot be read */
function tryReplace(repair: Repair, path: StorePath, source: string): Promise<string | undefined> {
  return unlessFull(repair, async () => {
    await repair.store.replaceFiles(path, source, repair.signal);
    return undefined;
  });
}

/** Captures a program again that the store had from this machine. @returns why not */
async function tryCapture(repair: Repair, path: StorePath): Promise<string | undefined> {
  const executable = executableOf(repair.store.home, path);
  if (executable === undefined) return "it was made of no program here";
  if (!existsSync(executable)) return `${executable}, of which it was made, is gone`;
  using scratch = openStore(join(repair.work, "captured"));
  const name = storePathName(path);
  const { program } = await captureProgram(scratch, { executable, name, place: "store repair" });
  if (program.path !== path) return `${executable}, of which it was made, is another program now`;
  return tryReplace(repair, path, scratch.physical(path));
}

/** Where the program was that became this path: the notes of the home have it. */
function executableOf(home: string, path: StorePath): string | undefined {
  const note = openHome(home)
    .notes.all("programs")
    .find(({ value }) => (value as { program?: { path?: unknown } } | null)?.program?.path === path);
  return note?.key.split("\0")[0];
}

/** @returns why not */
async function tryRebuild(repair: Repair, path: StorePath): Promise<string | undefined> {
  const { store, work, env, signal } = repair;
  const drvPath = store.info(path)?.deriver;
  if (drvPath === undefined) return "no derivation is known that makes it";
  if (!store.isPresent(drvPath)) return `${drvPath}, which makes it, is not there`;
  const folder = mkdtempSync(join(work, "build-"));
  const target = join(folder, "made");
  const derivation = store.readDerivation(drvPath);
  const { kind } = await detectSandbox(undefined, programFolders(env));
  const job = { name: derivation.name, drvPath, derivation, signal };
  const made = await rebuild(job, { store, kind, env, folder: join(folder, "builds"), target });
  signal.throwIfAborted();
  if (made.status === "failed") return made.error.message;
  return made.status === "built" ? tryReplace(repair, path, target) : made.status;
}
