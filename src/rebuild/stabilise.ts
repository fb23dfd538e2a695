// Files of archives with what says when and by whom they were packed taken out: two that are then the same are `equivalent`,
// which is less than reproduced and never called so. What was taken out is named. Pure.
import { inflateRawSync } from "node:zlib";

export type Stabiliser = "gzip-header" | "tar-owner-and-time" | "zip-time" | "ar-owner-and-time";

export interface Stable {
  bytes: Uint8Array;
  /** What was taken out on the way. */
  by: Stabiliser[];
}

const UNPACKED_MAX_BYTES = 256 * 1024 * 1024;

/** @returns the bytes as they are where they are no archive that is known */
export function stabilise(bytes: Uint8Array): Stable {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

/** One member that ends with the file, as what stands behind it would not be compared. Packed otherwise, it is not the same. */
function gzip(buffer: Buffer): Stable {
  const unknown: Stable = { bytes: buffer, by: [] };
  const header = gzipHeader(buffer);
  const TRAILER_BYTES = 8;
  if (header === undefined || header + TRAILER_BYTES > buffer.length) return unknown;
  try {
    const packed = buffer.subarray(header, -TRAILER_BYTES);
    const { buffer: unpacked, engine } = inflateRawSync(packed, {
      maxOutputLength: UNPACKED_MAX_BYTES,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    if (engine.bytesWritten !== packed.length) return unknown;
    const inner = stabilise(unpacked);
    const bytes = inner.by.length === 0 ? buffer.subarray(header) : inner.bytes;
    return { bytes, by: ["gzip-header", ...inner.by] };
  } catch {
    return unknown;
  }
}

/** Its length (RFC 1952, 2.3). */
function gzipHeader(buffer: Buffer): number | undefined {
  const [FIXED_BYTES, CHECK, EXTRA, NAME, COMMENT, RESERVED] = [10, 2, 4, 8, 16, 0xe0];
  const flags = buffer[3] ?? RESERVED;
  if (buffer[2] !== 8 || (flags & RESERVED) !== 0 || buffer.length < FIXED_BYTES + 2) return undefined;
  let at = FIXED_BYTES;
  if ((flags & EXTRA) !== 0) at += 2 + buffer.readUInt16LE(at);
  for (const flag of [NAME, COMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = buffer.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  return (flags & CHECK) === 0 ? at : at + 2;
}

const TAR_BLOCK = 512;
/** Owner and group as numbers, time, sum of the header, and the names of owner and group. */
const TAR_FIELDS = [
  [108, 124],
  [136, 156],
  [265, 329],
] as const;
const TAR_SUM = [148, 156] as const;

function tar(buffer: Buffer): Stable {
  const bytes = Buffer.from(buffer);
  for (let at = 0; at + TAR_BLOCK <= buffer.length && buffer[at] !== 0;) {
    const header = buffer.subarray(at, at + TAR_BLOCK);
    const size = Number.parseInt(header.toString("latin1", 124, 136), 8);
    // Where no header stands, what would be taken out is content.
    if (!(size >= 0) || !isTarHeader(header)) return { bytes: buffer, by: [] };
    for (const [from, to] of TAR_FIELDS) bytes.fill(0, at + from, at + to);
    at += TAR_BLOCK * (1 + Math.ceil(size / TAR_BLOCK));
  }
  return { bytes, by: ["tar-owner-and-time"] };
}

function isTarHeader(header: Buffer): boolean {
  const [from, to] = TAR_SUM;
  const blank = Buffer.from(header).fill(" ", from, to);
  const sum = blank.reduce((total, byte) => total + byte, 0);
  return Number.parseInt(header.toString("latin1", from, to), 8) === sum;
}

/** Times of the headers that stand where the directory at the end says. */
function zip(buffer: Buffer): Stable {
  const unknown: Stable = { bytes: buffer, by: [] };
  const [LOCAL, CENTRAL] = [0x04034b50, 0x02014b50];
  const bytes = Buffer.from(buffer);
  const end = buffer.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > buffer.length) return unknown;
  const count = buffer.readUInt16LE(end + 10);
  let at = buffer.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > end || buffer.readUInt32LE(at) !== CENTRAL) return unknown;
    const local = buffer.readUInt32LE(at + 42);
    if (local + 30 > buffer.length || buffer.readUInt32LE(local) !== LOCAL) return unknown;
    bytes.fill(0, at + 12, at + 16);
    bytes.fill(0, local + 10, local + 14);
    const [name, extra, comment] = [28, 30, 32].map((field) => buffer.readUInt16LE(at + field));
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return { bytes, by: ["zip-time"] };
}

function ar(buffer: Buffer): Stable {
  const [HEADER, END] = [60, "`\n"];
  const bytes = Buffer.from(buffer);
  for (let at = 8; at < buffer.length;) {
    const size = Number.parseInt(buffer.toString("latin1", at + 48, at + 58), 10);
    if (!(size >= 0) || buffer.toString("latin1", at + 58, at + HEADER) !== END)
      return { bytes: buffer, by: [] };
    bytes.fill(0x20, at + 16, at + 40);
    at += HEADER + size + (size % 2);
  }
  return { bytes, by: ["ar-owner-and-time"] };
}
