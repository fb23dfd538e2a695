// Reads zip archives as wheels are: stored or deflated, not encrypted, with the sizes of the central directory (APPNOTE 6.3); those
// with sizes of 64 bits (zip64) too.
import { crc32, inflateRawSync } from "node:zlib";
import { pipeliteError } from "./archive-errors.ts";
import type { ByteSource } from "./tar-reader.ts";

export interface ZipEntry {
  name: string;
  /** Of Unix, without the type; 0 where the archive has none. */
  mode: number;
  isFolder: boolean;
  size: number;
  /** Read, unpacked and checked when it is asked for. */
  read: () => Uint8Array;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_BYTES = 20;
/** Of an entry: the sizes and places that 32 bits can't hold. */
const EXTRA64 = 1;
/** Stands where 64 bits say it. */
const IN_64 = 0xffffffff;
const COMMENT_MAX = 0xffff;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const SIZE_MAX = 2 ** 31;

/** @throws PipeliteError ARCHIVE_INVALID */
export function readZip(source: ByteSource): ZipEntry[] {
  const tailStart = Math.max(source.length - END_BYTES - COMMENT_MAX, 0);
  const tail = view(source, tailStart, source.length);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw wrong("it has no end");
  // Readers differ in what they take of an archive whose parts lie otherwise: it would be another one to each.
  if (at + END_BYTES + tail.getUint16(at + 20, true) !== tail.byteLength)
    throw wrong("there is something behind its end");
  const { count, size, start, end } = directoryOf(source, tail, { at, from: tailStart });
  if (start + size > source.length) throw wrong("its directory is cut off");
  if (start + size !== end) throw wrong("its directory does not stand before its end");
  const directory = source.subarray(start, start + size);
  const fields = viewOf(directory);
  const entries: ZipEntry[] = [];
  const seen = new Set<string>();
  let next = 0;
  for (let index = 0; index < count; index += 1) {
    if (next + 46 > size || fields.getUint32(next, true) !== ENTRY) throw wrong("its directory is malformed");
    const names = [28, 30, 32].map((offset) => fields.getUint16(next + offset, true));
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = names;
    const name = decode(directory.subarray(next + 46, next + 46 + nameBytes));
    if (seen.has(name)) throw wrong(`'${name}' is in it twice`);
    seen.add(name);
    const extra = [next + 46 + nameBytes, extraBytes] as const;
    entries.push(entryOf(name, fields, { next, extra, source }));
    next += 46 + nameBytes + extraBytes + commentBytes;
  }
  if (next !== size) throw wrong("its directory has more than it says");
  return entries;
}

/** Where the list of what is in it is. @param at where the end is in the tail, and the tail in the archive */
function directoryOf(
  source: ByteSource,
  tail: DataView,
  { at, from: tailStart }: { at: number; from: number },
): Record<"count" | "size" | "start" | "end", number> {
  const plain = {
    end: tailStart + at,
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  const locator = at - LOCATOR64_BYTES;
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR64) return plain;
  const from = toNumber(tail.getBigUint64(locator + 8, true));
  const end = view(source, from, from + END64_BYTES);
  if (end.byteLength < END64_BYTES || end.getUint32(0, true) !== END64)
    throw wrong("its end of 64 bits is not where it says");
  const [count = 0, size = 0, start = 0] = [32, 40, 48].map((offset) =>
    toNumber(end.getBigUint64(offset, true)),
  );
  return { count, size, start, end: from };
}

/** The field of 64 bits for each of these that is too large for 32, in their order (APPNOTE 4.5.3). */
function wide(
  values: readonly number[],
  fields: DataView,
  [from, length]: readonly [number, number],
  name: string,
): number[] {
  if (!values.includes(IN_64)) return [...values];
  const end = from + length;
  let at = from;
  while (at + 4 <= end && fields.getUint16(at, true) !== EXTRA64) at += 4 + fields.getUint16(at + 2, true);
  let next = at + 4;
  const last = at + 4 <= end ? Math.min(next + fields.getUint16(at + 2, true), end) : at;
  return values.map((value) => {
    if (value !== IN_64) return value;
    if (next + 8 > last) throw wrong(`'${name}' does not say how large it is`);
    next += 8;
    return toNumber(fields.getBigUint64(next - 8, true));
  });
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong("a size of it is beyond all reason");
  return Number(value);
}

interface InDirectory {
  /** Where it is in the directory. */
  next: number;
  /** Where its extra fields are there, and how long. */
  extra: readonly [number, number];
  source: ByteSource;
}

function entryOf(name: string, fields: DataView, { next, extra, source }: InDirectory): ZipEntry {
  const [flags, method] = [fields.getUint16(next + 8, true), fields.getUint16(next + 10, true)];
  const [sum, attributes] = [fields.getUint32(next + 16, true), fields.getUint32(next + 38, true)];
  const plain = [24, 20, 42].map((offset) => fields.getUint32(next + offset, true));
  if (extra[0] + extra[1] > fields.byteLength) throw wrong("its directory is malformed");
  const [size = 0, packed = 0, start = 0] = wide(plain, fields, extra, name);
  if (size > SIZE_MAX || packed > SIZE_MAX) throw wrong(`'${name}' is too large`);
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) throw wrong(`'${name}' is packed in another way`);
  const read = (): Uint8Array => {
    const local = view(source, start, start + 30);
    if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL)
      throw wrong(`'${name}' is not where it says`);
    const nameEnd = start + 30 + local.getUint16(26, true);
    if (decode(source.subarray(start + 30, Math.min(nameEnd, source.length))) !== name)
      throw wrong(`'${name}' has another name where it stands`);
    const from = nameEnd + local.getUint16(28, true);
    const bytes = source.subarray(from, from + packed);
    const content = method === 0 ? bytes : inflate(bytes, size, name);
    if (content.length !== size || crc32(content) !== sum) throw wrong(`'${name}' is damaged`);
    return content;
  };
  return { name, mode: (attributes >>> 16) & 0o7777, isFolder: name.endsWith("/"), size, read };
}

function inflate(bytes: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw pipeliteError("ARCHIVE_INVALID", { format: "zip", problem: `'${name}' is damaged` }, error);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw wrong("a name of it is not UTF-8");
  }
}

function view(source: ByteSource, start: number, end: number): DataView {
  return viewOf(source.subarray(start, Math.min(end, source.length)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "zip", problem });
}
