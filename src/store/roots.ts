// Roots: what a collection must keep. A user's link (`result`) points to the physical path, so that it can be
// followed; real Nix follows logical targets only, so gcroots/pipelite/<name> points to the logical path for
// it, and our record pipelite/roots/<name> holds where the user's link is. The name is the nix32 sha1 of the
// link's path, as for Nix's own indirect roots. Nix's roots count for us as well.
// Specification: Nix `src/libstore/gc.cc`.
import { lstatSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { symlinkSync, type Dirent } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { utf8 } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { bytesOfFile, makeFolder, wholeFile, writeFileAtomically } from "#base/files.ts";
import { hashBytes } from "#nix/hash.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { isStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { physicalPath, type Layout } from "./layout.ts";
import { withSharedGcLock } from "./locks.ts";
import type { StoreContext } from "./place.ts";
import { requireValid } from "./query.ts";
import { pipeliteError } from "./errors.ts";

export interface Root {
  path: StorePath;
  /** The link or file that keeps it. */
  source: string;
}

/**
 * Makes `link` point to a valid path and keeps the path while it does. A link to a store path is replaced.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_ROOT_EXISTS, STORE_ROOT_UNWRITABLE
 */
export async function addRoot(store: StoreContext, link: string, path: StorePath): Promise<void> {
  const { layout } = store;
  const place = resolve(link);
  await store.tempRoots.add([path]);
  requireValid(store, path);
  checkReplaceable(place);
  await withSharedGcLock(layout, () => {
    const name = rootName(place);
    const record = join(layout.ownRootsDir, name);
    // A loss of power that emptied it would have the next collection take what is kept.
    if (bytesOfFile(record)?.equals(utf8(place)) !== true)
      writeFileAtomically(record, place, { flush: true });
    replaceLink(join(layout.ownGcRootsDir, name), path);
    try {
      replaceLink(place, physicalPath(layout, path));
    } catch (error) {
      throw linkFailure(place, error);
    }
  });
}

/**
 * Removes a link made by addRoot, and what it kept alive is free to go; false where there is no such root.
 */
export async function removeRoot({ layout }: StoreContext, link: string): Promise<boolean> {
  const place = resolve(link);
  const record = join(layout.ownRootsDir, rootName(place));
  if (lstatSync(record, { throwIfNoEntry: false }) === undefined) return false;
  await withSharedGcLock(layout, () => {
    if (targetOf(layout, place) !== undefined) rmSync(place);
    forget(layout, basename(record));
  });
  return true;
}

/**
 * Every root there is, Nix's among them; links that point to nothing valid are left out. Sorted by source.
 */
export function findRoots(store: StoreContext, isValid: (path: StorePath) => boolean): Root[] {
  const { layout } = store;
  const roots = ownRoots(layout).flatMap(({ place, path }) =>
    path === undefined ? [] : [{ path, source: place }],
  );
  walkRoots(layout, layout.gcRootsDir, roots);
  walkRoots(layout, layout.profilesDir, roots);
  return roots.filter(({ path }) => isValid(path)).toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

/**
 * Drops our roots whose link is gone or points out of the store. Only while no root can be added: under the
 * GC lock.
 */
export function pruneRoots(layout: Layout): void {
  const known = new Set<string>();
  for (const { name, path } of ownRoots(layout)) {
    if (path === undefined) {
      forget(layout, name);
      continue;
    }
    known.add(name);
    const link = join(layout.ownGcRootsDir, name);
    if (readLink(link) !== path) replaceLink(link, path);
  }
  for (const { name } of list(layout.ownGcRootsDir)) {
    if (!known.has(name)) rmSync(join(layout.ownGcRootsDir, name), { force: true });
  }
  pruneAutoRoots(layout);
}

function pruneAutoRoots(layout: Layout): void {
  const folder = join(layout.gcRootsDir, "auto");
  for (const { name } of list(folder)) {
    const link = join(folder, name);
    const target = readLink(link);
    if (target === undefined || isInStore(layout, target)) continue;
    if (lstatSync(resolve(folder, target), { throwIfNoEntry: false }) === undefined)
      rmSync(link, { force: true });
  }
}

function ownRoots(layout: Layout): { name: string; place: string; path: StorePath | undefined }[] {
  return list(layout.ownRootsDir).map(({ name }) => {
    const place = wholeFile(join(layout.ownRootsDir, name)).toString("utf8");
    return { name, place, path: targetOf(layout, place) };
  });
}

function walkRoots(layout: Layout, folder: string, roots: Root[]): void {
  for (const entry of list(folder)) {
    const source = join(folder, entry.name);
    if (source === layout.ownGcRootsDir) continue;
    if (entry.isDirectory()) walkRoots(layout, source, roots);
    else if (entry.isSymbolicLink()) addLinkRoot(layout, source, roots);
    else if (isStorePath(`${STORE_DIR}/${entry.name}`)) {
      roots.push({ path: `${STORE_DIR}/${entry.name}` as StorePath, source });
    }
  }
}

/** A link into the store, or a link to a link into the store. */
function addLinkRoot(layout: Layout, source: string, roots: Root[]): void {
  const direct = targetOf(layout, source);
  if (direct !== undefined) {
    roots.push({ path: direct, source });
    return;
  }
  const target = readLink(source);
  if (target === undefined) return;
  const indirect = resolve(dirname(source), target);
  const path = targetOf(layout, indirect);
  if (path !== undefined) roots.push({ path, source: indirect });
}

/** The store path a link points to, or into; undefined where it is not a link or points elsewhere. */
function targetOf(layout: Layout, link: string): StorePath | undefined {
  const target = readLink(link);
  return target === undefined ? undefined : storePathIn(layout, resolve(dirname(link), target));
}

/** The store path that a logical or physical file name lies in. */
export function storePathIn(layout: Layout, file: string): StorePath | undefined {
  for (const folder of [STORE_DIR, layout.storeDir]) {
    if (!file.startsWith(`${folder}/`)) continue;
    const base = file.slice(folder.length + 1).split("/", 1)[0] ?? "";
    const path = `${STORE_DIR}/${base}`;
    if (isStorePath(path)) return path;
  }
  return undefined;
}

function isInStore(layout: Layout, file: string): boolean {
  return storePathIn(layout, file) !== undefined;
}

function readLink(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if (["EINVAL", "ENOENT", "ENOTDIR", "EACCES"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "EACCES"].includes(systemErrorCode(error) ?? "")) return [];
    throw error;
  }
}

/** Nothing but a link into some store is written over. */
function checkReplaceable(link: string): void {
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) return;
  const target = readLink(link);
  const at = target?.lastIndexOf(`${STORE_DIR}/`) ?? -1;
  if (target === undefined || at === -1 || !isStorePath(target.slice(at))) {
    throw pipeliteError("STORE_ROOT_EXISTS", { link });
  }
}

/** The place of a link is the user's own, and no part of the store. */
function linkFailure(link: string, error: unknown): unknown {
  const reason = LINK_REASONS[systemErrorCode(error) ?? ""];
  return reason === undefined ? error : pipeliteError("STORE_ROOT_UNWRITABLE", { link, reason }, error);
}

const LINK_REASONS: Readonly<Record<string, string>> = {
  EROFS: "its folder is read-only",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  ENOENT: "no folder can be made there",
  ENOTDIR: "a part of its path is no folder",
  EEXIST: "a part of its path is no folder",
  ELOOP: "its path goes in a circle",
  ENAMETOOLONG: "its name is too long",
};

/** Makes or replaces a link in one step. */
export function replaceLink(link: string, target: string): void {
  makeFolder(dirname(link));
  const temporary = `${link}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}

function forget(layout: Layout, name: string): void {
  rmSync(join(layout.ownGcRootsDir, name), { force: true });
  rmSync(join(layout.ownRootsDir, name), { force: true });
}

function rootName(place: string): string {
  return encodeNix32(hashBytes("sha1", utf8(place)).bytes);
}
