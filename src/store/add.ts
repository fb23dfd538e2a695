// Adding what is already there: source trees, texts, derivations, files whose hash is known.
import { createHasher } from "#base/hasher.ts";
import { byteStringOf } from "#base/bytes.ts";
import { type PipeliteError } from "#base/errors.ts";
import { inTurns } from "#base/steps.ts";
import { writeContentAddress } from "#nix/content-address.ts";
import { derivationPath, writeDerivation, type Derivation } from "#nix/derivation.ts";
import { equalHashes, formatHash, sha256, type Hash } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar.ts";
import { checkStorePathName, makeFixedPath, makeSourcePath, makeTextPath } from "#nix/store-path.ts";
import { sortPaths, type StorePath } from "#nix/store-path.ts";
import { closeCopy, createCopyAside } from "./canonicalise.ts";
import { removeLeftover, removeBytePath } from "./disk.ts";
import { physicalPath } from "./layout.ts";
import { lockPaths, type PathLocks } from "./locks.ts";
import { existsOnDisk, isPresent, makeAndPlace, registerInPlace, type StoreContext } from "./place.ts";
import { pathInfo, validAmong } from "./query.ts";
import type { Registration } from "./register.ts";
import { gatherTree, scanSteps, type GatheredFiles, type Include, type TreeNode } from "./scan.ts";
import { copyTo } from "./tree-copy.ts";
import { dumpSteps, type Sink, type TreeHash } from "./tree.ts";
import { writeAll } from "#base/file-pieces.ts";
import { pipeliteError } from "./errors.ts";

export interface Added extends TreeHash {
  path: StorePath;
  /** False where it was in the store already. */
  added: boolean;
}

export interface AddTree {
  name: string;
  include?: Include;
  /** Read the content even where nothing seems to have changed. */
  paranoid?: boolean;
  signal?: AbortSignal | undefined;
  /** Is told as the content is read. */
  onRead?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/**
 * Adds a file, folder or link as a source: content-addressed by its NAR. One that is unchanged since it was
 * last read is not read again.
 * @throws PipeliteError STORE_NAME_INVALID and those of scanSteps
 */
export async function addTree(store: StoreContext, source: string, options: AddTree): Promise<Added> {
  const { name, include, paranoid = false, signal, onRead } = options;
  checkStorePathName(name);
  const tree = await inTurns(scanSteps(source, { include, signatures: true }), signal);
  const recollection = store.memo.look(tree);
  if (recollection.known !== undefined && !paranoid) {
    const known = sourceRegistration(name, recollection.known);
    await store.tempRoots.add([known.path]);
    if (isPresent(store, known.path)) return addedOf(known, false);
  }
  const sink = onRead && countInto(onRead, sizeOf(tree));
  const { registration, added } = await makeAndPlace(store, async (target) =>
    sourceRegistration(
      name,
      await inTurns(dumpSteps(tree, { copy: copyTo(target), ...(sink && { sink }) }), signal),
    ),
  );
  recollection.remember(registration);
  return addedOf(registration, added);
}

/** A sink that tells how much of a tree has gone by. */
function countInto(tell: (doneBytes: number, totalBytes: number) => void, totalBytes: number): Sink {
  let doneBytes = 0;
  return ({ length }) => {
    doneBytes += length;
    tell(Math.min(doneBytes, totalBytes), totalBytes);
  };
}

/** Bytes in the files of a tree that was scanned. */
function sizeOf({ file, children = [] }: TreeNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), file?.size ?? 0);
}

/** Adds a source of two levels that is made of files from anywhere: relative path -> file. */
export async function addGathered(
  store: StoreContext,
  name: string,
  files: GatheredFiles,
  references: readonly StorePath[] = [],
): Promise<Added> {
  checkStorePathName(name);
  const tree = gatherTree(files);
  const { registration, added } = await makeAndPlace(store, async (target) =>
    sourceRegistration(name, await inTurns(dumpSteps(tree, { copy: copyTo(target) })), references),
  );
  return addedOf(registration, added);
}

/** The path `addTree` would give, without adding anything. */
export async function sourcePath(store: StoreContext, source: string, options: AddTree): Promise<StorePath> {
  const { name, include, paranoid = false, signal } = options;
  checkStorePathName(name);
  const tree = await inTurns(scanSteps(source, { include, signatures: true }), signal);
  const recollection = store.memo.look(tree);
  if (recollection.known !== undefined && !paranoid) return sourceRegistration(name, recollection.known).path;
  const hash = await inTurns(dumpSteps(tree), signal);
  recollection.remember(hash);
  return sourceRegistration(name, hash).path;
}

function sourceRegistration(
  name: string,
  { narHash, narSize }: TreeHash,
  references: readonly StorePath[] = [],
): Registration {
  return {
    path: makeSourcePath({ name, narSha256: narHash, references }),
    narHash,
    narSize,
    references: [...references],
    contentAddress: writeContentAddress({
      method: "recursive",
      hash: { algorithm: "sha256", bytes: narHash },
    }),
  };
}

function addedOf({ path, narHash, narSize }: Registration, added: boolean): Added {
  return { path, narHash, narSize, added };
}

export interface Text {
  name: string;
  content: Uint8Array;
  references: readonly StorePath[];
  /** Where it is a derivation, whose path is known. */
  outputs?: Derivation["outputs"];
  path?: StorePath;
}

/** Locks, and open files with them, that one batch takes. */
const BATCH_MAX = 250;
const CREATED_AT_ONCE = 32;
const NOTHING = new Uint8Array();

/** Adds small files that may refer to store paths, those of one call in any order. */
export async function addTexts(store: StoreContext, texts: readonly Text[]): Promise<Added[]> {
  const entries = texts.map((text) => ({ content: text.content, registration: textRegistration(text) }));
  await store.tempRoots.add(
    entries.flatMap(({ registration }) => [registration.path, ...registration.references]),
  );
  const missing = missingOf(store, entries);
  const added = new Set<StorePath>();
  // References come first, so that each batch can be registered by itself.
  const sorted = sortByReferences(missing);
  for (let at = 0; at < sorted.length; at += BATCH_MAX) {
    for (const path of await addTextBatch(store, sorted.slice(at, at + BATCH_MAX))) added.add(path);
  }
  return entries.map(({ registration }) => addedOf(registration, added.has(registration.path)));
}

interface TextEntry {
  content: Uint8Array;
  registration: Registration;
}

/** Those that are not in the store; the database is asked once. */
function missingOf(store: StoreContext, entries: readonly TextEntry[]): TextEntry[] {
  const valid = validAmong(
    store,
    entries.map(({ registration }) => registration.path),
  );
  return entries.filter(({ registration: { path } }) => !valid.has(path) || !existsOnDisk(store, path));
}

function sortByReferences(entries: readonly TextEntry[]): TextEntry[] {
  const left = new Map(entries.map((entry) => [entry.registration.path, entry]));
  const sorted: TextEntry[] = [];
  const visit = (entry: TextEntry): void => {
    left.delete(entry.registration.path);
    for (const reference of entry.registration.references) {
      const before = left.get(reference);
      if (before !== undefined) visit(before);
    }
    sorted.push(entry);
  };
  for (const entry of left.values()) visit(entry);
  return sorted;
}

async function addTextBatch(store: StoreContext, entries: readonly TextEntry[]): Promise<StorePath[]> {
  const locks = await lockPaths(
    store,
    entries.map(({ registration }) => registration.path),
  );
  try {
    // Another process may have added some while we waited.
    const missing = missingOf(store, entries);
    for (let at = 0; at < missing.length; at += CREATED_AT_ONCE)
      await writeTexts(store, missing.slice(at, at + CREATED_AT_ONCE));
    const registrations = missing.map(({ registration }) => registration);
    await registerInPlace(store, { registrations });
    return registrations.map(({ path }) => path);
  } finally {
    locks.release();
  }
}

/** Writes the files at their places at once: until they are registered they are garbage, whole or not. */
async function writeTexts(store: StoreContext, entries: readonly TextEntry[]): Promise<void> {
  const targets = entries.map(({ registration: { path } }) => byteStringOf(physicalPath(store.layout, path)));
  for (const target of targets) removeBytePath(target);
  const made = await Promise.allSettled(targets.map((target) => createCopyAside(target, false)));
  const problems: unknown[] = [];
  for (const [index, file] of made.entries()) {
    if (file.status === "rejected") {
      problems.push(file.reason);
      continue;
    }
    try {
      writeAll(file.value, entries[index]?.content ?? NOTHING);
    } catch (error) {
      problems.push(error);
    } finally {
      closeCopy(file.value);
    }
  }
  if (problems.length === 0) return;
  for (const target of targets) removeLeftover(target);
  throw problems[0];
}

function textRegistration({ name, content, references, outputs, path }: Text): Registration {
  const hash = { algorithm: "sha256", bytes: sha256(content) } as const;
  return {
    path: path ?? makeTextPath({ name, sha256: hash.bytes, references }),
    ...hashFile(content),
    references: sortPaths(references),
    contentAddress: writeContentAddress({ method: "text", hash }),
    ...(outputs && { outputs }),
  };
}

/** The NAR hash of a file with this content. */
function hashFile(content: Uint8Array): TreeHash {
  const hash = createHasher("sha256");
  const writer = new NarWriter((chunk) => hash.update(chunk));
  writer.startFile(false, content.length);
  writer.content(content);
  writer.endFile();
  writer.end();
  return { narHash: hash.digest(), narSize: writer.sizeBytes };
}

/**
 * Adds derivations; what they refer to must be valid or among them. Returns their paths in the same order.
 */
export async function addDerivations(
  store: StoreContext,
  derivations: readonly Derivation[],
): Promise<StorePath[]> {
  const texts = derivations.map((derivation) => ({
    name: `${derivation.name}.drv`,
    content: writeDerivation(derivation),
    references: [...derivation.inputDrvs.keys(), ...derivation.inputSrcs],
    outputs: derivation.outputs,
    path: derivationPath(derivation),
  }));
  const added = await addTexts(store, texts);
  return added.map(({ path }) => path);
}

export interface AddFixedFile {
  name: string;
  hash: Hash;
  /** The lock of its path, where the caller has taken it. */
  held?: PathLocks | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Adds a file whose hash is known: the output a fixed-output derivation of that name and hash (flat) would
 * have. A file that is valid already is not read.
 * @throws PipeliteError STORE_HASH_MISMATCH, STORE_OUTPUT_NOT_FLAT
 */
export async function addFixedFile(
  store: StoreContext,
  source: string,
  { name, hash, held, signal }: AddFixedFile,
): Promise<Added> {
  const path = makeFixedPath({ name, method: "flat", hash });
  await store.tempRoots.add([path]);
  const known = isPresent(store, path) ? pathInfo(store, path) : undefined;
  if (known !== undefined) return addedOf(known, false);
  const tree = await inTurns(scanSteps(source));
  if (tree.file === undefined) throw pipeliteError("STORE_OUTPUT_NOT_FLAT", { name });
  const plain = { ...tree, file: { ...tree.file, executable: false } };
  const { registration, added } = await makeAndPlace(
    store,
    async (target) => {
      const content = createHasher(hash.algorithm);
      const treeHash = await inTurns(
        dumpSteps(plain, { copy: copyTo(target), content: (chunk) => content.update(chunk) }),
        signal,
      );
      const actual: Hash = { algorithm: hash.algorithm, bytes: content.digest() };
      if (!equalHashes(actual, hash)) throw hashMismatch(path, actual, hash);
      const contentAddress = writeContentAddress({ method: "flat", hash });
      return { path, ...treeHash, references: [], contentAddress };
    },
    held,
  );
  return addedOf(registration, added);
}

export function hashMismatch(path: StorePath, actual: Hash, wanted: Hash): PipeliteError {
  const details = { path, actual: formatHash(actual, "sri"), wanted: formatHash(wanted, "sri") };
  return pipeliteError("STORE_HASH_MISMATCH", details);
}
