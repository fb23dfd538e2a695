// The `newc` form of cpio, the payload of an rpm: a header of 110 characters in hex, the name, the content, each filled up to
// four bytes. Specification: cpio(5) of libarchive, "New ASCII Format".
import { fromByteString, textOf, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./archive-errors.ts";
import type { PackagedFile } from "./packaged.ts";

const MAGIC = "070701";
const HEADER_BYTES = 110;
const LAST = "TRAILER!!!";
/** Its fields have 32 bits. */
export const CPIO_SIZE_MAX = 2 ** 32 - 1;

const KINDS = { file: 0o100000, folder: 0o040000, link: 0o120000 } as const;

export interface CpioEntry {
  kind: PackagedFile["kind"];
  /** As it stands there, `./usr/bin/x`; a byte string. */
  name: string;
  mode: number;
  mtime: number;
  target: string;
  content: Uint8Array;
}

export interface CpioPlace {
  timeSeconds: number;
  /** Of the entry in the archive, from 1. */
  inode: number;
}

/** What stands before the content of a file; a link's text is in it. */
export function cpioHeader(file: PackagedFile, { timeSeconds, inode }: CpioPlace): Uint8Array {
  const { path, kind, mode, size, target } = file;
  const length = kind === "link" ? target.length : size;
  const links = kind === "folder" ? 2 : 1;
  const fields = [inode, KINDS[kind] | mode, 0, 0, links, timeSeconds, length];
  const head = headerOf(`./${path}`, fields);
  return kind === "link" ? Buffer.concat([head, fromByteString(target), filling(target.length)]) : head;
}

/** What fills content of so many bytes up. */
export function filling(size: number): Uint8Array {
  return new Uint8Array((4 - (size % 4)) % 4);
}

export function cpioEnd(): Uint8Array {
  return headerOf(LAST, [0, 0, 0, 0, 1, 0, 0]);
}

/** @param fields inode, mode, owner, group, links, time, size */
function headerOf(name: string, fields: readonly number[]): Uint8Array {
  const all = [...fields, 0, 0, 0, 0, name.length + 1, 0];
  const text = `${MAGIC}${all.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([fromByteString(text), filling(text.length)]);
}

/** @throws PipeliteError ARCHIVE_INVALID */
export function* readCpio(bytes: Uint8Array): Generator<CpioEntry> {
  const wrong = (problem: string) =>
    pipeliteError("ARCHIVE_INVALID", { format: "cpio", problem: textOf(problem) });
  const seen = new Set<string>();
  for (let at = 0; ;) {
    const header = toByteString(bytes.subarray(at, at + HEADER_BYTES));
    if (header.length < HEADER_BYTES || !/^070701[0-9a-fA-F]{104}$/.test(header))
      throw wrong(`no entry at byte ${at}`);
    const field = (index: number): number => Number.parseInt(header.slice(6 + index * 8, 14 + index * 8), 16);
    const [mode, mtime, size, nameLength] = [field(1), field(5), field(6), field(11)];
    const nameEnd = at + HEADER_BYTES + nameLength;
    const name = toByteString(bytes.subarray(at + HEADER_BYTES, nameEnd));
    if (nameEnd > bytes.length || !/^[^\0]+\0$/.test(name))
      throw wrong(`the name at byte ${at} is malformed`);
    const start = up(nameEnd);
    const plain = name.slice(0, -1);
    if (plain === LAST) {
      if (bytes.subarray(start).some((byte) => byte !== 0)) throw wrong("something follows its end");
      return;
    }
    if (start + size > bytes.length) throw wrong(`the entry at byte ${at} is cut off`);
    const [, ...parts] = plain.split("/");
    if (parts.includes("..") || !plain.startsWith("./")) throw wrong(`the name '${plain}' leads out of it`);
    if (plain !== "./" && parts.some((part) => part === "" || part === "."))
      throw wrong(`the name '${plain}' has another form, too`);
    if (seen.has(plain)) throw wrong(`'${plain}' is in it twice`);
    seen.add(plain);
    const kind = (Object.keys(KINDS) as (keyof typeof KINDS)[]).find(
      (each) => KINDS[each] === (mode & 0o170000),
    );
    if (kind === undefined) throw wrong(`the entry '${plain}' is of no known kind`);
    const content = bytes.subarray(start, start + size);
    yield {
      kind,
      name: plain,
      mode: mode & 0o7777,
      mtime,
      target: kind === "link" ? toByteString(content) : "",
      content: kind === "file" ? content : new Uint8Array(),
    };
    at = up(start + size);
  }
}

function up(size: number): number {
  return Math.ceil(size / 4) * 4;
}
