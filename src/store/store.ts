// A store: a folder that is a Nix store with the logical directory /nix/store, physically below `<home>`.
// Real Nix opens the same folder with `--store <home>` and may work in it at the same time.
import { closeSync } from "node:fs";
import type { GatheredFiles } from "./scan.ts";
import type { DatabaseSync } from "node:sqlite";
import type { WaitForLock } from "#base/libc.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { Realisation, RealisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import {
  addDerivations,
  addFixedFile,
  addGathered,
  addTexts,
  addTree,
  sourcePath,
  type Added,
  type AddFixedFile,
  type AddTree,
} from "./add.ts";
import { hasDatabase, openDatabase } from "./database.ts";
import { settleRows } from "./durable.ts";
import { guard } from "./failure.ts";
import { collectGarbage, deletePaths, type CollectedGarbage, type CollectGarbage } from "./gc.ts";
import { LockFiles } from "./lock-files.ts";
import { createLayout, layoutOf, physicalPath, refuseLinksIn, type Layout } from "./layout.ts";
import { lockPaths, takeBigLock, takeBigLockReadOnly, type PathLocks } from "./locks.ts";
import { optimiseStore, type OptimisedStore, type OptimiseStore } from "./optimise.ts";
import { registerOutputs } from "./outputs.ts";
import type { BuiltOutput, RegisteredOutput, RegisterOutputs } from "./outputs.ts";
import { existsOnDisk, isPresent, scratchOf, type StoreContext } from "./place.ts";
import { addGeneration, deleteGenerations, findProfiles, switchProfile } from "./profiles.ts";
import type { DeletedGeneration, Generation, Profile } from "./profiles.ts";
import * as query from "./query.ts";
import type { PathInfo } from "./query.ts";
import {
  addRealisations,
  adoptRealisations,
  realisation,
  realisationsAmong,
  realisationsOf,
} from "./realisations.ts";
import { Registrar } from "./registrar.ts";
import { readDerivation } from "./register.ts";
import { replaceFiles, restoreForm } from "./repair.ts";
import { lendReserve, openWithReserve } from "./reserve.ts";
import { addRoot, findRoots, removeRoot, type Root } from "./roots.ts";
import { openStatMemo } from "./stat-memo.ts";
import { openTempRoots } from "./temp-roots.ts";
import {
  addNar,
  dumpNar,
  exportPaths,
  importPaths,
  narOf,
  narSteps,
  type Chunks,
  type NarToAdd,
} from "./transfer.ts";
import type { Steps } from "#base/steps.ts";
import type { Sink, TreeHash } from "./tree.ts";
import { verifyStore, type VerifiedStore, type VerifyStore } from "./verify.ts";
import { pipeliteError } from "./errors.ts";

export interface Store extends Disposable {
  readonly home: string;
  /** For files that are being made, on the file system of the store. */
  readonly temporaryDir: string;
  readonly readOnly: boolean;
  /** Where a store path really is. */
  physical(path: StorePath): string;

  info(path: StorePath): PathInfo | undefined;
  /** Of a valid path. */
  archive(path: StorePath): Pick<PathInfo, "narHash" | "narSize"> | undefined;
  isValid(path: StorePath): boolean;
  /** Those of the paths that are valid: asked once for all. */
  validAmong(paths: readonly StorePath[]): Set<StorePath>;
  /** Those of the paths that are valid and refer to any: asked once for all. */
  referringAmong(paths: readonly StorePath[]): Set<StorePath>;
  /** Whether it is there, registered or not. */
  isOnDisk(path: StorePath): boolean;
  /** Valid, and not removed by hand. */
  isPresent(path: StorePath): boolean;
  /** Sorted. */
  validPaths(): StorePath[];
  countPaths(): number;
  /** The valid path with this hash part. */
  pathOfHash(hash: string): StorePath | undefined;
  /** What a valid path refers to; sorted. */
  references(path: StorePath): StorePath[];
  /** Everything these paths need, themselves included; sorted. */
  closure(paths: Iterable<StorePath>): StorePath[];
  /** The same, each path after what it refers to. */
  sortedClosure(paths: Iterable<StorePath>): StorePath[];
  referrers(path: StorePath): StorePath[];
  /** A shortest chain of references from one path to another. */
  whyDepends(from: StorePath, to: StorePath): StorePath[] | undefined;
  /** Outputs of a valid derivation whose paths are known in advance, by name. */
  derivationOutputs(drvPath: StorePath): Map<string, StorePath>;
  readDerivation(drvPath: StorePath): Derivation;
  /** What a derivation gave whose output's path does not follow from it. */
  realisation(id: RealisationId): Realisation | undefined;
  /** Those of these ids that there are: asked once for all. */
  realisationsAmong(ids: readonly RealisationId[]): Map<RealisationId, Realisation>;
  /** All realisations whose output is one of these paths, each after those it depends on. */
  realisationsOf(paths: Iterable<StorePath>): Realisation[];
  /** Writes down such realisations where Nix looks for them; one comes after those it depends on. */
  addRealisations(realisations: readonly Realisation[]): Promise<void>;
  /** The same for somebody else's: what is known here otherwise stays as it is. */
  adoptRealisations(realisations: readonly Realisation[]): Promise<void>;

  addTree(source: string, options: AddTree): Promise<Added>;
  /** A source of two levels made of files from anywhere: `bin/node` -> the file it is read from. What refers to others says so. */
  addGathered(name: string, files: GatheredFiles, references?: readonly StorePath[]): Promise<Added>;
  /** The path addTree would give; adds nothing. */
  sourcePath(source: string, options: AddTree): Promise<StorePath>;
  addText(name: string, content: Uint8Array, references?: Iterable<StorePath>): Promise<Added>;
  addDerivation(derivation: Derivation): Promise<StorePath>;
  addDerivations(derivations: readonly Derivation[]): Promise<StorePath[]>;
  addFixedFile(source: string, options: AddFixedFile): Promise<Added>;
  addNar(info: NarToAdd, chunks: Chunks): Promise<Added>;
  registerOutputs(outputs: readonly BuiltOutput[], options?: RegisterOutputs): Promise<RegisteredOutput[]>;

  /** What may wait for others to be registered with it waits no longer: somebody wants it. */
  registerNow(): void;

  /** A chunk is valid only during the call. */
  dumpNar(path: StorePath, sink: Sink, signal?: AbortSignal): Promise<TreeHash>;
  /** The same as a stream that waits for its reader. */
  narOf(path: StorePath): AsyncGenerator<Uint8Array>;
  /** The NAR of a valid path in steps, each of which reads some more; a chunk is valid only during the call of `sink`. */
  narSteps(path: StorePath, sink: Sink): Steps<TreeHash>;
  exportPaths(paths: Iterable<StorePath>, sink: Sink, signal?: AbortSignal): Promise<void>;
  importPaths(chunks: Chunks): Promise<StorePath[]>;

  /** Makes `link` point to a valid path, and keeps the path while it does. */
  addRoot(link: string, path: StorePath): Promise<void>;
  /** Removes such a link; false where there is none. */
  removeRoot(link: string): Promise<boolean>;
  /** Every root, Nix's own included. */
  roots(): Root[];
  /** By name; those of these names where there are any. */
  profiles(names?: readonly string[]): Profile[];
  /** Makes a valid path the current one of a profile; returns the number of its generation. */
  addGeneration(profile: string, path: StorePath): Promise<number>;
  /** Makes a generation the current one: by its number, or the one before. */
  switchProfile(profile: string, generation: number | "before"): Promise<Generation>;
  /** Deletes generations that have not been in use for so long; a collection then takes what they kept. */
  deleteGenerations(options: { olderThanMs: number; dryRun?: boolean }): Promise<DeletedGeneration[]>;
  gc(options?: CollectGarbage): Promise<CollectedGarbage>;
  /** Deletes paths that nothing else needs; else none of them. */
  deletePaths(paths: Iterable<StorePath>): Promise<CollectedGarbage>;
  verify(options?: VerifyStore): Promise<VerifiedStore>;
  /** Makes hard links of files that are equal, as `nix-store --optimise` does. */
  optimise(options?: OptimiseStore): Promise<OptimisedStore>;
  /** Puts a copy of the tree at `source` in the place of missing or wrong files; its hash must be the registered one. */
  replaceFiles(path: StorePath, source: string, signal?: AbortSignal): Promise<void>;
  /** Gives files of the right content their modes and times again. */
  restoreForm(path: StorePath): Promise<void>;

  /** Returns once no collection can take these paths while this store is open. */
  addTempRoot(...paths: StorePath[]): Promise<void>;
  /**
   * Waits until nobody else makes these paths, and keeps others from it. For a floating output Nix takes the path of its
   * derivation with `.<output>` behind it.
   */
  lockPaths(paths: Iterable<StorePath>, wait?: WaitForLock): Promise<PathLocks>;
  /** Waits until what was registered outlasts a loss of power. */
  settle(): Promise<void>;
  /** Gives up some of what is kept in reserve, where the disk is full. @returns takes back what is left of it */
  lendReserve(): () => void;
  close(): void;
}

export interface OpenStore {
  /** Changes nothing, and wants no permission to. */
  readOnly?: boolean;
}

/**
 * Opens the store at `home`; makes one where there is none, unless it is only to be read.
 * @throws PipeliteError STORE_NOT_FOUND, STORE_READ_ONLY, STORE_DATABASE_DAMAGED, STORE_SCHEMA_FOREIGN,
 * STORE_NO_SPACE, HOME_LINKED
 */
export function openStore(home: string, { readOnly = false }: OpenStore = {}): Store {
  const layout = layoutOf(home);
  return guard(layout, () => {
    refuseLinksIn(layout);
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
    const open = (): DatabaseSync => guard(layout, () => openDatabase(layout, { readOnly: false }));
    return { database: openWithReserve(layout, open), bigLock };
  } catch (error) {
    closeSync(bigLock);
    throw error;
  }
}

function makeStore(
  layout: Layout,
  database: DatabaseSync,
  { readOnly, bigLock }: { readOnly: boolean; bigLock: number | undefined },
): Store {
  const tempRoots = openTempRoots(layout);
  const rows = query.storeDatabase(layout, database);
  const context: StoreContext = {
    ...rows,
    tempRoots,
    memo: openStatMemo(layout.memoFile),
    scratch: scratchOf(layout, tempRoots),
    lockFiles: new LockFiles(layout),
    registrar: new Registrar(rows),
  };
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    tempRoots.close();
    context.lockFiles.close();
    context.memo.close();
    database.close();
    if (bigLock !== undefined) closeSync(bigLock);
  };
  return {
    home: layout.home,
    temporaryDir: layout.temporaryDir,
    readOnly,
    physical: (path) => physicalPath(layout, path),
    ...guarded(context, READING),
    ...guardedWriting(context, WRITING, readOnly),
    close,
    [Symbol.dispose]: close,
  };
}

const READING = {
  info: query.pathInfo,
  archive: query.archiveOf,
  isValid: query.isValid,
  validAmong: query.validAmong,
  referringAmong: query.referringAmong,
  isOnDisk: existsOnDisk,
  isPresent,
  validPaths: query.validPaths,
  countPaths: query.countPaths,
  pathOfHash: query.pathOfHash,
  references: query.references,
  closure: query.closure,
  sortedClosure: query.sortedClosure,
  referrers: query.referrers,
  whyDepends: query.whyDepends,
  derivationOutputs: query.derivationOutputs,
  readDerivation,
  realisation,
  realisationsAmong,
  realisationsOf,
  sourcePath,
  dumpNar,
  narOf,
  narSteps,
  exportPaths,
  roots: (store: StoreContext) => findRoots(store, (path) => query.isValid(store, path)),
  profiles: findProfiles,
  verify: verifyStore,
};

const WRITING = {
  addTree,
  addGathered,
  addText,
  addDerivation: async (store: StoreContext, derivation: Derivation) =>
    onlyOne(await addDerivations(store, [derivation])),
  addDerivations,
  addFixedFile,
  addNar,
  registerOutputs,
  registerNow: ({ registrar }: StoreContext) => registrar.hurry(),
  addRealisations,
  adoptRealisations,
  importPaths,
  addRoot,
  removeRoot,
  addGeneration,
  switchProfile,
  deleteGenerations,
  gc: collectGarbage,
  optimise: optimiseStore,
  replaceFiles,
  restoreForm,
  deletePaths,
  settle: (store: StoreContext) => settleRows(store.layout),
  lendReserve: (store: StoreContext) => lendReserve(store.layout),
  addTempRoot: (store: StoreContext, ...paths: StorePath[]) => store.tempRoots.add(paths),
  async lockPaths(store: StoreContext, paths: Iterable<StorePath>, wait?: WaitForLock) {
    const wanted = [...paths];
    await store.tempRoots.add(wanted);
    return lockPaths(store, wanted, wait);
  },
};

type Operations = Record<string, (store: StoreContext, ...args: never[]) => unknown>;

/** Operations with their first argument filled in. */
type Bound<M extends Operations> = {
  [K in keyof M]: M[K] extends (store: StoreContext, ...args: infer A) => infer R ? (...args: A) => R : never;
};

/** Operations on this store; what the file system or SQLite says against one is put in our own words. */
function guarded<M extends Operations>(context: StoreContext, operations: M): Bound<M> {
  const bound = Object.entries(operations).map(([name, operation]) => [
    name,
    (...args: never[]) => guard(context.layout, () => operation(context, ...args)),
  ]);
  return Object.fromEntries(bound) as Bound<M>;
}

/** The same for operations that change the store: each fails where it was opened to be read. */
function guardedWriting<M extends Operations>(
  context: StoreContext,
  operations: M,
  readOnly: boolean,
): Bound<M> {
  if (!readOnly) return guarded(context, operations);
  const { home } = context.layout;
  const refuse = async (): Promise<never> => {
    throw pipeliteError("STORE_READ_ONLY", { home, reason: "it was opened so" });
  };
  const refused = Object.keys(operations).map((name) => [name, refuse]);
  return Object.fromEntries(refused) as Bound<M>;
}

async function addText(
  store: StoreContext,
  name: string,
  content: Uint8Array,
  references: Iterable<StorePath> = [],
): Promise<Added> {
  return onlyOne(await addTexts(store, [{ name, content, references: [...references] }]));
}

function onlyOne<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw new RangeError(`${values.length} values instead of one`);
  return value;
}
