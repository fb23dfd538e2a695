// Writes tar archives: the same members give the same bytes. Where the fields of a header are too small, the dialect of GNU writes
// long names as entries before and large numbers in base 256; pax writes records of text. Other readers know both.
import { assert } from "#base/assert.ts";
import { fromByteString, toByteString } from "#base/bytes.ts";
import type { TarKind } from "./tar-reader.ts";

/** `gnu` is what packages of Debian hold, `pax` (POSIX.1-2001) what images and packages of Alpine hold. */
export type TarDialect = "gnu" | "pax";

export interface TarMember {
  /** A byte string, written as it is: relative or `./usr`, never with `..`. A folder gets its `/` at the end. */
  name: string;
  /** Default: a file. */
  kind?: TarKind;
  /** Permissions, as of chmod(2). */
  mode: number;
  /** Bytes of content that follow the header; files alone have some. Default 0. */
  size?: number;
  /** Seconds since 1970. Default 0. */
  mtime?: number;
  uid?: number;
  gid?: number;
  /** Names of owner and group, of up to 31 bytes. Default: none. */
  user?: string;
  group?: string;
  /** What a link says; the name of the member that a hard link is. */
  target?: string;
  /** Major and minor number of a device. */
  device?: readonly [number, number];
  /** Records of its own, as `APK-TOOLS.checksum.SHA1` and `SCHILY.xattr.user.x`: keys and values are byte strings. Pax alone. */
  records?: ReadonlyMap<string, string>;
}

export interface TarFile extends Omit<TarMember, "size"> {
  content?: Uint8Array;
}

const BLOCK = 512;
const NAME_BYTES = 100;
const TYPES: Readonly<Record<TarKind, string>> = {
  file: "0",
  "hard-link": "1",
  link: "2",
  character: "3",
  block: "4",
  folder: "5",
  fifo: "6",
};

/** What ends an archive: two blocks of zeros. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** A whole archive in memory. For more than fits: `tarHeader`, the content, `tarPadding`, and at the end `TAR_END`. */
export function writeTar(files: Iterable<TarFile>, dialect: TarDialect): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { content = new Uint8Array(), ...member } of files) {
    const size = content.length;
    parts.push(tarHeader({ ...member, size }, dialect), content, tarPadding(size));
  }
  return Buffer.concat([...parts, TAR_END]);
}

/** Zeros between the end of a content and the next block. */
export function tarPadding(size: number): Uint8Array {
  return TAR_END.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}

/** The header of a member, with the entries that must stand before it. What can't be written is a mistake of the caller. */
export function tarHeader(member: TarMember, dialect: TarDialect): Uint8Array {
  const flaw = memberFlaw(member, dialect);
  assert(flaw === undefined, flaw);
  const named =
    member.kind === "folder" && !member.name.endsWith("/") ? { ...member, name: `${member.name}/` } : member;
  return dialect === "gnu" ? gnuHeader(named) : paxHeader(named);
}

/** Why it can't be written. */
function memberFlaw(member: TarMember, dialect: TarDialect): string | undefined {
  const { name, kind = "file", target = "", size = 0, user = "", group = "" } = member;
  const isBytes = (text: string) => !text.includes("\0") && !/[^\0-\u00ff]/.test(text);
  if (name === "" || !isBytes(name) || !isBytes(target))
    return `no name of a member: '${name}' -> '${target}'`;
  if (name.startsWith("/") || /(^|\/)\.\.(\/|$)/.test(name)) return `'${name}' leads out of the archive`;
  if (kind !== "folder" && name.endsWith("/")) return `'${name}' is called as a folder is`;
  if (kind !== "file" && size !== 0) return `'${name}' has a content and is no file`;
  if ((kind === "link" || kind === "hard-link") !== (target !== "")) return `the target of '${name}'`;
  if ((kind === "character" || kind === "block") !== (member.device !== undefined))
    return `'${name}': a device`;
  if (!isBytes(user) || !isBytes(group) || Math.max(user.length, group.length) >= 32)
    return `owner of '${name}'`;
  if (member.mode >= 8 ** 7) return `the mode of '${name}'`;
  if (dialect === "gnu" && member.records !== undefined) return `'${name}': records are of pax`;
  return undefined;
}

function gnuHeader(member: TarMember): Uint8Array {
  const { name, target = "" } = member;
  const header = headerBlock(member, "gnu");
  if (name.length <= NAME_BYTES && target.length <= NAME_BYTES) return header;
  return Buffer.concat([
    ...(target.length > NAME_BYTES ? longText("K", target) : []),
    ...(name.length > NAME_BYTES ? longText("L", name) : []),
    header,
  ]);
}

function longText(type: string, text: string): Uint8Array[] {
  const content = fromByteString(`${text}\0`);
  const about = { name: "././@LongLink", mode: 0o644, size: content.length };
  return [headerBlock(about, "gnu", type), content, tarPadding(content.length)];
}

function paxHeader(member: TarMember): Uint8Array {
  const { name, target = "", device = [0, 0] } = member;
  const isPlain = (text: string) => text.length <= NAME_BYTES && !/[\u0080-\u00ff]/.test(text);
  const records = new Map(member.records);
  const add = (key: string, value: string): void => {
    assert(!records.has(key), `'${name}': the record '${key}' is written where it is needed`);
    records.set(key, value);
  };
  if (!isPlain(name)) add("path", name);
  if (!isPlain(target)) add("linkpath", target);
  for (const [key, digits] of [
    ["uid", 7],
    ["gid", 7],
    ["size", 11],
    ["mtime", 11],
  ] as const) {
    const value = member[key] ?? 0;
    if (value >= 8 ** digits) add(key, `${value}`);
  }
  assert(
    device.every((number) => number < 8 ** 7),
    `'${name}': no number of a device in pax`,
  );
  const header = headerBlock(member, "pax");
  if (records.size === 0) return header;
  const content = fromByteString([...records].map(([key, value]) => paxRecord(key, value)).join(""));
  const last = /[^/]*(?=\/*$)/.exec(name)?.[0] ?? "";
  const about = {
    name: `PaxHeaders/${last}`.slice(0, NAME_BYTES),
    mode: 0o644,
    size: content.length,
    mtime: member.mtime ?? 0,
  };
  return Buffer.concat([headerBlock(about, "pax", "x"), content, tarPadding(content.length), header]);
}

/** `LENGTH KEY=VALUE\n`; the length counts all of the record, and its own digits. */
function paxRecord(key: string, value: string): string {
  assert(key !== "" && !/[=\0\n]/.test(key) && !/[^\0-\u00ff]/.test(value), `the record '${key}'`);
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

function headerBlock(
  member: TarMember,
  dialect: TarDialect,
  type = TYPES[member.kind ?? "file"],
): Uint8Array {
  const field = dialect === "gnu" ? gnuNumber : paxNumber;
  const { name, target = "", user = "", group = "", device } = member;
  // Of memory that Node has at hand: a piece of its own for each header is more work for the collector than the header is.
  const header = Buffer.allocUnsafe(BLOCK).fill(0);
  let sum = 0;
  // Written byte by byte and summed up on the way: a call into Node for each field takes longer, and this is done for every file.
  const put = (text: string, at: number, bytes: number): void => {
    const length = Math.min(text.length, bytes);
    for (let index = 0; index < length; index += 1) {
      const byte = text.charCodeAt(index);
      header[at + index] = byte;
      sum += byte;
    }
  };
  const number = (value: number, at: number, bytes: number): void => {
    assert(Number.isSafeInteger(value) && value >= 0, "a number of a member");
    put(field(value, bytes - 1), at, bytes);
  };
  put(name, 0, NAME_BYTES);
  number(member.mode, 100, 8);
  number(member.uid ?? 0, 108, 8);
  number(member.gid ?? 0, 116, 8);
  number(member.size ?? 0, 124, 12);
  number(member.mtime ?? 0, 136, 12);
  put(type, 156, 1);
  put(target, 157, NAME_BYTES);
  put(dialect === "gnu" ? "ustar  \0" : "ustar\x0000", 257, 8);
  put(user, 265, 31);
  put(group, 297, 31);
  const [major, minor] = device ?? (dialect === "pax" && type !== "x" ? [0, 0] : []);
  if (major !== undefined) number(major, 329, 8);
  if (minor !== undefined) number(minor, 337, 8);
  put(" ".repeat(8), 148, 8);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8);
  return header;
}

/** Octal digits and a NUL; what does not fit in base 256, with the first bit set. */
function gnuNumber(value: number, digits: number): string {
  if (value < 8 ** digits) return octal(value, digits);
  const bytes = Buffer.from(value.toString(16).padStart(2 * digits, "0"), "hex");
  return `\x80${toByteString(bytes)}`;
}

/** Octal digits and a NUL; of what does not fit, a record of its own tells. */
function paxNumber(value: number, digits: number): string {
  return octal(value < 8 ** digits ? value : 0, digits);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}
