// Where two outputs differ: which files, and of the first of them the first byte with what stands around it.
import { closeSync, lstatSync, openSync, readSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

/** In bytes; what is shown of a file around the first difference. */
const [BEFORE, AFTER] = [48, 80];
const PIECE_BYTES = 1024 * 1024;

export interface Side {
  /** `file`, `folder`, `link`, `absent` */
  kind: string;
  isExecutable?: boolean;
  /** Of a file, in bytes. */
  size?: number;
  /** Where a link leads. */
  target?: string;
  /** The bytes around the first difference, in hexadecimal, and where they begin in the file. */
  around?: { offset: number; hex: string };
}

export interface Difference {
  /** Below the output; empty where that is one file. */
  file: string;
  what: "kind" | "executable" | "link" | "content";
  /** The first byte that differs; of content. */
  offset?: number;
  /** The same bytes in another order. */
  isReordered?: boolean;
  one: Side;
  other: Side;
}

/**
 * All files that differ, sorted by their names, each with its first difference.
 * @param most so many at the most
 */
export function compareTrees(one: string, other: string, most = 100): Difference[] {
  const found: Difference[] = [];
  const walk = (file: string): void => {
    if (found.length >= most) return;
    const [a, b] = [join(one, file), join(other, file)];
    const [statA, statB] = [statOf(a), statOf(b)];
    const [sideA, sideB] = [sideOf(a, statA), sideOf(b, statB)];
    const add = (what: Difference["what"], more: Partial<Difference> = {}): void =>
      void found.push({ file, what, ...more, one: sideA, other: sideB });
    if (sideA.kind !== sideB.kind) return add("kind");
    if (sideA.kind === "link") return sideA.target === sideB.target ? undefined : add("link");
    if (sideA.kind === "folder") {
      for (const name of [...new Set([...readdirSync(a), ...readdirSync(b)])].toSorted())
        walk(file === "" ? name : `${file}/${name}`);
      return;
    }
    const offset = firstDifference(a, b);
    if (offset !== undefined) {
      sideA.around = around(a, offset);
      sideB.around = around(b, offset);
      const isReordered = sideA.size === sideB.size && countsOf(a).equals(countsOf(b));
      add("content", { offset, ...(isReordered && { isReordered }) });
    } else if (sideA.isExecutable !== sideB.isExecutable) add("executable");
  };
  walk("");
  return found;
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function sideOf(path: string, stat: Stats | undefined): Side {
  if (stat === undefined) return { kind: "absent" };
  if (stat.isSymbolicLink()) return { kind: "link", target: readlinkSync(path) };
  if (stat.isDirectory()) return { kind: "folder" };
  return { kind: "file", isExecutable: (stat.mode & 0o100) !== 0, size: stat.size };
}

/** @returns undefined when the files have the same bytes */
function firstDifference(one: string, other: string): number | undefined {
  const [a, b] = [Buffer.alloc(PIECE_BYTES), Buffer.alloc(PIECE_BYTES)];
  const [fdA, fdB] = [openSync(one, "r"), openSync(other, "r")];
  try {
    for (let at = 0; ; at += PIECE_BYTES) {
      const [readA, readB] = [fill(fdA, a, at), fill(fdB, b, at)];
      const least = Math.min(readA, readB);
      for (let index = 0; index < least; index += 1) if (a[index] !== b[index]) return at + index;
      if (readA !== readB) return at + least;
      if (readA < PIECE_BYTES) return undefined;
    }
  } finally {
    closeSync(fdA);
    closeSync(fdB);
  }
}

/** How often each byte is in a file. */
function countsOf(path: string): Buffer {
  const counts = new Float64Array(256);
  const piece = Buffer.alloc(PIECE_BYTES);
  const fd = openSync(path, "r");
  try {
    for (let at = 0, size = PIECE_BYTES; size === PIECE_BYTES; at += size) {
      size = fill(fd, piece, at);
      for (const byte of piece.subarray(0, size)) counts[byte] = (counts[byte] ?? 0) + 1;
    }
  } finally {
    closeSync(fd);
  }
  return Buffer.from(counts.buffer);
}

function fill(fd: number, buffer: Buffer, position: number): number {
  let size = 0;
  for (let read = 1; read > 0 && size < buffer.length; size += read)
    read = readSync(fd, buffer, size, buffer.length - size, position + size);
  return size;
}

function around(path: string, offset: number): { offset: number; hex: string } {
  const start = Math.max(0, offset - BEFORE);
  const buffer = Buffer.alloc(offset - start + AFTER);
  const fd = openSync(path, "r");
  try {
    return { offset: start, hex: buffer.subarray(0, fill(fd, buffer, start)).toString("hex") };
  } finally {
    closeSync(fd);
  }
}
