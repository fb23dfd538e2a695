// The header of rpm, of which a package has two: an index of tags, and their data. Specification: rpm 4.18,
// docs/manual/hregions.md and format.md; the region that comes first says which entries are covered by signatures.
import { fromByteString, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./archive-errors.ts";

export type RpmValue =
  | { int16: readonly number[] }
  | { int32: readonly number[] }
  | { int64: readonly number[] }
  | { text: string }
  | { bytes: Uint8Array }
  | { texts: readonly string[] }
  | { translated: string };

/** Tag -> value; texts are byte strings. */
export type RpmTags = ReadonlyMap<number, RpmValue>;

export const REGION = { signature: 62, immutable: 63 } as const;

const MAGIC = Uint8Array.of(0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0);
const HEAD_BYTES = 16;
const ENTRY_BYTES = 16;
const TYPE = { int16: 3, int32: 4, int64: 5, text: 6, bytes: 7, texts: 8, translated: 9 } as const;
const WIDTH: Readonly<Record<number, number>> = { 3: 2, 4: 4, 5: 8 };
/** What rpm itself refuses above (lib/header.c). */
const ENTRIES_MAX = 0xffff;
const DATA_MAX = 0x0fffffff;

/** @throws PipeliteError ARCHIVE_INVALID for more data than rpm reads */
export function writeRpmHeader(tags: RpmTags, region: number): Uint8Array {
  const sorted = [...tags].toSorted(([a], [b]) => a - b);
  const index = Buffer.alloc((sorted.length + 1) * ENTRY_BYTES);
  const data: Uint8Array[] = [];
  let size = 0;
  for (const [at, [tag, value]] of sorted.entries()) {
    const { type, count, bytes } = encoded(value);
    const width = WIDTH[type] ?? 1;
    const gap = (width - (size % width)) % width;
    if (gap > 0) data.push(new Uint8Array(gap));
    writeEntry(index, at + 1, [tag, type, size + gap, count]);
    data.push(bytes);
    size += gap + bytes.length;
  }
  const trailer = Buffer.alloc(ENTRY_BYTES);
  writeEntry(trailer, 0, [region, TYPE.bytes, -index.length, ENTRY_BYTES]);
  writeEntry(index, 0, [region, TYPE.bytes, size, ENTRY_BYTES]);
  size += ENTRY_BYTES;
  if (sorted.length >= ENTRIES_MAX || size > DATA_MAX)
    throw wrong(`its header would have ${size} bytes of data, more than ${DATA_MAX}`);
  const head = Buffer.alloc(HEAD_BYTES);
  head.set(MAGIC);
  head.writeUInt32BE(sorted.length + 1, 8);
  head.writeUInt32BE(size, 12);
  return Buffer.concat([head, index, ...data, trailer]);
}

function writeEntry(index: Buffer, at: number, [tag, type, offset, count]: [number, number, number, number]) {
  index.writeInt32BE(tag, at * ENTRY_BYTES);
  index.writeInt32BE(type, at * ENTRY_BYTES + 4);
  index.writeInt32BE(offset, at * ENTRY_BYTES + 8);
  index.writeInt32BE(count, at * ENTRY_BYTES + 12);
}

function encoded(value: RpmValue): { type: number; count: number; bytes: Uint8Array } {
  if ("text" in value) return { type: TYPE.text, count: 1, bytes: textsOf([value.text]) };
  if ("translated" in value) return { type: TYPE.translated, count: 1, bytes: textsOf([value.translated]) };
  if ("texts" in value) return { type: TYPE.texts, count: value.texts.length, bytes: textsOf(value.texts) };
  if ("bytes" in value) return { type: TYPE.bytes, count: value.bytes.length, bytes: value.bytes };
  const [type, numbers] =
    "int16" in value
      ? [TYPE.int16, value.int16]
      : "int32" in value
        ? [TYPE.int32, value.int32]
        : [TYPE.int64, value.int64];
  const width = WIDTH[type] ?? 1;
  const bytes = Buffer.alloc(numbers.length * width);
  for (const [at, number] of numbers.entries())
    if (width === 8) bytes.writeBigInt64BE(BigInt(number), at * width);
    else bytes.writeUIntBE(number, at * width, width);
  return { type, count: numbers.length, bytes };
}

function textsOf(texts: readonly string[]): Uint8Array {
  return fromByteString(texts.map((text) => `${text}\0`).join(""));
}

export interface ReadRpmHeader {
  tags: Map<number, RpmValue>;
  /** The bytes of all of it. */
  bytes: Uint8Array;
}

/**
 * The header at the start of these bytes. Strict: one region over all entries, entries in order of their tags, no data twice.
 * @throws PipeliteError ARCHIVE_INVALID
 */
export function readRpmHeader(bytes: Uint8Array, region: number): ReadRpmHeader {
  if (bytes.length < HEAD_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte))
    throw wrong("a header does not start as one");
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count, size] = [view.readUInt32BE(8), view.readUInt32BE(12)];
  const start = HEAD_BYTES + count * ENTRY_BYTES;
  if (count === 0 || count > ENTRIES_MAX || size > DATA_MAX || start + size > bytes.length)
    throw wrong("a header is cut off");
  const data = view.subarray(start, start + size);
  const entry = (at: number) =>
    [0, 4, 8, 12].map((field) => view.readInt32BE(HEAD_BYTES + at * ENTRY_BYTES + field));
  const [first = 0, firstType, offset = 0, length] = entry(0);
  const isTrailed = offset === size - ENTRY_BYTES && firstType === TYPE.bytes && length === ENTRY_BYTES;
  if (first !== region || !isTrailed || data.readInt32BE(offset + 8) !== -count * ENTRY_BYTES)
    throw wrong("a header's region does not cover it");
  const tags = new Map<number, RpmValue>();
  let [last, end] = [0, 0];
  for (let at = 1; at < count; at += 1) {
    const [tag = 0, type = 0, from = 0, many = 0] = entry(at);
    if (tag <= last && at > 1) throw wrong("the tags of a header are out of order");
    if (from < end || from > offset || many < 0 || many > DATA_MAX)
      throw wrong(`the tag ${tag} has no place in its header`);
    const { value, bytes: used } = decoded(data.subarray(from, offset), type, many, tag);
    tags.set(tag, value);
    [last, end] = [tag, from + used];
  }
  return { tags, bytes: bytes.subarray(0, start + size) };
}

function decoded(data: Buffer, type: number, count: number, tag: number): { value: RpmValue; bytes: number } {
  const width = WIDTH[type];
  if (width !== undefined || type === TYPE.bytes) {
    const bytes = count * (width ?? 1);
    if (bytes > data.length) throw wrong(`the tag ${tag} is cut off`);
    if (width === undefined) return { value: { bytes: data.subarray(0, bytes) }, bytes };
    const numbers = Array.from({ length: count }, (_, at) =>
      width === 8 ? Number(data.readBigInt64BE(at * 8)) : data.readUIntBE(at * width, width),
    );
    const value =
      type === TYPE.int16
        ? { int16: numbers }
        : type === TYPE.int32
          ? { int32: numbers }
          : { int64: numbers };
    return { value, bytes };
  }
  if (type !== TYPE.text && type !== TYPE.texts && type !== TYPE.translated)
    throw wrong(`the tag ${tag} is of no known type`);
  const texts: string[] = [];
  let at = 0;
  for (let each = 0; each < count; each += 1) {
    const end = data.indexOf(0, at);
    if (end < 0) throw wrong(`the tag ${tag} is cut off`);
    texts.push(toByteString(data.subarray(at, end)));
    at = end + 1;
  }
  const [text = ""] = texts;
  if (type === TYPE.texts) return { value: { texts }, bytes: at };
  if (count !== 1) throw wrong(`the tag ${tag} has ${count} texts`);
  return { value: type === TYPE.text ? { text } : { translated: text }, bytes: at };
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "rpm", problem });
}
