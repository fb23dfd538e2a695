// Files of archives with what says when and by whom they were packed taken out: two that are then the same are `equivalent`,
// which is less than reproduced and never called so. What was taken out is named. Pure.
import { gunzipSync } from "node:zlib";

export type Stabiliser = "gzip-header" | "tar-owner-and-time" | "zip-time" | "ar-owner-and-time";

export interface Stable {
  bytes: Uint8Array;
  /** What was taken out on the way. */
  by: Stabiliser[];
}

const UNPACKED_MAX_BYTES = 256 * 1024 * 1024;

/** @returns the bytes as they are where they are no archive that is known */
export function stabilise(bytes: Uint8Array): Stable {
  const buffer = Buffer.from(bytes);
  if (buffer[0] === 0x1f && buffer[1] === 0x8b) return gzip(buffer);
  if (buffer.length >= 512 && buffer.toString("latin1", 257, 262) === "ustar") return tar(buffer);
  if (buffer.length >= 30 && buffer.readUInt32LE(0) === 0x04034b50) return zip(buffer);
  if (buffer.toString("latin1", 0, 8) === "!<arch>\n") return ar(buffer);
  return { bytes, by: [] };
}

/** The stabilisers after which both are the same; undefined where they are not. */
export function equivalentBy(one: Uint8Array, other: Uint8Array): Stabiliser[] | undefined {
  const [a, b] = [stabilise(one), stabilise(other)];
  return Buffer.from(a.bytes).equals(b.bytes) ? [...new Set([...a.by, ...b.by])] : undefined;
}

function gzip(buffer: Buffer): Stable {
  try {
    const inner = stabilise(gunzipSync(buffer, { maxOutputLength: UNPACKED_MAX_BYTES }));
    return { bytes: inner.bytes, by: ["gzip-header", ...inner.by] };
  } catch {
    return { bytes: buffer, by: [] };
  }
}

const TAR_BLOCK = 512;
/** Owner and group as numbers, time, sum of the header, and the names of owner and group. */
const TAR_FIELDS = [
  [108, 124],
  [136, 156],
  [265, 329],
] as const;

function tar(buffer: Buffer): Stable {
  for (let at = 0; at + TAR_BLOCK <= buffer.length && buffer[at] !== 0;) {
    const size = Number.parseInt(buffer.toString("latin1", at + 124, at + 136), 8);
    if (!(size >= 0)) return { bytes: buffer, by: [] };
    for (const [from, to] of TAR_FIELDS) buffer.fill(0, at + from, at + to);
    at += TAR_BLOCK * (1 + Math.ceil(size / TAR_BLOCK));
  }
  return { bytes: buffer, by: ["tar-owner-and-time"] };
}

/** Times of the headers that stand where the directory at the end says. */
function zip(buffer: Buffer): Stable {
  const end = buffer.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > buffer.length) return { bytes: buffer, by: [] };
  const count = buffer.readUInt16LE(end + 10);
  let at = buffer.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > end || buffer.readUInt32LE(at) !== 0x02014b50) return { bytes: buffer, by: [] };
    const local = buffer.readUInt32LE(at + 42);
    buffer.fill(0, at + 12, at + 16);
    if (local + 14 <= buffer.length) buffer.fill(0, local + 10, local + 14);
    const [name, extra, comment] = [28, 30, 32].map((field) => buffer.readUInt16LE(at + field));
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return { bytes: buffer, by: ["zip-time"] };
}

function ar(buffer: Buffer): Stable {
  const HEADER = 60;
  for (let at = 8; at + HEADER <= buffer.length;) {
    const size = Number.parseInt(buffer.toString("latin1", at + 48, at + 58), 10);
    if (!(size >= 0)) return { bytes: buffer, by: [] };
    buffer.fill(0x20, at + 16, at + 40);
    at += HEADER + size + (size % 2);
  }
  return { bytes: buffer, by: ["ar-owner-and-time"] };
}
