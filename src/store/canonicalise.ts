// The one form in which the store keeps files: 0444 or 0555, folders 0555, every time 1 second after the
// epoch, no owner but the store's, no extended attributes. `createCopy` and its like make files in that form
// from the start. Specification: Nix `src/libstore/posix-fs-canonicalise.cc`.
import type { Stats } from "node:fs";
import { chmodSync, closeSync, constants, copyFileSync, fchmodSync, futimesSync, lchownSync } from "node:fs";
import { linkSync, lstatSync, lutimesSync, mkdirSync, open, openSync, readdirSync } from "node:fs";
import { renameSync, symlinkSync, utimesSync } from "node:fs";
import { fromByteString } from "#base/bytes.ts";
import { extendedAttributes, removeExtendedAttribute } from "#base/libc.ts";
import { type PipeliteError } from "#base/errors.ts";
import type { Steps } from "#base/steps.ts";
import { NAR_DEPTH_MAX } from "#nix/nar-format.ts";
import { diskPath, shownPath } from "./disk.ts";
import { fileFacts, specialKind, type TreeNode } from "./scan.ts";
import { pipeliteError } from "./errors.ts";
import { pipeliteError as treeError } from "./tree-errors.ts";

/** Seconds since the epoch. Not zero, which some tools take for "unknown". */
const TIME = 1;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const FOLDER_MODE = 0o555;

export function fileMode(executable: boolean): number {
  return executable ? 0o555 : 0o444;
}

/** Creates a file to be written through the descriptor; `closeCopy` ends it. */
export function createCopy(target: string, executable: boolean): number {
  const mode = fileMode(executable);
  const fd = openSync(diskPath(target), CREATE_FLAGS, mode);
  if ((process.umask() & mode) !== 0) fchmodSync(fd, mode);
  return fd;
}

/** The same by a thread: where much was removed a moment ago, a file system looks long for room for a new file. */
export function createCopyAside(target: string, executable: boolean): Promise<number> {
  const mode = fileMode(executable);
  return new Promise((resolve, reject) => {
    open(diskPath(target), CREATE_FLAGS, mode, (error, fd) => {
      if (error !== null) return reject(error);
      try {
        if ((process.umask() & mode) !== 0) fchmodSync(fd, mode);
        resolve(fd);
      } catch (refused) {
        closeSync(fd);
        reject(refused);
      }
    });
  });
}

export function closeCopy(fd: number): void {
  finishCopy(fd);
  closeSync(fd);
}

/** Nothing is written to it any more. */
export function finishCopy(fd: number): void {
  futimesSync(fd, TIME, TIME);
}

export function linkCopy(target: string, link: Uint8Array): void {
  const path = diskPath(target);
  symlinkSync(Buffer.from(link), path);
  lutimesSync(path, TIME, TIME);
}

/** Makes a folder to be filled; `finishFolder` ends it. */
export function makeStoreFolder(target: string): void {
  mkdirSync(diskPath(target), 0o755);
}

export function finishFolder(target: string): void {
  const path = diskPath(target);
  chmodSync(path, FOLDER_MODE);
  utimesSync(path, TIME, TIME);
}

export interface Canonicalise {
  /** Of all files together, holes counted. */
  sizeMaxBytes?: number | undefined;
  /** The tree is in the store: other names that its files have are the store's, too. */
  isStored?: boolean;
}

/**
 * Puts a tree a builder made into the canonical form, and gives its listing. What made it must be dead: links could be
 * swapped otherwise.
 * @param root a byte string; a file beside it, with `.copy` behind the name, may be made meanwhile
 * @throws PipeliteError STORE_SPECIAL_FILE, STORE_OUTPUT_UNSAFE, STORE_OUTPUT_TOO_LARGE
 */
export function* canonicalise(
  root: string,
  name: string,
  { sizeMaxBytes = Number.POSITIVE_INFINITY, isStored = false }: Canonicalise = {},
): Steps<TreeNode> {
  const stat = lstatSync(diskPath(root));
  if ((stat.isFile() || stat.isDirectory()) && (stat.mode & 0o022) !== 0) {
    throw unsafe(name, root, "may be written to by everybody");
  }
  const output: Output = { root, name, sizeMaxBytes, isStored, sizeBytes: 0, linked: new Map() };
  const node = { path: root, name: "" };
  const tree = stat.isDirectory()
    ? yield* canonicaliseFolder(output, node, stat)
    : canonicaliseLeaf(output, node, stat);
  for (const file of output.linked.values()) {
    finishLinked(output, file);
    yield;
  }
  return tree;
}

interface Output {
  root: string;
  name: string;
  sizeMaxBytes: number;
  isStored: boolean;
  /** Of the files so far. */
  sizeBytes: number;
  /** Files with several names, by device and inode. */
  linked: Map<string, LinkedFile>;
}

interface LinkedFile {
  stat: Stats;
  /** Byte strings. */
  paths: string[];
}

type Named = Pick<TreeNode, "path" | "name">;

const NODES_PER_STEP = 64;
/** Bytes: the kernel takes no path of 4,096. */
const PATH_MAX = 4000;
const SHOWN_BYTES = 200;

function* canonicaliseFolder(
  output: Output,
  { path: bytePath, name }: Named,
  stat: Stats,
  depth = 1,
): Steps<TreeNode> {
  const path = diskPath(bytePath);
  takeOwnership(path, stat);
  if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
  const children: TreeNode[] = [];
  for (const entry of readdirSync(path, { encoding: "latin1" }).toSorted()) {
    const node = { path: `${bytePath}/${entry}`, name: entry };
    if (node.path.length > PATH_MAX)
      throw unsafe(
        output.name,
        `${bytePath.slice(0, SHOWN_BYTES)}...`,
        "has folders so deep that no path leads there",
      );
    if (depth >= NAR_DEPTH_MAX)
      throw unsafe(
        output.name,
        `${bytePath.slice(0, SHOWN_BYTES)}...`,
        `lies in ${NAR_DEPTH_MAX} folders, one in the other: a NAR has fewer`,
      );
    const below = lstatSync(diskPath(node.path));
    if (below.isDirectory()) children.push(yield* canonicaliseFolder(output, node, below, depth + 1));
    else children.push(canonicaliseLeaf(output, node, below));
    if (children.length % NODES_PER_STEP === 0) yield;
  }
  removeAttributes(bytePath, output.name);
  chmodSync(path, FOLDER_MODE);
  utimesSync(path, TIME, TIME);
  yield;
  return { kind: "folder", name, path: bytePath, signature: "", changedAtNs: 0n, children };
}

function canonicaliseLeaf(output: Output, { path: bytePath, name }: Named, stat: Stats): TreeNode {
  const path = diskPath(bytePath);
  if (!stat.isFile() && !stat.isSymbolicLink())
    throw treeError("STORE_SPECIAL_FILE", {
      file: shownPath(bytePath),
      kind: specialKind(stat.mode),
    });
  if ((stat.mode & 0o6000) !== 0)
    throw unsafe(output.name, bytePath, "is set to run as its owner (setuid or setgid)");
  const base = { name, path: bytePath, signature: "", changedAtNs: 0n };
  if (stat.isSymbolicLink()) {
    takeOwnership(path, stat);
    lutimesSync(path, TIME, TIME);
    return { ...base, kind: "link" };
  }
  output.sizeBytes += stat.size;
  if (output.sizeBytes > output.sizeMaxBytes)
    throw pipeliteError("STORE_OUTPUT_TOO_LARGE", { name: output.name, sizeMaxBytes: output.sizeMaxBytes });
  if (stat.nlink === 1 || output.isStored) finishFile(bytePath, stat, output.name);
  else
    output.linked
      .getOrInsertComputed(`${stat.dev}:${stat.ino}`, () => ({ stat, paths: [] }))
      .paths.push(bytePath);
  return { ...base, kind: "file", file: fileFacts(stat) };
}

function finishFile(bytePath: string, stat: Stats, name: string): void {
  const path = diskPath(bytePath);
  takeOwnership(path, stat);
  const mode = fileMode((stat.mode & 0o100) !== 0);
  if (removeAttributes(bytePath, name) || (stat.mode & 0o7777) !== mode) chmodSync(path, mode);
  utimesSync(path, TIME, TIME);
}

/**
 * A file that has a name elsewhere, too, which without a sandbox it may, is somebody's: mode and times stay his, the output gets a
 * copy, and what is written to the file later is not in the store.
 */
function finishLinked({ root, name }: Output, { stat, paths }: LinkedFile): void {
  const [first = "", ...others] = paths;
  if (paths.length === stat.nlink) return finishFile(first, stat, name);
  const copy = diskPath(`${root}.copy`);
  copyFileSync(diskPath(first), copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  chmodSync(copy, fileMode((stat.mode & 0o100) !== 0));
  utimesSync(copy, TIME, TIME);
  replaceInFolder(root, first, () => renameSync(copy, diskPath(first)));
  for (const path of others)
    replaceInFolder(root, path, () => {
      linkSync(diskPath(first), copy);
      renameSync(copy, diskPath(path));
    });
}

function replaceInFolder(root: string, bytePath: string, replace: () => void): void {
  const folder = bytePath.slice(0, bytePath.lastIndexOf("/"));
  if (bytePath === root) return replace();
  chmodSync(diskPath(folder), 0o700);
  replace();
  finishFolder(folder);
}

function takeOwnership(path: string | Buffer, { uid }: Stats): void {
  if (uid !== process.geteuid?.()) lchownSync(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
}

/** Labels that the system itself puts on files, and that Nix leaves there too. */
const SYSTEM_ATTRIBUTES = ["security.selinux", "security.csm", "system.nfs4_acl"];

/** Removes them; true where that has changed the mode. */
function removeAttributes(bytePath: string, name: string): boolean {
  const path = fromByteString(bytePath);
  const attributes = extendedAttributes(path).filter((each) => !SYSTEM_ATTRIBUTES.includes(each));
  if (attributes.length === 0) return false;
  chmodSync(diskPath(bytePath), 0o700);
  for (const attribute of attributes) {
    if (removeExtendedAttribute(path, attribute)) continue;
    throw unsafe(name, bytePath, `has an extended attribute ${attribute} that cannot be removed`);
  }
  return true;
}

function unsafe(name: string, bytePath: string, reason: string): PipeliteError {
  return pipeliteError("STORE_OUTPUT_UNSAFE", { name, file: shownPath(bytePath), reason });
}
