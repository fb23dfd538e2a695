// The one form in which the store keeps files: 0444 or 0555, folders 0555, every time 1 second after the
// epoch, no owner but the store's, no extended attributes. `createCopy` and its like make files in that form
// from the start. Contents are not synced to disk, as in Nix 2.8: after a power cut `verify --check-contents`
// finds what was lost. Specification: Nix `src/libstore/posix-fs-canonicalise.cc`.
import type { Stats } from "node:fs";
import { chmodSync, closeSync, constants, fchmodSync, futimesSync, lchownSync, lstatSync } from "node:fs";
import { lutimesSync, mkdirSync, openSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { fromByteString } from "#base/bytes.ts";
import { extendedAttributes, removeExtendedAttribute } from "#base/libc.ts";
import { type PipeliteError } from "#base/errors.ts";
import { diskPath, shownPath } from "./disk.ts";
import { pipeliteError } from "./errors.ts";

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

export function closeCopy(fd: number): void {
  futimesSync(fd, TIME, TIME);
  closeSync(fd);
}

export function linkCopy(target: string, link: Uint8Array): void {
  const path = diskPath(target);
  symlinkSync(Buffer.from(link), path);
  lutimesSync(path, TIME, TIME);
}

/** Makes a folder to be filled; `finishFolder` ends it. */
export function makeFolder(target: string): void {
  mkdirSync(diskPath(target), 0o755);
}

export function finishFolder(target: string): void {
  const path = diskPath(target);
  chmodSync(path, FOLDER_MODE);
  utimesSync(path, TIME, TIME);
}

/**
 * Puts a tree a builder made into the canonical form. What made it must be dead: links could be swapped
 * otherwise.
 * @param sizeMaxBytes of all files together, holes counted
 * @throws PipeliteError STORE_SPECIAL_FILE, STORE_OUTPUT_UNSAFE, STORE_OUTPUT_TOO_LARGE
 */
export function canonicaliseTree(root: string, name: string, sizeMaxBytes = Number.POSITIVE_INFINITY): void {
  const stat = lstatSync(diskPath(root));
  if (!stat.isSymbolicLink() && (stat.mode & 0o022) !== 0) {
    throw unsafe(name, root, "may be written to by everybody");
  }
  canonicaliseNode(root, { name, sizeMaxBytes, sizeBytes: 0 }, stat);
}

interface Output {
  name: string;
  sizeMaxBytes: number;
  /** Of the files so far. */
  sizeBytes: number;
}

function canonicaliseNode(bytePath: string, output: Output, stat: Stats): void {
  const { name } = output;
  const path = diskPath(bytePath);
  const isFolder = stat.isDirectory();
  if (!isFolder && !stat.isFile() && !stat.isSymbolicLink()) {
    throw pipeliteError("STORE_SPECIAL_FILE", { file: shownPath(bytePath), kind: "special file" });
  }
  if (!isFolder && (stat.mode & 0o6000) !== 0) {
    throw unsafe(name, bytePath, "is set to run as its owner (setuid or setgid)");
  }
  if (stat.isFile()) output.sizeBytes += stat.size;
  if (output.sizeBytes > output.sizeMaxBytes) {
    throw pipeliteError("STORE_OUTPUT_TOO_LARGE", { name, sizeMaxBytes: output.sizeMaxBytes });
  }
  if (stat.uid !== process.geteuid?.()) lchownSync(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
  if (stat.isSymbolicLink()) {
    lutimesSync(path, TIME, TIME);
    return;
  }
  if (isFolder) {
    if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    for (const entry of readdirSync(path, { encoding: "latin1" })) {
      const below = `${bytePath}/${entry}`;
      canonicaliseNode(below, output, lstatSync(diskPath(below)));
    }
  }
  removeAttributes(bytePath, name);
  const mode = isFolder ? FOLDER_MODE : fileMode((stat.mode & 0o100) !== 0);
  chmodSync(path, mode);
  utimesSync(path, TIME, TIME);
}

/** Labels that the system itself puts on files, and that Nix leaves there too. */
const SYSTEM_ATTRIBUTES = ["security.selinux", "security.csm", "system.nfs4_acl"];

function removeAttributes(bytePath: string, name: string): void {
  const path = fromByteString(bytePath);
  const attributes = extendedAttributes(path).filter((each) => !SYSTEM_ATTRIBUTES.includes(each));
  if (attributes.length === 0) return;
  chmodSync(diskPath(bytePath), 0o700);
  for (const attribute of attributes) {
    if (removeExtendedAttribute(path, attribute)) continue;
    throw unsafe(name, bytePath, `has an extended attribute ${attribute} that cannot be removed`);
  }
}

function unsafe(name: string, bytePath: string, reason: string): PipeliteError {
  return pipeliteError("STORE_OUTPUT_UNSAFE", { name, file: shownPath(bytePath), reason });
}
