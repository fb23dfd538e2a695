// Executables of Linux (ELF-64, little endian; System V ABI): which loader one names, and having it name another. Only what
// is needed to start a program from a store path by itself, with the libraries that were captured with it.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Edit } from "./bytes.ts";

const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const TAG = { end: 0, needed: 1, stringTable: 5, stringTableSize: 10, path: 15, runPath: 29 } as const;
const PAGE_BYTES = 4096;
const ENTRY_BYTES = 16;
/** Of a segment. */
const HEADER_BYTES = 56;
/** Of a library. */
const NAME_BYTES_MAX = 256;
/** No address of a program is larger. */
const ADDRESS_MAX = 2 ** 48;

interface Segment {
  /** Where its header is in the file. */
  header: number;
  type: number;
  offset: number;
  address: number;
  size: number;
}

/** @returns the loader (PT_INTERP); undefined for a program without one, null for what is no such executable */
export function readLoader(file: string | Buffer): string | undefined | null {
  const fd = openSync(file, "r");
  try {
    const segments = readSegments(fd);
    if (segments === null) return null;
    const named = segments.find(({ type }) => type === SEGMENT.interpreter);
    return named && read(fd, named.offset, named.size).toString("latin1").replace(/\0.*$/, "");
  } finally {
    closeSync(fd);
  }
}

/** The libraries that an executable or a library names (DT_NEEDED), in its order. */
export function readNeeded(file: string): string[] {
  const fd = openSync(file, "r");
  try {
    const segments = readSegments(fd) ?? [];
    const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
    if (dynamic === undefined) return [];
    const table = read(fd, dynamic.offset, dynamic.size);
    const entries = Array.from({ length: Math.floor(table.length / ENTRY_BYTES) }, (_, index) => ({
      tag: Number(table.readBigInt64LE(index * ENTRY_BYTES)),
      value: Number(table.readBigUInt64LE(index * ENTRY_BYTES + 8)),
    }));
    const end = entries.findIndex(({ tag }) => tag === TAG.end);
    const used = end < 0 ? entries : entries.slice(0, end);
    const strings = used.find(({ tag }) => tag === TAG.stringTable)?.value ?? 0;
    const holder = segments.find(
      ({ type, address, size }) => type === SEGMENT.load && strings >= address && strings < address + size,
    );
    if (holder === undefined) return [];
    const start = holder.offset + strings - holder.address;
    return used
      .filter(({ tag }) => tag === TAG.needed)
      .map(({ value }) =>
        read(fd, start + value, NAME_BYTES_MAX)
          .toString("latin1")
          .replace(/\0[^]*$/, ""),
      );
  } finally {
    closeSync(fd);
  }
}

/**
 * What must be changed in an executable so that it names this loader, and looks for all its libraries in this folder before
 * anywhere else (DT_RPATH). Both names go into the unused end of the page behind its first segment; nothing is moved.
 * @returns undefined when there is no room or it has such a folder already
 */
export function editsToName(file: string, names: { loader: string; libraries: string }): Edit[] | undefined {
  const fd = openSync(file, "r");
  try {
    const segments = readSegments(fd) ?? [];
    const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
    const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
    const first = segments.find(({ type }) => type === SEGMENT.load);
    if (interpreter === undefined || dynamic === undefined || first === undefined) return undefined;
    const text = Buffer.from(`${names.loader}\0${names.libraries}\0`, "latin1");
    const at = first.offset + first.size;
    if (!hasRoom(fd, segments, at, text.length)) return undefined;
    const address = first.address + first.size;
    const folder = withLibraryFolder(fd, dynamic, address + names.loader.length + 1, address + text.length);
    if (folder === undefined) return undefined;
    return [
      folder,
      { at, bytes: text },
      movedSegment(interpreter, { offset: at, address, size: names.loader.length + 1 }),
      movedSegment(first, { ...first, size: first.size + text.length }),
    ];
  } finally {
    closeSync(fd);
  }
}

/** What is behind the segment up to the end of its page belongs to nothing, and is mapped with it. */
function hasRoom(fd: number, segments: readonly Segment[], at: number, size: number): boolean {
  const pageEnd = Math.ceil(at / PAGE_BYTES) * PAGE_BYTES;
  const isTaken = segments.some(({ offset }) => offset >= at && offset < at + size);
  return at + size <= pageEnd && !isTaken && read(fd, at, size).every((byte) => byte === 0);
}

/** Needs a spare entry: linkers leave some at the end. Strings are told by their distance from the table of strings. */
function withLibraryFolder(
  fd: number,
  { offset, size }: Segment,
  address: number,
  end: number,
): Edit | undefined {
  const table = read(fd, offset, size);
  const tags = Array.from({ length: Math.floor(size / ENTRY_BYTES) }, (_, index) => {
    return Number(table.readBigInt64LE(index * ENTRY_BYTES));
  });
  const last = tags.indexOf(TAG.end);
  const strings = tags.indexOf(TAG.stringTable);
  if (last < 0 || last + 1 >= tags.length || strings < 0) return undefined;
  if (tags.includes(TAG.path) || tags.includes(TAG.runPath)) return undefined;
  const start = Number(table.readBigUInt64LE(strings * ENTRY_BYTES + 8));
  if (address < start) return undefined;
  const put = (index: number, tag: number, value: number) => {
    table.writeBigInt64LE(BigInt(tag), index * ENTRY_BYTES);
    table.writeBigInt64LE(BigInt(value), index * ENTRY_BYTES + 8);
  };
  put(last, TAG.path, address - start);
  const sizeAt = tags.indexOf(TAG.stringTableSize);
  if (sizeAt >= 0) put(sizeAt, TAG.stringTableSize, end - start);
  return { at: offset, bytes: table };
}

function readSegments(fd: number): Segment[] | null {
  const header = read(fd, 0, 64);
  if (header.toString("latin1", 0, 4) !== "\x7fELF" || header[4] !== 2 || header[5] !== 1) return null;
  const start = Number(header.readBigUInt64LE(32));
  const [entrySize, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  const isInFile = ({ offset, size }: Pick<Segment, "offset" | "size">) =>
    offset + size <= fstatSync(fd).size;
  if (count === 0) return [];
  if (entrySize < HEADER_BYTES || !isInFile({ offset: start, size: entrySize * count })) return null;
  const table = read(fd, start, entrySize * count);
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const at = index * entrySize;
    return {
      header: start + at,
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
  const isRight = segments.every(({ type, offset, address, size }) => {
    // What else there is is not read, and need not be in the file.
    const isRead = type === SEGMENT.interpreter || type === SEGMENT.dynamic;
    return Math.max(offset, address, size) < ADDRESS_MAX && (!isRead || isInFile({ offset, size }));
  });
  return isRight ? segments : null;
}

function movedSegment(
  { header }: Segment,
  { offset, address, size }: Pick<Segment, "offset" | "address" | "size">,
): Edit {
  // Offset in the file, virtual and physical address, size in the file and in memory.
  const words = BigUint64Array.from([offset, address, address, size, size].map(BigInt));
  return { at: header + 8, bytes: new Uint8Array(words.buffer) };
}

function read(fd: number, offset: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  readSync(fd, buffer, 0, size, offset);
  return buffer;
}
