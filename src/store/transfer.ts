// Whole paths out of and into a store as streams: NARs, and the export format of `nix-store --export`.
import { createHasher, type Hasher } from "#base/hasher.ts";
import { byteStringOf, textOf } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { contentAddressedPath, parseContentAddress, writeContentAddress } from "#nix/content-address.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import { ExportParser, ExportWriter, type ExportedPath } from "#nix/export-stream.ts";
import { equalHashes, type Hash } from "#nix/hash.ts";
import { NarParser } from "#nix/nar.ts";
import type { Realisation } from "#nix/realisation.ts";
import { sortPaths, storePathHash, storePathName, type StorePath } from "#nix/store-path.ts";
import { hashMismatch, type Added } from "./add.ts";
import { isPlainFile, removeLeftover } from "./disk.ts";
import { physicalPath } from "./layout.ts";
import { isPresent, makeAndPlace, place, type StoreContext } from "./place.ts";
import { pathInfo, requireValid, sortedClosure } from "./query.ts";
import type { PathInfo } from "./query.ts";
import { adoptRealisations, realisationsOf } from "./realisations.ts";
import type { Registration } from "./register.ts";
import { restoreTo, type Restore } from "./restore.ts";
import { makeModuloHasher } from "./rewrite.ts";
import { unlistedTree } from "./scan.ts";
import { dumpSteps, type Sink, type TreeHash } from "./tree.ts";
import { pipeliteError } from "./errors.ts";

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes the NAR of a valid path to `sink`; a chunk is valid only during the call.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_PATH_MISSING
 */
export async function dumpNar(
  store: StoreContext,
  path: StorePath,
  sink: Sink,
  signal?: AbortSignal,
): Promise<TreeHash> {
  requireValid(store, path);
  const file = physicalPath(store.layout, path);
  try {
    return await inTurns(dumpSteps(unlistedTree(file), { sink }), signal);
  } catch (error) {
    throw missingOnDisk(error, path, file);
  }
}

/**
 * The NAR of a valid path, read as its taker asks for more. Who takes it says whose hash it has: other bytes end it by an error.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_PATH_MISSING, STORE_HASH_MISMATCH
 */
export async function* narOf(store: StoreContext, path: StorePath): AsyncGenerator<Uint8Array> {
  let read: Uint8Array[] = [];
  const steps = narSteps(store, path, (chunk) => void read.push(new Uint8Array(chunk)));
  try {
    for (let isDone = false; !isDone;) {
      const step = steps.next();
      if (step.done === true) {
        isDone = true;
        requireRegistered(store, path, step.value);
      }
      yield* read;
      read = [];
    }
  } finally {
    // Closes what is open where its taker left it.
    // oxlint-disable-next-line no-useless-return
    steps.return(undefined as never);
  }
}

/**
 * The same in steps: each reads some more. A chunk is valid only during the call of `sink`.
 * @returns at its end what it came to
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_PATH_MISSING
 */
export function* narSteps(store: StoreContext, path: StorePath, sink: Sink): Steps<TreeHash> {
  requireValid(store, path);
  const file = physicalPath(store.layout, path);
  try {
    return yield* dumpSteps(unlistedTree(file), { sink });
  } catch (error) {
    throw missingOnDisk(error, path, file);
  }
}

function missingOnDisk(error: unknown, path: StorePath, file: string): unknown {
  return isPipeliteError(error, "STORE_SOURCE_MISSING")
    ? pipeliteError("STORE_PATH_MISSING", { path, file }, error)
    : error;
}

/** Writes the tree of a NAR to `target`, which must not exist, read-only as the store keeps it. */
export async function restoreNar(chunks: Chunks, target: string): Promise<TreeHash> {
  return restore(chunks, byteStringOf(target));
}

async function restore(chunks: Chunks, target: string, also: Partial<Dumped> = {}): Promise<TreeHash> {
  const hash = createHasher("sha256");
  const handler = restoreTo(target, also.content);
  const parser = new NarParser(handler);
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      also.sink?.(chunk);
      parser.push(chunk);
    }
    parser.end();
    return { narHash: hash.digest(), narSize: parser.sizeBytes };
  } finally {
    handler.abandon();
  }
}

interface Dumped {
  sink: Sink;
  content: Sink;
}

/** What must be said of a NAR for it to become a path: that of a narinfo or a PathInfo will do. */
export type NarToAdd = Pick<PathInfo, "path" | "narHash" | "narSize"> & {
  references: readonly StorePath[];
  deriver?: StorePath;
  signatures?: readonly string[];
  contentAddress?: string;
};

/**
 * Adds a path from its NAR. Hash and size must be as said, references must be valid, and a content address
 * must be true. Whether whoever says so is to be trusted, by signatures for one, is the caller's business.
 * @throws PipeliteError STORE_HASH_MISMATCH, STORE_CONTENT_ADDRESS_WRONG, STORE_REFERENCE_MISSING, and those
 * of NARs
 */
export async function addNar(store: StoreContext, info: NarToAdd, chunks: Chunks): Promise<Added> {
  const { path, narHash, narSize } = info;
  await store.tempRoots.add([path, ...info.references]);
  if (isPresent(store, path)) return { path, narHash, narSize, added: false };
  const address = addressOf(info);
  const { added } = await makeAndPlace(store, async (target) => {
    const check = address && addressCheck(info, address);
    const actual = await restore(chunks, target, check?.sinks);
    requireEqual(path, sha256Of(actual.narHash), sha256Of(narHash));
    if (actual.narSize !== narSize) {
      throw pipeliteError("STORE_HASH_MISMATCH", {
        path,
        actual: `that of ${actual.narSize} bytes`,
        wanted: `of ${narSize} bytes`,
      });
    }
    if (check !== undefined && address !== undefined) {
      requireEqual(path, check.digest(actual), address.hash);
      if (address.method !== "recursive" && !isPlainFile(target)) {
        throw pipeliteError("STORE_OUTPUT_NOT_FLAT", { name: storePathName(path) });
      }
    }
    return { ...info, references: sortPaths(info.references) };
  });
  return { path, narHash, narSize, added };
}

/** Errors that say the bytes are not what whoever sent them said they are, and not that something is wrong with our disk. */
export function isOfContent(code: string): boolean {
  return (
    code.startsWith("NAR_") ||
    code === "STORE_HASH_MISMATCH" ||
    code === "STORE_CONTENT_ADDRESS_WRONG" ||
    code === "STORE_OUTPUT_NOT_FLAT" ||
    // It named each of them, in a circle.
    code === "STORE_REFERENCE_MISSING"
  );
}

function addressOf(info: NarToAdd): ContentAddress | undefined {
  const { path, contentAddress, references } = info;
  if (contentAddress === undefined) return undefined;
  const address = parseContentAddress(contentAddress);
  const isSelfReference = references.includes(path);
  const canSelfReference = address.method === "recursive" && address.hash.algorithm === "sha256";
  if ((isSelfReference && !canSelfReference) || contentAddressedPath(path, address, references) !== path) {
    throw pipeliteError("STORE_CONTENT_ADDRESS_WRONG", { path, contentAddress });
  }
  return address;
}

function addressCheck(
  { path, references }: NarToAdd,
  { method, hash: { algorithm } }: ContentAddress,
): { sinks: Partial<Dumped>; digest(tree: TreeHash): Hash } {
  if (references.includes(path)) {
    const { push, end } = makeModuloHasher(storePathHash(path));
    return { sinks: { sink: push }, digest: () => sha256Of(end()) };
  }
  // The hash of the NAR is taken anyway.
  if (method === "recursive" && algorithm === "sha256")
    return { sinks: {}, digest: ({ narHash }) => sha256Of(narHash) };
  const hasher = createHasher(algorithm);
  const update: Sink = (chunk) => hasher.update(chunk);
  return {
    sinks: method === "recursive" ? { sink: update } : { content: update },
    digest: () => ({ algorithm, bytes: hasher.digest() }),
  };
}

function sha256Of(bytes: Uint8Array): Hash {
  return { algorithm: "sha256", bytes };
}

function requireEqual(path: StorePath, actual: Hash, wanted: Hash): void {
  if (!equalHashes(actual, wanted)) throw hashMismatch(path, actual, wanted);
}

/** @throws PipeliteError STORE_HASH_MISMATCH */
function requireRegistered(store: StoreContext, path: StorePath, { narHash }: TreeHash): void {
  const info = pathInfo(store, path);
  if (info !== undefined) requireEqual(path, sha256Of(narHash), sha256Of(info.narHash));
}

/**
 * Writes these paths and all they need as `nix-store --export` does.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_PATH_MISSING, STORE_HASH_MISMATCH
 */
export async function exportPaths(
  store: StoreContext,
  paths: Iterable<StorePath>,
  sink: Sink,
  signal?: AbortSignal,
): Promise<void> {
  const writer = new ExportWriter(sink);
  const closure = sortedClosure(store, paths);
  for (const path of closure) {
    const info = pathInfo(store, path);
    if (info === undefined) continue;
    writer.startPath();
    requireRegistered(store, path, await dumpNar(store, path, (chunk) => writer.nar(chunk), signal));
    writer.endPath(info);
  }
  writer.end(realisationsOf(store, closure));
}

interface Arrival {
  scratch: string;
  hash: TreeHash;
  content: Uint8Array;
  exported: ExportedPath;
}

/**
 * Reads what `nix-store --export` or `exportPaths` wrote. The stream carries no content addresses: where a
 * path follows from its content, the address is found again; Nix's own import forgets it. Paths are trusted
 * as they come.
 * @returns the paths, in the order of the stream
 */
export async function importPaths(store: StoreContext, chunks: Chunks): Promise<StorePath[]> {
  await store.scratch.protect();
  const arrivals: Arrival[] = [];
  const open: { restore: Restore; scratch: string; nar: Hasher; content: Hasher; size: number }[] = [];
  const parser = new ExportParser({
    startPath() {
      const scratch = store.scratch.next();
      const content = createHasher("sha256");
      const restoring = restoreTo(scratch, (chunk) => content.update(chunk));
      open.push({ restore: restoring, scratch, nar: createHasher("sha256"), content, size: 0 });
      return restoring;
    },
    nar(chunk) {
      const current = open.at(-1);
      current?.nar.update(chunk);
      if (current !== undefined) current.size += chunk.length;
    },
    endPath(exported) {
      const current = open.pop();
      if (current === undefined) return;
      const hash = { narHash: current.nar.digest(), narSize: current.size };
      arrivals.push({ scratch: current.scratch, hash, content: current.content.digest(), exported });
    },
    realisations: (all) => realisations.push(...all),
  });
  const realisations: Realisation[] = [];
  const imported: StorePath[] = [];
  try {
    for await (const chunk of chunks) {
      parser.push(chunk);
      for (let next = arrivals.shift(); next !== undefined; next = arrivals.shift()) {
        imported.push(await placeArrival(store, next));
      }
    }
    parser.end();
    await adoptRealisations(store, realisations);
    return imported;
  } finally {
    for (const { restore: restoring, scratch } of open) {
      restoring.abandon();
      removeLeftover(scratch);
    }
    for (const { scratch } of arrivals) removeLeftover(scratch);
  }
}

async function placeArrival(store: StoreContext, arrival: Arrival): Promise<StorePath> {
  const { path, references, deriver } = arrival.exported;
  const contentAddress = await recomputeAddress(arrival);
  const registration: Registration = {
    path,
    ...arrival.hash,
    references: [...references],
    ...(deriver === undefined ? {} : { deriver }),
    ...(contentAddress === undefined ? {} : { contentAddress }),
  };
  try {
    await place(store, [{ scratch: arrival.scratch, registration }]);
  } catch (error) {
    removeLeftover(arrival.scratch);
    throw error;
  }
  return path;
}

/** The content address from which the path follows, if it follows from one by sha256. */
async function recomputeAddress({ scratch, hash, content, exported }: Arrival): Promise<string | undefined> {
  const { path, references } = exported;
  const candidates: ContentAddress[] = [{ method: "recursive", hash: sha256Of(hash.narHash) }];
  if (references.includes(path)) {
    const hasher = makeModuloHasher(storePathHash(path));
    await inTurns(dumpSteps(unlistedTree(textOf(scratch)), { sink: hasher.push }));
    candidates[0] = { method: "recursive", hash: sha256Of(hasher.end()) };
  } else if (isPlainFile(scratch)) {
    candidates.push({ method: "text", hash: sha256Of(content) });
    if (references.length === 0) candidates.push({ method: "flat", hash: sha256Of(content) });
  }
  const address = candidates.find((each) => contentAddressedPath(path, each, references) === path);
  return address && writeContentAddress(address);
}
