// Putting finished files at their place and making them valid. Trees are made under a scratch name in the
// store directory, which a temporary root protects; only when they are complete are they renamed, under the
// path's lock.
import { chmodSync, renameSync } from "node:fs";
import { byteStringOf } from "#base/bytes.ts";
import { isThere } from "#base/files.ts";
import type { RealisationId } from "#nix/realisation.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { parseStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { finishFolder } from "./canonicalise.ts";
import { diskPath, isRealFolder, removeLeftover, removeBytePath } from "./disk.ts";
import { physicalPath, type Layout } from "./layout.ts";
import type { LockFiles } from "./lock-files.ts";
import { lockPaths, type PathLocks } from "./locks.ts";
import { isValid, type StoreDatabase } from "./query.ts";
import type { RegistrationGroup, Registrar } from "./registrar.ts";
import type { Registration } from "./register.ts";
import type { StatMemo } from "./stat-memo.ts";
import type { TempRoots } from "./temp-roots.ts";

/** All that the parts of a store share. */
export interface StoreContext extends StoreDatabase {
  readonly tempRoots: TempRoots;
  readonly memo: StatMemo;
  readonly scratch: ScratchNames;
  readonly lockFiles: LockFiles;
  readonly registrar: Registrar;
}

/** Names for unfinished files in the store directory. */
export interface ScratchNames {
  /** Must have been waited for once before the first name is used: then no collection takes what has one. */
  protect(): Promise<void>;
  /** A fresh path; a byte string. */
  next(): string;
}

export function scratchOf(layout: Layout, tempRoots: TempRoots): ScratchNames {
  // One temporary root covers them all, since a collector spares whatever shares its hash part.
  let root: StorePath | undefined;
  const rootOf = (): StorePath => (root ??= parseStorePath(`${STORE_DIR}/${randomHashPart()}-scratch`));
  let count = 0;
  return {
    protect: () => tempRoots.add([rootOf()]),
    next: () => `${byteStringOf(physicalPath(layout, rootOf()))}-${++count}`,
  };
}

/** Loads node:crypto: a store that is only asked needs no such name. */
function randomHashPart(): string {
  return encodeNix32(process.getBuiltinModule("node:crypto").randomBytes(20));
}

export interface Placement {
  /** The finished tree, anywhere on the store's file system; a byte string. */
  scratch: string;
  registration: Registration;
  /** What it is the output of. */
  realises?: RealisationId | undefined;
}

export interface PlaceOptions {
  /** Locks that the caller has, hence not to be waited for. */
  held?: PathLocks | undefined;
  /** Called when the trees are where they belong. */
  onMoved?: (() => void) | undefined;
  /** Resolved when what is to be registered before them is. */
  after?: Promise<unknown> | undefined;
  /** They may be registered a moment later, together with others: see `registerNow` of the store. */
  mayWait?: boolean;
}

/**
 * Moves finished trees to their places and registers them in one transaction. Returns, for each, whether it
 * was new; the scratch tree of one that is valid already is removed.
 */
export async function place(
  store: StoreContext,
  placements: readonly Placement[],
  { held, onMoved, after, mayWait = false }: PlaceOptions = {},
): Promise<boolean[]> {
  const paths = placements.map(({ registration }) => registration.path);
  await store.tempRoots.add(
    placements.flatMap(({ registration: { path, references } }) => [path, ...references]),
  );
  const locks = await lockPaths(
    store,
    paths.filter((path) => !held?.paths.has(path)),
  );
  try {
    const added = placements.map((placement) => moveIntoPlace(store, placement));
    onMoved?.();
    const registrations = placements
      .filter((_, index) => added[index])
      .map(({ registration }) => registration);
    const realisations = placements.flatMap(({ registration: { path: outPath }, realises: id }) =>
      id === undefined ? [] : [{ id, outPath, dependencies: new Map(), signatures: [] }],
    );
    await registerInPlace(store, { registrations, realisations, after }, mayWait);
    return added;
  } finally {
    locks.release();
  }
}

/**
 * Registers files that are at their places, once they are on the disk, and takes them away where that fails. The caller holds
 * their locks.
 */
export async function registerInPlace(
  store: StoreContext,
  entry: RegistrationGroup,
  mayWait = false,
): Promise<void> {
  try {
    await store.registrar.register(entry, mayWait);
  } catch (error) {
    for (const { path } of entry.registrations) removeUnregistered(store, path);
    throw error;
  }
}

function removeUnregistered(store: StoreContext, path: Registration["path"]): void {
  try {
    if (isValid(store, path)) return;
  } catch {
    // A database that cannot be asked: what is garbage is for the next collection to say.
    return;
  }
  removeLeftover(byteStringOf(physicalPath(store.layout, path)));
}

function moveIntoPlace(store: StoreContext, { scratch, registration: { path } }: Placement): boolean {
  const target = byteStringOf(physicalPath(store.layout, path));
  if (isPresent(store, path)) {
    removeBytePath(scratch);
    return false;
  }
  removeBytePath(target);
  const isFolder = isRealFolder(scratch);
  // Moving a folder to another parent writes to it.
  if (isFolder) chmodSync(diskPath(scratch), 0o755);
  renameSync(diskPath(scratch), diskPath(target));
  if (isFolder) finishFolder(target);
  return true;
}

/** Valid, and on disk as well: files somebody removed by hand are made again. */
export function isPresent(store: StoreContext, path: Registration["path"]): boolean {
  return isValid(store, path) && existsOnDisk(store, path);
}

export function existsOnDisk(store: StoreContext, path: Registration["path"]): boolean {
  return isThere(physicalPath(store.layout, path));
}

/** Makes a tree under a scratch name by `make` and places it; nothing of it stays where that fails. */
export async function makeAndPlace(
  store: StoreContext,
  make: (scratch: string) => Registration | Promise<Registration>,
  held?: PathLocks,
): Promise<{ registration: Registration; added: boolean }> {
  await store.scratch.protect();
  const scratch = store.scratch.next();
  try {
    const registration = await make(scratch);
    const [added = false] = await place(store, [{ scratch, registration }], { held });
    return { registration, added };
  } catch (error) {
    removeLeftover(scratch);
    throw error;
  }
}
