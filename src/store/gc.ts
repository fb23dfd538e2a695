// Collecting garbage: everything that no root needs, and everything in the store directory that is not
// registered, as a killed run leaves it. Rows go first and files after, so that whatever interrupts this
// leaves only garbage behind.
import fs from "node:fs";
import { lstatSync, readdirSync, rmSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { WaitForLock } from "#base/libc.ts";
import { byteStringOf, textOf } from "#base/bytes.ts";
import { isStorePath, STORE_DIR, storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import { diskPath, removeBytePath } from "./disk.ts";
import { expired, goalOf, narSizeOf, NO_GOAL, type GarbageLimits, type Goal } from "./gc-limits.ts";
import { serveTempRoots } from "./gc-server.ts";
import { readGraph, type ReferenceGraph } from "./graph.ts";
import { invalidate } from "./invalidate.ts";
import {
  isForeignScratch,
  processRootsIn,
  readOpenFiles,
  readTempRoots,
  storeFolders,
} from "./live-processes.ts";
import { withExclusiveGcLock } from "./locks.ts";
import type { StoreContext } from "./place.ts";
import { isValid } from "./query.ts";
import { Remover } from "./remover.ts";
import { findRoots, pruneRoots, type Root } from "./roots.ts";
import { SideThread } from "./side-thread.ts";
import { pipeliteError } from "./errors.ts";

export interface CollectGarbage extends WaitForLock, GarbageLimits {
  /** Only say what would go. */
  dryRun?: boolean;
  /** Called for each path and leftover before it is removed. */
  onDelete?: (name: string) => void | Promise<void>;
}

export interface CollectedGarbage {
  /** Paths that were valid. */
  paths: StorePath[];
  /** Names in the store directory that were not registered. */
  leftovers: string[];
  /** Disk space freed, bytes; 0 in a dry run. */
  freedBytes: number;
}

/** Rows are deleted in batches of this size, with other processes' transactions between them. */
const BATCH_SIZE = 10_000;
/** So that the first files begin to go early; each batch is larger than the one whose files go meanwhile. */
const FIRST_BATCH_SIZE = 1000;
const GROWTH = 3;
/** The same where it is to be stopped in the middle: what a batch has begun it ends. */
const SMALL_BATCH_SIZE = 16;
/** Pages of the database in memory, as SQLite takes it: with too few, each batch writes and reads many of them more than once. */
const LARGE_CACHE = -65_536;
const SMALL_CACHE = -2000;
/** How long files are removed before others get a word in. */
const TURN_MS = 20;

interface Collection {
  store: StoreContext;
  graph: ReferenceGraph;
  roots: Root[];
  /** A one for each path that stays, by its place in the graph. */
  live: Uint8Array;
  /** Hash parts that must stay, valid or not. */
  spared: Set<string>;
  result: CollectedGarbage;
  remover: Remover;
  /** What lies in the store directory and is not in the graph, as byte strings. */
  unregistered: string[];
  onDelete: OnDelete;
}

type OnDelete = ((name: string) => void | Promise<void>) | undefined;

/** Removes all that no root, temporary root or process needs. */
export async function collectGarbage(
  store: StoreContext,
  options: CollectGarbage = {},
): Promise<CollectedGarbage> {
  const { dryRun = false, onDelete } = options;
  const all = { dryRun, onDelete, takesLeftovers: true, wait: options };
  return withCollection(store, all, async (collection) => {
    const { graph, live, result } = collection;
    const goal = goalOf(options, graph, store.layout.storeDir);
    const dead = referrersFirst(graph, expired(graph, live, options));
    if (dryRun) {
      let narBytes = 0;
      for (const place of dead) {
        // How much of the disk it takes is only known when it goes; about as much as its NAR.
        if (goal.isReached(narBytes, narBytes)) break;
        narBytes += narSizeOf(graph, [place]);
        result.paths.push(pathAt(graph, place));
      }
      result.leftovers = findLeftovers(collection);
      return result;
    }
    collection.remover.expect(dead.length);
    // These take no room in the database to go, which a full disk may not have.
    await deleteLeftovers(collection);
    await deletePlaces(collection, dead, goal);
    deleteUnusedLinks(collection);
    return result;
  });
}

/**
 * Deletes these paths, which nothing else may need.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_PATH_IN_USE: then none is deleted
 */
export async function deletePaths(
  store: StoreContext,
  paths: Iterable<StorePath>,
  wait: WaitForLock = {},
): Promise<CollectedGarbage> {
  const few = { dryRun: false, onDelete: undefined, takesLeftovers: false, wait };
  return withCollection(store, few, async (collection) => {
    const { graph, result } = collection;
    const places = new Set<number>();
    for (const path of paths) {
      const place = graph.placeOf(path);
      if (place === undefined) throw pipeliteError("STORE_PATH_NOT_VALID", { path, home: store.layout.home });
      places.add(place);
    }
    for (const place of places) refuseWhereUsed(collection, place, places);
    await deletePlaces(collection, referrersFirst(graph, [...places]), NO_GOAL);
    deleteUnusedLinks(collection);
    return result;
  });
}

function refuseWhereUsed(
  { graph, live, roots }: Collection,
  place: number,
  others: ReadonlySet<number>,
): void {
  const path = pathAt(graph, place);
  const referrer = graph.referrers(place).find((each) => !others.has(each));
  if (referrer !== undefined) {
    const reason = `${pathAt(graph, referrer)} refers to it`;
    throw pipeliteError("STORE_PATH_IN_USE", { path, reason });
  }
  if (live[place] !== 1) return;
  const root = roots.find((each) => each.path === path);
  const reason =
    root === undefined ? "a running process or a root needs it" : `${root.source} is a root of it`;
  throw pipeliteError("STORE_PATH_IN_USE", { path, reason });
}

interface CollectionOptions {
  dryRun: boolean;
  onDelete: OnDelete;
  takesLeftovers: boolean;
  wait: WaitForLock;
}

function withCollection<T>(
  store: StoreContext,
  options: CollectionOptions,
  action: (collection: Collection) => Promise<T>,
): Promise<T> {
  const { layout } = store;
  const { dryRun, wait } = options;
  return withExclusiveGcLock(layout, wait, async () => {
    // What comes over the socket before the graph is read waits here.
    const early = new Set<string>();
    let onRoot = async (path: string): Promise<void> => void early.add(path);
    const thread = isLarge(store) ? new SideThread() : undefined;
    const remover = new Remover(byteStringOf(layout.storeDir), thread);
    let stop: (() => void) | undefined;
    try {
      stop = await serveTempRoots(layout, (path) => onRoot(path));
      if (!dryRun) {
        // Room for the log of our own transactions, on a disk that is full.
        rmSync(layout.reservedFile, { force: true });
        pruneRoots(layout);
        store.database.exec(`pragma cache_size = ${LARGE_CACHE}`);
      }
      const collection = await startCollection(store, options, { remover, thread });
      onRoot = (path) => spareSafely(collection, path);
      for (const path of early) spare(collection, path);
      return await action(collection);
    } finally {
      remover.close();
      stop?.();
      if (!dryRun) store.database.exec(`pragma cache_size = ${SMALL_CACHE}`);
    }
  });
}

/** A thread is worth its start where reading the graph takes as long. */
const LARGE = 2000;

function isLarge(store: StoreContext): boolean {
  const sql = "select count(*) as count from (select 1 from ValidPaths limit ?)";
  return store.statement(sql).get(LARGE)?.["count"] === LARGE;
}

async function startCollection(
  store: StoreContext,
  { dryRun, onDelete, takesLeftovers }: CollectionOptions,
  { remover, thread }: { remover: Remover; thread: SideThread | undefined },
): Promise<Collection> {
  const { layout } = store;
  // Now that everybody who takes another one tells us; and before all else is read, since who has these may end meanwhile, and leave
  // what they keep registered, or opened by others.
  const temporary = readTempRoots(layout, { dryRun });
  const folders = storeFolders(layout);
  const asked = thread?.ask("openFiles", folders);
  const names = takesLeftovers ? namesIn(layout.storeDir) : Promise.resolve([]);
  for (const each of [asked, names]) each?.catch(() => undefined);
  const graph = readGraph(store);
  const isLeft = (name: string): boolean => name !== ".links" && graph.placeOfName(name) === undefined;
  const unregistered = (await names).filter(isLeft);
  const isKnown = ({ path }: { path: StorePath }): boolean => graph.placeOf(path) !== undefined;
  const open = asked === undefined ? readOpenFiles(fs, folders) : (await asked).answer;
  const roots = [
    ...findRoots(store, (path) => isKnown({ path })),
    ...processRootsIn(layout, open).filter(isKnown),
  ];
  const live = new Uint8Array(graph.paths.length);
  graph.mark(
    live,
    roots.flatMap(({ path }) => graph.placeOf(path) ?? []),
  );
  const result: CollectedGarbage = { paths: [], leftovers: [], freedBytes: 0 };
  const spared = new Set<string>();
  const collection = { store, graph, roots, live, spared, result, remover, unregistered, onDelete };
  for (const path of temporary) spare(collection, path);
  return collection;
}

/** Handed to a thread: a folder of many names takes as long as reading the graph. */
function namesIn(folder: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    fs.readdir(diskPath(byteStringOf(folder)), { encoding: "latin1" }, (error, names) => {
      if (error === null) resolve(names);
      else reject(error);
    });
  });
}

/**
 * Keeps a path from now on, with what it needs if it is (still) valid, and everything of the same hash part.
 */
function spare({ graph, live, spared }: Collection, path: string): void {
  if (!isStorePath(path)) return;
  const hash = storePathHash(path);
  spared.add(hash);
  const place = graph.placeOfHash(hash);
  if (place !== undefined) graph.mark(live, [place]);
}

/** The same, when others collect with us: what is being removed is gone before anybody makes it again. */
async function spareSafely(collection: Collection, path: string): Promise<void> {
  spare(collection, path);
  // What went wrong is told where the removal was begun.
  await collection.remover.settled().catch(() => {});
}

async function deletePlaces(collection: Collection, dead: readonly number[], goal: Goal): Promise<void> {
  const { store, graph, live, spared, result, remover } = collection;
  const leftoverBytes = result.freedBytes - remover.bytes;
  let batchSize = goal === NO_GOAL ? FIRST_BATCH_SIZE : SMALL_BATCH_SIZE;
  let narBytes = 0;
  for (let at = 0; at < dead.length && !goal.isReached(result.freedBytes, narBytes);) {
    // Some may have been named over the socket since; what refers to a path goes before it, so all it needs
    // is there.
    const batch = dead.slice(at, at + batchSize).filter((place) => live[place] !== 1);
    at += batchSize;
    if (goal === NO_GOAL) batchSize = Math.min(batchSize * GROWTH, BATCH_SIZE);
    await remover.helpDuring(invalidate(store, graph, batch));
    narBytes += narSizeOf(graph, batch);
    for (const place of batch) {
      const path = pathAt(graph, place);
      result.paths.push(path);
      if (collection.onDelete !== undefined) await collection.onDelete(path);
      // Named since it was invalidated: whoever did will make it again, and may be doing so.
      if (spared.size > 0 && spared.has(storePathHash(path))) continue;
      const room = remover.start(storePathBase(path));
      if (room !== undefined) await room;
    }
    // The files of one batch go while the rows of the next do, unless it is to be known what they came to.
    if (goal !== NO_GOAL) await remover.settled();
    result.freedBytes = leftoverBytes + remover.bytes;
    await setImmediate();
  }
  await remover.settled();
  result.freedBytes = leftoverBytes + remover.bytes;
}

/** Of the names in the store directory that were not registered, those that still are not, and are not spared either. */
function findLeftovers({ store, spared, unregistered }: Collection): string[] {
  const { storeDir } = store.layout;
  // What is registered since the graph was read has its files, whoever did it.
  const isRegistered = (name: string): boolean => {
    const path = `${STORE_DIR}/${textOf(name)}`;
    return isStorePath(path) && isValid(store, path);
  };
  return unregistered
    .filter((name) => !isRegistered(name) && !spared.has(name.slice(0, 32)))
    .filter((name) => !isForeignScratch(name, `${storeDir}/${textOf(name)}`))
    .toSorted();
}

async function deleteLeftovers(collection: Collection): Promise<void> {
  const { store, spared, result } = collection;
  const folder = byteStringOf(store.layout.storeDir);
  const pause = makePause();
  for (const name of findLeftovers(collection)) {
    if (collection.onDelete !== undefined) await collection.onDelete(textOf(name));
    // Somebody may have made it valid, or begun to, since the graph was read; then it was spared first.
    if (spared.has(name.slice(0, 32))) continue;
    result.leftovers.push(textOf(name));
    result.freedBytes += removeBytePath(`${folder}/${name}`).bytes;
    if (pause.isDue()) await setImmediate();
  }
}

/** `.links` holds one more hard link to each deduplicated file: one that is left alone frees its space. */
function deleteUnusedLinks({ store, result }: Collection): void {
  const { linksDir } = store.layout;
  for (const name of readdirSync(linksDir)) {
    const file = `${linksDir}/${name}`;
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined || stat.nlink !== 1) continue;
    unlinkSync(file);
    result.freedBytes += stat.blocks * 512;
  }
}

/** Orders paths so that each comes before what it refers to. */
function referrersFirst(graph: ReferenceGraph, places: readonly number[]): number[] {
  const members = marksOf(graph, places);
  const sorted: number[] = [];
  const seen = marksOf(graph, []);
  const stack: number[] = [];
  // Of each on the stack, whether all that refers to it comes before it by now.
  const ready: boolean[] = [];
  for (const start of places) {
    if (graph.referrers(start).length === 0) {
      if (seen[start] !== 1) sorted.push(start);
      seen[start] = 1;
      continue;
    }
    stack.push(start);
    ready.push(false);
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      const isReady = ready.pop() === true;
      if (isReady) sorted.push(place);
      if (isReady || seen[place] === 1) continue;
      seen[place] = 1;
      stack.push(place);
      ready.push(true);
      for (const each of graph.referrers(place)) {
        if (members[each] !== 1) continue;
        stack.push(each);
        ready.push(false);
      }
    }
  }
  return sorted;
}

function marksOf({ paths }: ReferenceGraph, places: readonly number[]): Uint8Array {
  const marks = new Uint8Array(paths.length);
  for (const place of places) marks[place] = 1;
  return marks;
}

function makePause(): { isDue(): boolean } {
  let since = performance.now();
  return {
    isDue() {
      const now = performance.now();
      if (now - since < TURN_MS) return false;
      since = now;
      return true;
    },
  };
}

function pathAt({ paths }: ReferenceGraph, place: number): StorePath {
  const path = paths[place];
  if (path === undefined) throw new RangeError(`there is no path at ${place}`);
  return path;
}
