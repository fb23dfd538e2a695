// Small questions about files, and writing one so that a reader sees the old or the new content, never a half.
import {
  readFileSync,
  chmodSync,
  closeSync,
  constants as flags,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { byteStringOf, textOf, utf8 } from "./bytes.ts";
import { pipeliteError } from "./base-errors.ts";
import { isPipeliteError, systemErrorCode } from "./errors.ts";
import { naming } from "./naming.ts";

/**
 * Names of the regular files below a folder, relative to it, as byte strings: a name need not be UTF-8. Links are not
 * followed, not even those to folders, which `readdirSync` with `recursive` goes into: they can lead out of the folder,
 * or round in a circle.
 */
export function filesBelow(folder: string): string[] {
  const list = (below: string): string[] =>
    readdirSync(pathBelow(folder, below), { withFileTypes: true, encoding: "latin1" }).flatMap((entry) => {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isFile()) return [name];
      return entry.isDirectory() ? list(name) : [];
    });
  return list("");
}

/** Where a file below a folder is, from its name as a byte string. */
export function pathBelow(folder: string, name: string): Buffer {
  return Buffer.from(`${byteStringOf(folder)}/${name}`, "latin1");
}

/** What is at a path, links not followed; undefined where there is nothing, also below what is not a folder. */
export function entryAt(path: string): Stats | undefined {
  try {
    // An exception for each that is not there takes longer than the look.
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ENAMETOOLONG" && hasNameTooLong(path)) return undefined;
    throw error;
  }
}

/** Nothing has such a name, on any file system; a long path of short ones may well be there. */
function hasNameTooLong(path: string): boolean {
  return path.split("/").some((name) => Buffer.byteLength(name) > NAME_MAX);
}

/** Bytes (NAME_MAX of limits.h). */
const NAME_MAX = 255;

/** The names of a path that stays below its base; undefined for any other, `..` and empty names included. */
export function partsBelow(file: string): string[] | undefined {
  if (file === "") return [];
  const parts = file.split("/");
  return parts.some((part) => ["", ".", ".."].includes(part) || part.includes("\0")) ? undefined : parts;
}

/**
 * Where a file below a base is that somebody else filled, such as an output. A link there says what its maker liked: to us it
 * could lead to any file of this machine, so none is followed, the base itself included.
 * @param file empty for the base itself
 * @returns undefined where the name leads out of the base, or a link is on the way
 */
export function placeInside(base: string, file: string): string | undefined {
  const parts = partsBelow(file);
  let path = base;
  for (const part of ["", ...(parts ?? [])]) {
    if (part !== "") path = join(path, part);
    if (entryAt(path)?.isSymbolicLink() === true) return undefined;
  }
  return parts === undefined ? undefined : path;
}

/** The bytes of such a file; undefined where there is none, or only through a link. */
export function bytesInside(base: string, file: string): Buffer | undefined {
  const path = placeInside(base, file);
  return path === undefined || entryAt(path)?.isFile() !== true ? undefined : bytesOfFile(path);
}

/** Whether a folder is at a path, and not a link to one. */
export function isPlainDirectory(path: string): boolean {
  return entryAt(path)?.isDirectory() === true;
}

/** What may have no end when it is read: `a named pipe`, `a device`, `a socket`; undefined of anything else. Links are followed. */
export function endlessKind(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFIFO()) return "a named pipe";
  if (stat?.isSocket()) return "a socket";
  const isDevice = stat?.isCharacterDevice() || stat?.isBlockDevice();
  return isDevice && stat?.rdev !== NULL_DEVICE ? "a device" : undefined;
}

/** @throws FILE_ENDLESS where what is at the path, if anything, may have no end */
export function refuseEndless(path: string): void {
  const kind = endlessKind(path);
  if (kind !== undefined) throw pipeliteError("FILE_ENDLESS", { path, kind });
}

/** /dev/null: it is empty. Linux, Documentation/admin-guide/devices.txt */
const NULL_DEVICE = (1 << 8) | 3;

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Opens a file of the user's to read it. What may have no end is refused and not waited for; what the shell has opened already
 * (`/dev/stdin`, `<(...)`) is taken as it is.
 * @throws FILE_ENDLESS; what the system says of a file that is missing or not to be read
 */
export function openToRead(path: string): number {
  if (OPENED_BY_SHELL.test(path)) return openSync(path, "r");
  refuseEndless(path);
  // Were it swapped for a pipe this moment, it would not be waited for either.
  return openSync(path, flags.O_RDONLY | flags.O_NONBLOCK);
}

const OPENED_BY_SHELL = /^\/dev\/(stdin|fd\/\d+)$|^\/proc\/(self|\d+)\/fd\/\d+$/;

/** The longest text that there can be. */
const TEXT_MAX = 2 ** 29 - 24;
const PIECE = 1 << 20;

/**
 * The bytes of a file of the user's. The error of a folder has its path, as that of a missing file has; what is larger than `most`
 * bytes is refused as too large.
 * @throws FILE_ENDLESS; what the system says
 */
export function readNamedFile(path: string, most: number = TEXT_MAX): Buffer {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    const fd = openToRead(path);
    try {
      // One byte more than it has, so that a small file takes one piece, and its end is seen at once.
      const pieceSize = Math.min(Math.max(fstatSync(fd).size + 1, 4096), PIECE, most + 1);
      for (;;) {
        const piece = Buffer.allocUnsafe(pieceSize);
        const count = readSync(fd, piece);
        if (count === 0) return Buffer.concat(pieces, size);
        size += count;
        if (size > most) throw Object.assign(new Error("EFBIG"), TOO_LARGE);
        pieces.push(piece.subarray(0, count));
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw isPipeliteError(error) || !(error instanceof Error) ? error : Object.assign(error, { path });
  }
}

/** The text of a file of the user's, see `readNamedFile`. */
export function readNamedText(path: string, most?: number): string {
  return new TextDecoder().decode(readNamedFile(path, most));
}

const TOO_LARGE = { code: "EFBIG", errno: -constants.errno.EFBIG, syscall: "read" };

/** What a file is to hold; in blocks of text where the whole would take much memory. */
export type Content = string | Uint8Array | Iterable<string>;

/**
 * @param place a path, or a descriptor, which stays open
 * @param flush waits until it is on the disk, and outlasts a loss of power
 */
export function writeContent(
  place: string | number,
  content: Content,
  { flush = false, flag = "w" } = {},
): void {
  if (typeof place === "string") return naming(place, () => writeOpened(place, content, { flush, flag }));
  writeOpened(place, content, { flush, flag });
}

type Way = { flush: boolean; flag: string };

function writeOpened(place: string | number, content: Content, { flush, flag }: Way): void {
  if (typeof content === "string" || content instanceof Uint8Array)
    return writeFileSync(place, content, { flush, flag });
  const fd = typeof place === "number" ? place : openSync(place, flag);
  try {
    for (const block of content) writeFileSync(fd, block);
    if (flush) fsyncSync(fd);
  } finally {
    if (fd !== place) closeSync(fd);
  }
}

export function bytesOfContent(content: Content): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return utf8(typeof content === "string" ? content : [...content].join(""));
}

/**
 * Makes a folder and those above it; one that is there is no error. They are made one by one, since Node's own `recursive` never
 * ends where the system says ENOENT of a folder that cannot be made (in /proc), and hides the error of a read-only file system.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    const isThere = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (code !== "ENOENT") {
      // Also EROFS and the like are said of a folder that is there.
      if (isThere(folder)) return;
      throw error;
    }
    if (isThere(dirname(folder))) throw error;
    makeFolder(dirname(folder));
    makeFolder(folder);
  }
}

/**
 * Writes through a temporary file and a rename. Creates the folders above. What is no file, as /dev/null, is written to: a rename
 * would put a file in its place.
 */
export function writeFileAtomically(path: string, content: Content, { flush = false } = {}): void {
  if (isSpecial(path)) return writeContent(path, content);
  makeFolder(dirname(path));
  const temporary = temporaryFor(path);
  try {
    writeContent(temporary, content, { flush, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

/**
 * The name of a file until it is whole, to be opened with `wx`. It can be guessed: a link that somebody put there would lead what is
 * written to any file that we may write, so what is there is removed; a folder is nothing that we leave.
 */
export function temporaryFor(path: string): string {
  const temporary = `${path}.${process.pid}.tmp`;
  removeFile(temporary);
  return temporary;
}

function removeFile(path: string): void {
  if (entryAt(path)?.isDirectory() === false) rmSync(path, { force: true });
}

/** Writes a file that must not be there yet; where it can't be written nothing of it stays. @throws the system's EEXIST */
export function writeNewFile(path: string, content: string | Uint8Array, mode = 0o666): void {
  const fd = openSync(path, "wx", mode);
  try {
    naming(path, () => writeFileSync(fd, content));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** A device, a named pipe or a socket, or a link to one. */
export function isSpecial(path: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && !stat.isFile() && !stat.isDirectory();
  } catch {
    // What can't be looked at is not written to, either: that is told where it is tried.
    return false;
  }
}

/** Whether there is anything at `path`, be it a link that leads nowhere. A look at it would take twice as long. */
export function isThere(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Changes whenever the file at `path` does: inode, size, and times in nanoseconds; undefined where there is no file. A link is not followed. */
export function statSignature(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Removes a file or a folder with all in it, read-only folders included. Nothing there is no error. */
export function removeTree(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) makeWritable(byteStringOf(path));
  rmSync(path, { recursive: true, force: true });
}

/** Bytes; far below the 4,096 that a path may have. */
const LONG_PATH = 2000;

/**
 * Makes folders writable, and moves up what lies so deep that no path leads to it: a program makes such folders step by step.
 * @param root a byte string: names need not be UTF-8
 */
function makeWritable(root: string): void {
  const at = (path: string) => Buffer.from(path, "latin1");
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    chmodSync(at(folder), 0o700);
    for (const entry of readdirSync(at(folder), { withFileTypes: true, encoding: "latin1" })) {
      if (!entry.isDirectory()) continue;
      const below = `${folder}/${entry.name}`;
      if (below.length < root.length + LONG_PATH) open.push(below);
      else {
        const moved = mkdtempSync(`${textOf(root)}/deep-`);
        chmodSync(at(below), 0o700);
        renameSync(at(below), at(`${byteStringOf(moved)}/0`));
        open.push(`${byteStringOf(moved)}/0`);
      }
    }
  }
}

/**
 * The bytes of a file that anybody may have put there; undefined where there is nothing, or a folder, a pipe or a device,
 * which could be waited for without end.
 */
export function bytesOfFile(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, flags.O_RDONLY | flags.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
  try {
    return fstatSync(fd).isFile() ? readAll(fd, path) : undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * The bytes of a file that has to be there.
 * @throws FILE_ENDLESS, FILE_TOO_LARGE, and what the system says
 */
export function wholeFile(path: string): Buffer {
  const fd = openToRead(path);
  try {
    return readAll(fd, path);
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, path: string): Buffer {
  try {
    return readFileSync(fd);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    throw pipeliteError("FILE_TOO_LARGE", { path }, error);
  }
}

/** Node refuses more than 2 GiB of bytes at once, and about 512 MiB of text. */
export function isTooLarge(error: unknown): boolean {
  return /^ERR_(FS_FILE_TOO_LARGE|STRING_TOO_LONG|BUFFER_TOO_LARGE)$/.test(systemErrorCode(error) ?? "");
}
