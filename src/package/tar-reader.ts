// Reads a tar archive: ustar, GNU's long names, pax headers. Names are byte strings, and never lead out of
// the folder that the archive stands for.
import { textOf, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./archive-errors.ts";

export type TarKind = "file" | "folder" | "link" | "hard-link" | "character" | "block" | "fifo";

/** Bytes that can be had anywhere: a `Uint8Array` is one, a file can be. */
export interface ByteSource {
  readonly length: number;
  subarray(start: number, end: number): Uint8Array;
}

export interface TarEntry {
  kind: TarKind;
  /** Relative, without `.` and `..`; empty for the folder itself. */
  path: string;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  /** Of a link: its text. Of a hard link: a path as above. */
  target: string;
  /** Of a pax header before it: keys and values are byte strings. */
  records: ReadonlyMap<string, string>;
  /** How many extended attributes it has (pax `SCHILY.xattr.`). */
  attributes: number;
  /** Major and minor number of a device. */
  device: readonly [number, number];
  /** Where its content is in the archive, and how long. */
  offset: number;
  size: number;
  /** Read when it is asked for. */
  readonly content: Uint8Array;
}

const BLOCK = 512;
const KINDS: Readonly<Record<string, TarKind>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  "5": "folder",
  "2": "link",
  "1": "hard-link",
  "3": "character",
  "4": "block",
  "6": "fifo",
};

/** What others take of a mode: the type of a file stands elsewhere. */
const MODE_BITS = 0o7777;
/** Mode, owner, group, size and time: where they stand. */
const NUMBERS = [
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
] as const;

/** Names, and headers about an entry, are no longer. */
const HEADER_MAX = 2 ** 20;

/**
 * An archive that others must read as we do: no path twice and none below what is no folder, no header about all that follows or about
 * nothing, no content of what is no file, numbers that are some, and nothing behind its end.
 * @throws PipeliteError ARCHIVE_INVALID
 */
export function* readStrictTar(bytes: ByteSource): Generator<TarEntry> {
  const kinds = new Map<string, TarKind>();
  const parents = new Set<string>();
  for (const entry of readTar(bytes, true)) {
    const { path, kind } = entry;
    if (kinds.has(path)) throw wrong(`'${path}' is in it twice`);
    kinds.set(path, kind);
    if (kind !== "folder" && (path === "" || parents.has(path)))
      throw wrong(`'${path}' is a ${kind}, and a folder`);
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at);
      if ((kinds.get(parent) ?? "folder") !== "folder")
        throw wrong(`'${path}' is below '${parent}', which is no folder`);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
    yield entry;
  }
}

/** @throws PipeliteError ARCHIVE_INVALID */
export function* readTar(bytes: ByteSource, isStrict = false): Generator<TarEntry> {
  let longName: string | undefined;
  let longTarget: string | undefined;
  let pax = new Map<string, string>();
  let at = 0;
  for (;;) {
    if (at + BLOCK > bytes.length) throw wrong("it is cut off");
    const header = bytes.subarray(at, at + BLOCK);
    const isAbout = longName !== undefined || longTarget !== undefined || pax.size > 0;
    if (header.every((byte) => byte === 0)) {
      if (isStrict && isAbout) throw wrong("it ends with a header about nothing");
      if (isStrict) requireEnd(bytes, at);
      return;
    }
    checkSum(header, at);
    if (isStrict) requireNumbers(header, at);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = pax.has("size") ? digitsIn(pax.get("size")) : numberIn(header, 124, 12);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > bytes.length)
      throw wrong(`the entry at byte ${at} is cut off`);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L" || type === "K" || type === "x") {
      if (size > HEADER_MAX) throw wrong(`the header at byte ${start - BLOCK} has ${size} bytes`);
      const content = bytes.subarray(start, start + size);
      const isAgain = { L: longName, K: longTarget, x: pax.size > 0 ? "" : undefined }[type] !== undefined;
      if (isStrict && (isAgain || (type !== "x" && content.subarray(0, -1).includes(0))))
        throw wrong(`the header at byte ${start - BLOCK} says two things`);
      if (type === "L") longName = textIn(content, 0, size);
      else if (type === "K") longTarget = textIn(content, 0, size);
      else pax = readPax(content);
    } else if (type === "g") {
      if (isStrict) throw wrong("it has a header about all that follows");
    } else {
      const kind = KINDS[type];
      if (kind === undefined) throw wrong(`its entries of type '${type}' are not known`);
      const name = pax.get("path") ?? longName ?? nameOf(header);
      const target = pax.get("linkpath") ?? longTarget ?? textIn(header, 157, 100);
      const path = cleanPath(name);
      if (isStrict && (kind === "file" ? name.endsWith("/") : size > 0))
        throw wrong(`'${path}' is a ${kind} with ${size} bytes, called '${name}'`);
      const end = kind === "file" ? start + size : start;
      const number = (key: string, offset: number, length: number): number =>
        Math.trunc(Number(pax.get(key) ?? numberIn(header, offset, length)));
      const keys = [...pax.keys()];
      const isDevice = kind === "character" || kind === "block";
      if (keys.some((key) => key.startsWith("GNU.sparse."))) throw wrong(`the file '${path}' has holes`);
      yield {
        kind: kind === "file" && name.endsWith("/") ? "folder" : kind,
        path,
        mode: numberIn(header, 100, 8) & MODE_BITS,
        uid: number("uid", 108, 8),
        gid: number("gid", 116, 8),
        mtime: number("mtime", 136, 12),
        target: kind === "hard-link" ? cleanPath(target) : kind === "link" ? target : "",
        records: pax,
        attributes: keys.filter((key) => key.startsWith("SCHILY.xattr.")).length,
        device: isDevice ? [numberIn(header, 329, 8), numberIn(header, 337, 8)] : [0, 0],
        offset: start,
        size: end - start,
        get content() {
          return bytes.subarray(start, end);
        },
      };
      [longName, longTarget, pax] = [undefined, undefined, new Map()];
    }
  }
}

/** @param problem names in it are byte strings */
function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "tar", problem: textOf(problem) });
}

/** Some readers go on behind one block of zeros: what follows the end would be there for them alone. */
function requireEnd(bytes: ByteSource, end: number): void {
  for (let at = end; at < bytes.length; at += HEADER_MAX)
    if (bytes.subarray(at, Math.min(at + HEADER_MAX, bytes.length)).some((byte) => byte !== 0))
      throw wrong("something follows its end");
}

/** Octal digits with nothing between them: of other texts each reader makes another number. */
function requireNumbers(header: Uint8Array, at: number): void {
  for (const [offset, length] of NUMBERS) {
    const text = toByteString(header.subarray(offset, offset + length));
    if (text.charCodeAt(0) < 0x80 && !/^ *[0-7]*[ \0]*$/.test(text))
      throw wrong(`a number of the entry at byte ${at} is none`);
  }
}

/** Nothing but digits: what JavaScript takes for a number besides, others take for another. */
function digitsIn(text = ""): number {
  return /^\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
}

function checkSum(header: Uint8Array, at: number): void {
  const [CHECKSUM, CHECKSUM_BYTES, SPACE] = [148, 8, 32];
  const isSum = (index: number) => index >= CHECKSUM && index < CHECKSUM + CHECKSUM_BYTES;
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += isSum(index) ? SPACE : byte;
  if (sum !== numberIn(header, CHECKSUM, CHECKSUM_BYTES)) throw wrong(`no entry at byte ${at}`);
}

/** Octal digits, or, as GNU and star write large ones, base 256 with the first bit set. */
function numberIn(header: Uint8Array, offset: number, length: number): number {
  const field = header.subarray(offset, offset + length);
  const [first = 0] = field;
  if (first < 0x80) return Number.parseInt(toByteString(field).replaceAll("\0", " ").trim() || "0", 8);
  if (first !== 0x80) throw wrong("it has a negative number");
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function textIn(bytes: Uint8Array, offset: number, length: number): string {
  const [text = ""] = toByteString(bytes.subarray(offset, offset + length)).split("\0", 1);
  return text;
}

function nameOf(header: Uint8Array): string {
  const name = textIn(header, 0, 100);
  const isUstar = toByteString(header.subarray(257, 263)) === "ustar\0";
  const prefix = isUstar ? textIn(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Records `LENGTH KEY=VALUE\n`; the length counts all of the record. */
function readPax(content: Uint8Array): Map<string, string> {
  const text = toByteString(content);
  const records = new Map<string, string>();
  for (let at = 0; at < text.length && text[at] !== "\0";) {
    const [digits = ""] = /^\d+(?= )/.exec(text.slice(at, at + 20)) ?? [];
    const record = text.slice(at, at + Number(digits));
    const equals = record.indexOf("=");
    if (digits === "" || equals < 0 || !record.endsWith("\n") || record.includes("\0"))
      throw wrong("a pax header is malformed");
    records.set(record.slice(digits.length + 1, equals), record.slice(equals + 1, -1));
    at += record.length;
  }
  return records;
}

function cleanPath(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (
    (name.startsWith("/") && parts.length > 0) ||
    parts.includes("..") ||
    name.includes("\0") ||
    name === ""
  )
    throw wrong(`the name '${name}' leads out of it`);
  return parts.join("/");
}
