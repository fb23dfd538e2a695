// Files of known hash, fetched by us and added to the store before an engine builds from them: engines need no network for
// environments, and what is fetched is the same for all engines.
import type { Variables } from "#base/environment.ts";
import type { Store } from "#store/store.ts";
import { getFromArchive } from "./debian/archive.ts";
import { getMember } from "./image/local-image.ts";
import { getBlob } from "./image/registry.ts";
import { getWheel } from "./python/package-index.ts";
import { bringFile, type Take } from "./known-file.ts";
import type { Mirrors } from "./mirrors.ts";
import { getArchive } from "./npm/npm-registry.ts";
import { hashOfFile, pathOfFile, type LockedArchive, type LockedFile } from "./step.ts";

type Wanted = LockedFile | LockedArchive;

const AT_A_TIME = 6;

export interface Fetching {
  mirrors: Mirrors;
  /** Of who asks: where this machine keeps what it knows of servers. */
  env: Variables;
  signal: AbortSignal;
  take?: Take | undefined;
  /** So much of what is missing is there. */
  onProgress?: (done: { files: number; bytes: number }, total: { files: number; bytes: number }) => void;
}

/** Adds those of the files that the store has not. @throws PipeliteError FILE_UNAVAILABLE, FILE_HASH_DIFFERS */
export async function fetchFiles(store: Store, files: readonly Wanted[], fetching: Fetching): Promise<void> {
  const byPath = new Map(files.map((file) => [pathOfFile(file), file]));
  await store.addTempRoot(...byPath.keys());
  const missing = [...byPath].filter(([path]) => !store.isPresent(path)).map(([, file]) => file);
  if (missing.length === 0) return;
  const total = { files: missing.length, bytes: missing.reduce((sum, { size }) => sum + size, 0) };
  const done = { files: 0, bytes: 0 };
  await inParallel(missing, AT_A_TIME, async (file) => {
    await fetchOnce(store, file, fetching);
    done.files += 1;
    done.bytes += file.size;
    fetching.onProgress?.(done, total);
  });
}

/** @throws what the first that fails throws; the others stop with it */
async function inParallel<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const open = [...items];
  const workers = Array.from({ length: Math.min(atATime, items.length) }, async () => {
    try {
      for (let item = open.shift(); item !== undefined; item = open.shift()) await work(item);
    } catch (error) {
      open.length = 0;
      throw error;
    }
  });
  await Promise.all(workers);
}

/** Those that are being fetched: environments that are made at a time share packages. */
const coming = new Map<string, Promise<unknown>>();

async function fetchOnce(store: Store, file: Wanted, fetching: Fetching): Promise<void> {
  const path = pathOfFile(file);
  const key = `${store.home} ${path}`;
  for (let other = coming.get(key); other !== undefined; other = coming.get(key)) {
    try {
      await other;
      return;
    } catch (error) {
      // Who fetched it was stopped, and this one is not.
      if (!isAbort(error) || fetching.signal.aborted) throw error;
    }
  }
  const fetched = bringFile(store, {
    name: file.name,
    hash: hashOfFile(file),
    take: fetching.take,
    get: (target) => get(file, target, fetching),
    signal: fetching.signal,
  }).finally(() => coming.delete(key));
  coming.set(key, fetched);
  await fetched;
}

/** Writes what has the hash of the file, or throws. */
async function get(file: Wanted, target: string, fetching: Fetching): Promise<void> {
  if ("sha512" in file) return getArchive(file, target, fetching);
  const { from } = file;
  switch (from.kind) {
    case "archive":
      return getFromArchive({ ...file, from }, target, fetching);
    case "registry":
      return getBlob({ ...file, from }, target, fetching);
    case "local-image":
      return getMember({ ...file, from }, target);
    case "index":
      return getWheel({ ...file, from }, target, fetching);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
