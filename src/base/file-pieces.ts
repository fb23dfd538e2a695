// Files that may be larger than one piece of memory can be, such as an output.
import { closeSync, readSync, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { openToRead } from "./files.ts";
import { naming, namingCall } from "./naming.ts";

const PIECE_BYTES = 2 ** 20;

/** The bytes of a file in pieces, each of which is there until the next one. @throws FILE_ENDLESS, and what the system says */
export function* piecesOfFile(path: string): Generator<Uint8Array> {
  const piece = Buffer.alloc(PIECE_BYTES);
  const fd = openToRead(path);
  try {
    for (let count = -1; count !== 0;) {
      count = naming(path, () => readSync(fd, piece, 0, PIECE_BYTES, null));
      yield piece.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

/** Writes the whole, however little the system takes at a time. @param position default: where the file is */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length;) {
    const from = position === undefined ? null : position + at;
    at += writeSync(fd, bytes, at, bytes.length - at, from);
  }
}

/** The same by a handle. @param path of its file, which what the system says names */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await namingCall(path, file.write(bytes, at, bytes.length - at))).bytesWritten;
}

/** SHA-256 in hex. @throws as piecesOfFile */
export function hexDigestOfFile(path: string): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256");
  for (const piece of piecesOfFile(path)) hash.update(piece);
  return hash.digest("hex");
}
