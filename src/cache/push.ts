// Putting paths into a cache: what it lacks of a closure, several at a time, packed once. A narinfo goes up after those of
// the paths it refers to, so that a client that finds one finds all it needs.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeNix32 } from "#nix/nix32.ts";
import { narInfoFingerprint, writeNarInfo, type NarInfo } from "#nix/narinfo.ts";
import { realisationFingerprint, writeRealisation } from "#nix/realisation.ts";
import { signFingerprint, type SecretKey } from "#nix/signature.ts";
import { storePathHash, type StorePath } from "#nix/store-path.ts";
import type { PathInfo } from "#store/query.ts";
import type { Store } from "#store/store.ts";
import { cacheInfoText } from "./cache-info.ts";
import { compress, suffixOf, type NarCompression } from "./compression.ts";
import type { Body, CacheFiles } from "./files.ts";
import { writeWhole } from "#base/file-pieces.ts";
import { Limiter } from "#base/limiter.ts";

const QUERIES_MAX = 64;
const UPLOADS_MAX = 4;
/** Paths in one question; a server takes no longer one. */
const ASKED_MAX = 20_000;

export interface PushOptions {
  compression: NarCompression;
  /** Signs what is put there. */
  key?: SecretKey | undefined;
  signal: AbortSignal;
  onPath?: (path: StorePath) => void;
}

export interface PushedPaths {
  added: StorePath[];
  /** Those that the cache had already. */
  present: number;
  /** Of the packed NARs. */
  bytes: number;
  realisations: number;
}

/**
 * @throws PipeliteError STORE_PATH_NOT_VALID, CACHE_WRITE_FAILED, CACHE_REFUSED; what is there until then is whole, and is
 * passed over the next time
 */
export async function push(
  store: Store,
  cache: CacheFiles,
  paths: Iterable<StorePath>,
  options: PushOptions,
): Promise<PushedPaths> {
  const { signal, key } = options;
  const closure = store.sortedClosure(paths);
  if (!(await cache.has("nix-cache-info", signal)))
    await cache.write("nix-cache-info", bodyOf(cacheInfoText()), signal);
  const missing = await findMissing(cache, closure, signal);
  const uploads = new Limiter(UPLOADS_MAX);
  const going = new Map<StorePath, Promise<void>>();
  let bytes = 0;
  const one = async (info: PathInfo): Promise<void> => {
    signal.throwIfAborted();
    const packed = await upload(store, cache, info, options);
    bytes += packed.fileSize ?? 0;
    for (const reference of info.references) if (reference !== info.path) await going.get(reference);
    await cache.write(`${storePathHash(info.path)}.narinfo`, bodyOf(writeNarInfo(packed)), signal);
    options.onPath?.(info.path);
  };
  for (const path of closure) {
    const info = missing.has(path) ? store.info(path) : undefined;
    if (info !== undefined)
      going.set(
        path,
        uploads.run(() => one(info)),
      );
  }
  await Promise.all(going.values());
  const realisations = store.realisationsOf(closure);
  const writes = new Limiter(QUERIES_MAX);
  const writeOne = async (index: number): Promise<void> => {
    const each = realisations[index];
    if (each === undefined) return;
    const signature = key && signFingerprint(key, realisationFingerprint(each));
    const signatures =
      signature === undefined ? each.signatures : [...new Set([...each.signatures, signature])];
    const text = writeRealisation({ ...each, signatures });
    await cache.write(`realisations/${each.id}.doi`, bodyOf(text), signal);
  };
  await Promise.all(realisations.map((_, index) => writes.run(() => writeOne(index))));
  const added = [...going.keys()];
  return { added, present: closure.length - added.length, bytes, realisations: realisations.length };
}

async function findMissing(
  cache: CacheFiles,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<Set<StorePath>> {
  const missing = new Set<StorePath>();
  for (let at = 0; at < paths.length; at += ASKED_MAX)
    for (const path of await missingOf(cache, paths.slice(at, at + ASKED_MAX), signal)) missing.add(path);
  return missing;
}

async function missingOf(
  cache: CacheFiles,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<StorePath[]> {
  const question = paths.map((path) => `${storePathHash(path)}\n`).join("");
  const answer = await cache.ask("missing", question, signal);
  if (answer !== undefined) {
    const hashes = new Set(answer.split("\n"));
    return paths.filter((path) => hashes.has(storePathHash(path)));
  }
  const queries = new Limiter(QUERIES_MAX);
  const isThere = await Promise.all(
    paths.map((path) => queries.run(() => cache.has(`${storePathHash(path)}.narinfo`, signal))),
  );
  return paths.filter((_, index) => isThere[index] === false);
}

/** Packs the NAR into a file, since the name it gets is the hash of that, and uploads it. */
async function upload(
  store: Store,
  cache: CacheFiles,
  info: PathInfo,
  { compression, key, signal }: PushOptions,
): Promise<NarInfo> {
  const { path, narHash, narSize, references, deriver, contentAddress } = info;
  mkdirSync(store.temporaryDir, { recursive: true });
  const file = join(store.temporaryDir, `push-${process.pid}-${storePathHash(path)}`);
  try {
    const { hash, size } = await pack(store, path, file, compression, signal);
    const url = `nar/${encodeNix32(hash)}.nar${suffixOf(compression)}`;
    if (!(await cache.has(url, signal)))
      await cache.write(url, { sizeBytes: size, chunks: () => readWhole(file), file }, signal);
    const signature = key && signFingerprint(key, narInfoFingerprint({ path, narHash, narSize, references }));
    return {
      path,
      url,
      compression,
      fileHash: { algorithm: "sha256", bytes: hash },
      fileSize: size,
      narHash,
      narSize,
      references,
      ...(deriver !== undefined && { deriver }),
      signatures: signature === undefined ? info.signatures : [...new Set([...info.signatures, signature])],
      ...(contentAddress !== undefined && { contentAddress }),
    };
  } finally {
    rmSync(file, { force: true });
  }
}

/** Opened when it is first read: a server may refuse before that, and then the file is gone. */
async function* readWhole(file: string): AsyncGenerator<Uint8Array> {
  await using handle = await open(file);
  yield* handle.createReadStream({ autoClose: false });
}

async function pack(
  store: Store,
  path: StorePath,
  file: string,
  compression: NarCompression,
  signal: AbortSignal,
): Promise<{ hash: Uint8Array; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  await rm(file, { force: true });
  await using target = await open(file, "wx");
  for await (const chunk of compress(store.narOf(path), compression)) {
    signal.throwIfAborted();
    hash.update(chunk);
    size += chunk.length;
    await writeWhole(target, chunk, file);
  }
  return { hash: hash.digest(), size };
}

function bodyOf(text: string): Body {
  const bytes = Buffer.from(text, "latin1");
  return { sizeBytes: bytes.length, chunks: () => [bytes] };
}
