// Deduplication: files of equal content become hard links to one, kept in `.links` under the hash of its NAR, as
// `nix-store --optimise` does it. Whatever interrupts it leaves each file whole: a link is made beside and renamed over.
// Specification: Nix `src/libstore/optimise-store.cc`.
import { chmodSync, linkSync, lstatSync, readdirSync, renameSync, unlinkSync, type Stats } from "node:fs";
import { byteStringOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import type { StorePath } from "#nix/store-path.ts";
import { finishFolder } from "./canonicalise.ts";
import { diskPath } from "./disk.ts";
import { physicalPath } from "./layout.ts";
import type { StoreContext } from "./place.ts";
import { isValid, validPaths } from "./query.ts";
import { fileFacts, listFolder, unlistedTree, type TreeNode } from "./scan.ts";
import { dumpSteps } from "./tree.ts";

export interface OptimiseStore {
  /** Those whose files are looked at; all valid ones where nothing is said. */
  paths?: readonly StorePath[] | undefined;
  signal?: AbortSignal | undefined;
  onPath?: ((path: StorePath) => void) | undefined;
}

export interface OptimisedStore {
  /** Files that became links to another one. */
  files: number;
  /** What they took of the disk, bytes. */
  freedBytes: number;
}

/**
 * Makes hard links of files that are equal in content and mode, in these paths to each other and to what was shared before.
 * Others may work in the store.
 */
export async function optimiseStore(
  store: StoreContext,
  { paths, signal, onPath }: OptimiseStore = {},
): Promise<OptimisedStore> {
  const result: OptimisedStore = { files: 0, freedBytes: 0 };
  const { linksDir, storeDir } = store.layout;
  // Files with these inodes are links to one in `.links` already, and need not be read.
  const linked = new Set<number>();
  for (const name of readdirSync(linksDir)) {
    const stat = lstatSync(`${linksDir}/${name}`, { throwIfNoEntry: false });
    if (stat !== undefined) linked.add(stat.ino);
  }
  const links: Links = {
    linksDir,
    storeDir: byteStringOf(storeDir),
    linked,
    sound: new Set(),
    result,
    count: 0,
  };
  for (const path of paths ?? validPaths(store)) {
    signal?.throwIfAborted();
    await store.tempRoots.add([path]);
    // It may have been collected while we came to it.
    if (!isValid(store, path)) continue;
    onPath?.(path);
    const file = physicalPath(store.layout, path);
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) continue;
    await inTurns(optimiseNode(links, unlistedTree(file), undefined), signal);
  }
  return result;
}

interface Links {
  linksDir: string;
  storeDir: string;
  linked: Set<number>;
  /** Of these inodes the content was looked at. */
  sound: Set<number>;
  result: OptimisedStore;
  count: number;
}

/** @param folder the one in the store that the node lies in; none for the path itself, whose folder stays as it is */
function* optimiseNode(links: Links, node: TreeNode, folder: string | undefined): Steps<void> {
  if (node.kind === "folder") {
    for (const child of listFolder(node.path)) yield* optimiseNode(links, child, node.path);
    yield;
    return;
  }
  const stat = lstatSync(diskPath(node.path));
  // A file that may be written to has been tampered with, or will be.
  if (!stat.isFile() || (stat.mode & 0o222) !== 0 || links.linked.has(stat.ino)) return;
  const { narHash } = yield* dumpSteps({ ...node, file: fileFacts(stat) });
  const link = `${links.linksDir}/${encodeNix32(narHash)}`;
  const known = yield* linkAt(links, link, { stat, narHash });
  if (known === undefined) {
    if (!tryLink(diskPath(node.path), link)) return;
    links.linked.add(stat.ino);
    links.sound.add(stat.ino);
    return;
  }
  // Somebody else has made it a link since: to rename one of the same file over it would do nothing.
  if (known.ino === stat.ino) return void links.linked.add(stat.ino);
  replaceByLink(links, { path: node.path, folder, link, stat });
}

/** The link to take, if there is one; one with another content was damaged, and goes: in the place of a whole file it would be everywhere. */
function* linkAt(
  { sound }: Links,
  link: string,
  { stat, narHash }: { stat: Stats; narHash: Uint8Array },
): Steps<Stats | undefined> {
  const known = lstatSync(link, { throwIfNoEntry: false });
  if (known === undefined || known.ino === stat.ino || sound.has(known.ino)) return known;
  const isSound =
    known.isFile() &&
    known.size === stat.size &&
    Buffer.compare((yield* dumpSteps({ ...unlistedTree(link), file: fileFacts(known) })).narHash, narHash) ===
      0;
  if (isSound) {
    sound.add(known.ino);
    return known;
  }
  unlinkSync(link);
  return undefined;
}

interface Replacement {
  path: string;
  folder: string | undefined;
  link: string;
  stat: Stats;
}

function replaceByLink(links: Links, { path, folder, link, stat }: Replacement): void {
  const temporary = diskPath(`${links.storeDir}/.tmp-link-${process.pid}-${links.count++}`);
  if (!tryLink(link, temporary)) return;
  if (folder !== undefined) chmodSync(diskPath(folder), 0o755);
  try {
    renameSync(temporary, diskPath(path));
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    if (folder !== undefined) finishFolder(folder);
  }
  links.linked.add(lstatSync(link).ino);
  links.result.files++;
  if (stat.nlink === 1) links.result.freedBytes += stat.blocks * 512;
}

/** False where a file has as many links as it can have, or a folder as many entries: then nothing is shared. */
function tryLink(existing: string | Buffer, path: string | Buffer): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if (["EMLINK", "ENOSPC", "EEXIST"].includes(systemErrorCode(error) ?? "")) return false;
    throw error;
  }
}
