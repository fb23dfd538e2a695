// A store: a folder that is a Nix store with the logical directory /nix/store, physically below `<home>`.
// Real Nix opens the same folder with `--store <home>` and may work in it at the same time.
import { closeSync, existsSync, ftruncateSync, rmSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { allocate, type WaitForLock } from "#base/libc.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { Hash } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import {
  addDerivations,
  addFixedFile,
  addGathered,
  addTexts,
  addTree,
  sourcePath,
  type Added,
  type AddTree,
} from "./add.ts";
import { hasDatabase, openDatabase } from "./database.ts";
import { guard, guardAsync } from "./failure.ts";
import { collectGarbage, deletePaths, type CollectedGarbage, type CollectGarbage } from "./gc.ts";
import { createLayout, layoutOf, physicalPath, type Layout } from "./layout.ts";
import { lockPaths, openLockFile, takeBigLock, takeBigLockReadOnly, type PathLocks } from "./locks.ts";
import { registerOutputs, type BuiltOutput, type RegisteredOutput } from "./outputs.ts";
import { scratchOf, type StoreContext } from "./place.ts";
import * as query from "./query.ts";
import type { PathInfo } from "./query.ts";
import { readDerivation } from "./register.ts";
import { addRoot, findRoots, removeRoot, type Root } from "./roots.ts";
import { openStatMemo } from "./stat-memo.ts";
import { openTempRoots } from "./temp-roots.ts";
import { addNar, dumpNar, exportPaths, importPaths, type Chunks, type NarToAdd } from "./transfer.ts";
import type { Sink, TreeHash } from "./tree.ts";
import { verifyStore, type VerifiedStore, type VerifyStore } from "./verify.ts";
import { pipeliteError } from "./errors.ts";

/** Bytes kept in reserve for a collection on a full disk. */
const RESERVED_SIZE = 8 * 1024 * 1024;

export interface Store extends Disposable {
  readonly home: string;
  readonly readOnly: boolean;
  /** Where a store path really is. */
  physical(path: StorePath): string;

  info(path: StorePath): PathInfo | undefined;
  isValid(path: StorePath): boolean;
  /** Sorted. */
  validPaths(): StorePath[];
  /** The valid path with this hash part. */
  pathOfHash(hash: string): StorePath | undefined;
  /** Everything these paths need, themselves included; sorted. */
  closure(paths: Iterable<StorePath>): StorePath[];
  /** The same, each path after what it refers to. */
  sortedClosure(paths: Iterable<StorePath>): StorePath[];
  referrers(path: StorePath): StorePath[];
  /** A shortest chain of references from one path to another. */
  whyDepends(from: StorePath, to: StorePath): StorePath[] | undefined;
  /** Outputs of a valid derivation whose paths are known beforehand, by name. */
  derivationOutputs(drvPath: StorePath): Map<string, StorePath>;
  readDerivation(drvPath: StorePath): Derivation;

  addTree(source: string, options: AddTree): Promise<Added>;
  /** A source of two levels made of files from anywhere: `bin/node` -> the file it is read from. */
  addGathered(name: string, files: Readonly<Record<string, string>>): Promise<Added>;
  /** The path addTree would give; adds nothing. */
  sourcePath(source: string, options: AddTree): StorePath;
  addText(name: string, content: Uint8Array, references?: Iterable<StorePath>): Promise<Added>;
  addDerivation(derivation: Derivation): Promise<StorePath>;
  addDerivations(derivations: readonly Derivation[]): Promise<StorePath[]>;
  addFixedFile(source: string, options: { name: string; hash: Hash }): Promise<Added>;
  addNar(info: NarToAdd, chunks: Chunks): Promise<Added>;
  /** Locks of output paths that the caller has taken must be given along. */
  registerOutputs(outputs: readonly BuiltOutput[], held?: PathLocks): Promise<RegisteredOutput[]>;

  dumpNar(path: StorePath, sink: Sink): TreeHash;
  exportPaths(paths: Iterable<StorePath>, sink: Sink): void;
  importPaths(chunks: Chunks): Promise<StorePath[]>;

  /** Makes `link` point to a valid path, and keeps the path while it does. */
  addRoot(link: string, path: StorePath): Promise<void>;
  /** Removes such a link; false where there is none. */
  removeRoot(link: string): Promise<boolean>;
  /** Every root, Nix's own included. */
  roots(): Root[];
  gc(options?: CollectGarbage): Promise<CollectedGarbage>;
  /** Deletes paths that nothing else needs; else none of them. */
  deletePaths(paths: Iterable<StorePath>): Promise<CollectedGarbage>;
  verify(options?: VerifyStore): Promise<VerifiedStore>;

  /** Returns once no collection can take these paths while this store is open. */
  addTempRoot(...paths: StorePath[]): Promise<void>;
  /**
   * Runs `action` while nobody else makes these paths. For a floating output Nix takes the path of its
   * derivation with `.<output>` behind it.
   */
  withPathLocks<T>(
    paths: Iterable<StorePath>,
    action: (held: PathLocks) => Promise<T>,
    wait?: WaitForLock,
  ): Promise<T>;
  close(): void;
}

export interface OpenStore {
  /** Changes nothing, and wants no permission to. */
  readOnly?: boolean;
}

/**
 * Opens the store at `home`; makes one where there is none, unless it is only to be read.
 * @throws PipeliteError STORE_NOT_FOUND, STORE_READ_ONLY, STORE_DATABASE_DAMAGED, STORE_SCHEMA_FOREIGN,
 * STORE_NO_SPACE
 */
export function openStore(home: string, { readOnly = false }: OpenStore = {}): Store {
  const layout = layoutOf(home);
  return guard(layout, () => {
    const { database, bigLock } = readOnly ? openReadOnly(layout) : openWritable(layout);
    return makeStore(layout, database, { readOnly, bigLock });
  });
}

interface Opened {
  database: DatabaseSync;
  bigLock: number | undefined;
}

function openReadOnly(layout: Layout): Opened {
  if (!hasDatabase(layout)) throw pipeliteError("STORE_NOT_FOUND", { home: layout.home });
  const bigLock = takeBigLockReadOnly(layout);
  return { database: openDatabase(layout, { readOnly: true }), bigLock };
}

function openWritable(layout: Layout): Opened {
  createLayout(layout);
  const bigLock = takeBigLock(layout);
  try {
    return { database: openDatabaseWithReserve(layout), bigLock };
  } catch (error) {
    closeSync(bigLock);
    throw error;
  }
}

/**
 * On a full disk even opening takes some space; the reserve is there so that garbage can be collected then.
 */
function openDatabaseWithReserve(layout: Layout): DatabaseSync {
  try {
    const database = guard(layout, () => openDatabase(layout, { readOnly: false }));
    reserveSpace(layout);
    return database;
  } catch (error) {
    if (!isPipeliteError(error, "STORE_NO_SPACE") || !existsSync(layout.reservedFile)) throw error;
    rmSync(layout.reservedFile);
    return openDatabase(layout, { readOnly: false });
  }
}

function reserveSpace(layout: Layout): void {
  if (existsSync(layout.reservedFile) && statSync(layout.reservedFile).size === RESERVED_SIZE) return;
  const fd = openLockFile(layout.reservedFile);
  // Without the reserve a store works as well, until its disk is full.
  if (!allocate(fd, RESERVED_SIZE)) ftruncateSync(fd, 0);
  closeSync(fd);
}

function makeStore(
  layout: Layout,
  database: DatabaseSync,
  { readOnly, bigLock }: { readOnly: boolean; bigLock: number | undefined },
): Store {
  const tempRoots = openTempRoots(layout);
  const context: StoreContext = {
    ...query.storeDatabase(layout, database),
    tempRoots,
    memo: openStatMemo(layout.memoFile),
    scratch: scratchOf(layout, tempRoots),
  };
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    tempRoots.close();
    context.memo.close();
    database.close();
    if (bigLock !== undefined) closeSync(bigLock);
  };
  return {
    home: layout.home,
    readOnly,
    physical: (path) => physicalPath(layout, path),
    ...readingMethods(context),
    ...writingMethods(context, readOnly),
    close,
    [Symbol.dispose]: close,
  };
}

type ReadingMethods = Pick<
  Store,
  | "info"
  | "isValid"
  | "validPaths"
  | "pathOfHash"
  | "closure"
  | "sortedClosure"
  | "referrers"
  | "whyDepends"
  | "derivationOutputs"
  | "readDerivation"
  | "sourcePath"
  | "dumpNar"
  | "exportPaths"
  | "roots"
  | "verify"
>;

function readingMethods(context: StoreContext): ReadingMethods {
  const { layout } = context;
  return {
    info: (path) => guard(layout, () => query.pathInfo(context, path)),
    isValid: (path) => guard(layout, () => query.isValid(context, path)),
    validPaths: () => guard(layout, () => query.validPaths(context)),
    pathOfHash: (hash) => guard(layout, () => query.pathOfHash(context, hash)),
    closure: (paths) => guard(layout, () => query.closure(context, paths)),
    sortedClosure: (paths) => guard(layout, () => query.sortedClosure(context, paths)),
    referrers: (path) => guard(layout, () => query.referrers(context, path)),
    whyDepends: (from, to) => guard(layout, () => query.whyDepends(context, from, to)),
    derivationOutputs: (drvPath) => guard(layout, () => query.derivationOutputs(context, drvPath)),
    readDerivation: (drvPath) => guard(layout, () => readDerivation(context, drvPath)),
    sourcePath: (source, options) => guard(layout, () => sourcePath(context, source, options)),
    dumpNar: (path, sink) => guard(layout, () => dumpNar(context, path, sink)),
    exportPaths: (paths, sink) => guard(layout, () => exportPaths(context, paths, sink)),
    roots: () => guard(layout, () => findRoots(context, (path) => query.isValid(context, path))),
    verify: (options) => guardAsync(layout, () => verifyStore(context, options)),
  };
}

type WritingMethods = Pick<
  Store,
  | "addTree"
  | "addGathered"
  | "addText"
  | "addDerivation"
  | "addDerivations"
  | "addFixedFile"
  | "addNar"
  | "registerOutputs"
  | "importPaths"
  | "addRoot"
  | "removeRoot"
  | "gc"
  | "deletePaths"
  | "addTempRoot"
  | "withPathLocks"
>;

function writingMethods(context: StoreContext, readOnly: boolean): WritingMethods {
  const { layout } = context;
  const writing = async <T>(action: () => Promise<T>): Promise<T> => {
    if (readOnly) throw pipeliteError("STORE_READ_ONLY", { home: layout.home, reason: "it was opened so" });
    return guardAsync(layout, action);
  };
  return {
    addGathered: (name, files) => writing(() => addGathered(context, name, files)),
    addTree: (source, options) => writing(() => addTree(context, source, options)),
    addText: (name, content, references = []) =>
      writing(async () => onlyOne(await addTexts(context, [{ name, content, references: [...references] }]))),
    addDerivation: (derivation) => writing(async () => onlyOne(await addDerivations(context, [derivation]))),
    addDerivations: (derivations) => writing(() => addDerivations(context, derivations)),
    addFixedFile: (source, options) => writing(() => addFixedFile(context, source, options)),
    addNar: (info, chunks) => writing(() => addNar(context, info, chunks)),
    registerOutputs: (outputs, held) => writing(() => registerOutputs(context, outputs, held)),
    importPaths: (chunks) => writing(() => importPaths(context, chunks)),
    addRoot: (link, path) => writing(() => addRoot(context, link, path)),
    removeRoot: (link) => writing(() => removeRoot(context, link)),
    gc: (options) => writing(() => collectGarbage(context, options)),
    deletePaths: (paths) => writing(() => deletePaths(context, paths)),
    addTempRoot: (...paths) => writing(() => context.tempRoots.add(paths)),
    async withPathLocks(paths, action, wait) {
      const locks = await writing(async () => {
        const wanted = [...paths];
        await context.tempRoots.add(wanted);
        return lockPaths(layout, wanted, wait);
      });
      try {
        return await action(locks);
      } finally {
        locks.release();
      }
    },
  };
}

function onlyOne<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw new RangeError(`${values.length} values instead of one`);
  return value;
}
