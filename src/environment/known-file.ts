// A file of known hash comes into the store: it is there already, a binary cache has it, or it is fetched. Whoever wants it again
// finds it there.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import type { Substituter } from "#cache/substituter.ts";
import type { Hash } from "#nix/hash.ts";
import { makeFixedPath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

/** Takes a path from a binary cache, if one has it; it proves itself by its hash. */
export type Take = (path: StorePath) => Promise<boolean>;

export function takingFrom(substituter: Substituter | undefined, signal: AbortSignal): Take | undefined {
  return substituter && (async (path) => (await substituter.take(path, signal)) !== undefined);
}

export interface KnownFile {
  name: string;
  hash: Hash;
  take: Take | undefined;
  /** Writes the file to `target`, or throws. */
  get: (target: string) => Promise<void>;
  signal: AbortSignal;
}

/** @throws PipeliteError STORE_HASH_MISMATCH where `get` wrote something else */
export async function bringFile(store: Store, file: KnownFile): Promise<StorePath> {
  const { name, hash, take, get, signal } = file;
  const path = makeFixedPath({ name, method: "flat", hash });
  await store.addTempRoot(path);
  if (store.isPresent(path) || (await take?.(path)) === true) return path;
  const target = join(store.temporaryDir, `file-${process.pid}-${hex(hash.bytes).slice(0, 16)}`);
  mkdirSync(store.temporaryDir, { recursive: true });
  try {
    await get(target);
    await store.addFixedFile(target, { name, hash, signal });
  } finally {
    rmSync(target, { force: true });
  }
  return path;
}
