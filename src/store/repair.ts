// Putting right bytes in the place of wrong ones. What is registered of a path stays: only a tree of exactly its hash may
// take the place of the one on disk.
import { chmodSync, existsSync, lstatSync, renameSync } from "node:fs";
import { asBuffer, byteStringOf } from "#base/bytes.ts";
import { inTurns } from "#base/steps.ts";
import { equalHashes } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import { hashMismatch } from "./add.ts";
import { canonicalise, finishFolder } from "./canonicalise.ts";
import { diskPath, isRealFolder, removeLeftover, removeBytePath } from "./disk.ts";
import { pipeliteError } from "./errors.ts";
import { makeDurable } from "./durable.ts";
import { physicalPath } from "./layout.ts";
import { lockPaths } from "./locks.ts";
import type { StoreContext } from "./place.ts";
import { pathInfo } from "./query.ts";
import { unlistedTree } from "./scan.ts";
import { copyTo } from "./tree-copy.ts";
import { dumpSteps } from "./tree.ts";

/**
 * Puts a copy of the tree at `source` where the files of a valid path are missing or wrong.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_HASH_MISMATCH where it is another tree: then nothing has changed
 */
export async function replaceFiles(
  store: StoreContext,
  path: StorePath,
  source: string,
  signal?: AbortSignal,
): Promise<void> {
  const info = pathInfo(store, path);
  if (info === undefined) throw pipeliteError("STORE_PATH_NOT_VALID", { path, home: store.layout.home });
  await store.tempRoots.add([path]);
  await store.scratch.protect();
  const scratch = store.scratch.next();
  try {
    const { narHash } = await inTurns(dumpSteps(unlistedTree(source), { copy: copyTo(scratch) }), signal);
    const [actual, wanted] = [narHash, info.narHash].map(
      (bytes) => ({ algorithm: "sha256", bytes }) as const,
    );
    if (actual === undefined || wanted === undefined || !equalHashes(actual, wanted))
      throw hashMismatch(
        path,
        { algorithm: "sha256", bytes: narHash },
        { algorithm: "sha256", bytes: info.narHash },
      );
    const locks = await lockPaths(store, [path], signal === undefined ? {} : { signal });
    try {
      await makeDurable(store.layout.storeDir, [scratch]);
      exchange(store, byteStringOf(physicalPath(store.layout, path)), scratch);
    } finally {
      locks.release();
    }
  } catch (error) {
    removeLeftover(scratch);
    throw error;
  }
}

/** Whoever has the old files open keeps them; between the two renames the path is missing, as it may have been before. */
function exchange(store: StoreContext, target: string, scratch: string): void {
  const old = store.scratch.next();
  if (lstatSync(diskPath(target), { throwIfNoEntry: false }) !== undefined) move(target, old);
  move(scratch, target);
  if (isRealFolder(target)) finishFolder(target);
  removeBytePath(old);
}

/** Moving a folder to another parent writes to it. */
function move(from: string, to: string): void {
  if (isRealFolder(from)) chmodSync(diskPath(from), 0o755);
  renameSync(diskPath(from), diskPath(to));
}

/**
 * Gives the files of a valid path the modes and times of the store again. Their content must be what is registered.
 */
export async function restoreForm(store: StoreContext, path: StorePath): Promise<void> {
  const file = physicalPath(store.layout, path);
  const info = pathInfo(store, path);
  if (info === undefined || !existsSync(file)) return;
  const before = await inTurns(dumpSteps(unlistedTree(file)));
  if (!asBuffer(before.narHash).equals(info.narHash)) return;
  await inTurns(canonicalise(byteStringOf(file), path, { isStored: true }));
}
