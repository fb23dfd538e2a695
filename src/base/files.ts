// Small questions about files, and writing one so that a reader sees the old or the new content, never a half.
import {
  chmodSync,
  closeSync,
  constants as flags,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { byteStringOf, utf8 } from "./bytes.ts";
import { systemErrorCode } from "./errors.ts";

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
    return lstatSync(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** What may have no end when it is read: `a named pipe`, `a device`, `a socket`; undefined of anything else. Links are followed. */
export function endlessKind(path: string): string | undefined {
  if (path === "/dev/null") return undefined;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFIFO()) return "a named pipe";
  if (stat?.isSocket()) return "a socket";
  return stat?.isCharacterDevice() || stat?.isBlockDevice() ? "a device" : undefined;
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The longest text that there can be. */
const TEXT_MAX = 2 ** 29 - 24;
const PIECE = 1 << 20;

/**
 * The bytes of a file that the user named. The error of a folder has its path, as that of a missing file has; what is larger
 * than `most` bytes, or has no end (`/dev/zero`), is refused as too large.
 */
export function readNamedFile(path: string, most: number = TEXT_MAX): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    const fd = openSync(path, "r");
    try {
      for (;;) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE, most + 1));
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
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}

const TOO_LARGE = { code: "EFBIG", errno: -constants.errno.EFBIG, syscall: "read" };

/** What a file is to hold; in blocks of text where the whole would take much memory. */
export type Content = string | Uint8Array | Iterable<string>;

export function writeContent(path: string, content: Content): void {
  if (typeof content === "string" || content instanceof Uint8Array) return writeFileSync(path, content);
  const fd = openSync(path, "w");
  try {
    for (const block of content) writeFileSync(fd, block);
  } finally {
    closeSync(fd);
  }
}

export function bytesOfContent(content: Content): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return utf8(typeof content === "string" ? content : [...content].join(""));
}

/** Writes through a temporary file and a rename. Creates the folders above. */
export function writeFileAtomically(path: string, content: Content): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeContent(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
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

/** @param folder a byte string: names need not be UTF-8 */
function makeWritable(folder: string): void {
  const path = Buffer.from(folder, "latin1");
  chmodSync(path, 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true, encoding: "latin1" })) {
    if (entry.isDirectory()) makeWritable(`${folder}/${entry.name}`);
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
    return fstatSync(fd).isFile() ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
