// Packages of Alpine, version 3, as they are read: what is in one, each file held against its digest. Alpine 3.23 has apk-tools 3 and
// packages of version 2 still, so none is written. Specification: apk-tools 3.0, src/apk_adb.h, src/apk_adb.c, src/extract_v3.c.
import { hash, type KeyObject } from "node:crypto";
import { toByteString } from "#base/bytes.ts";
import { isAdbSigned, readAdb, type Adb, type AdbValue } from "./adb.ts";
import { pipeliteError } from "./archive-errors.ts";

export interface Apk3File {
  path: string;
  kind: "file" | "folder" | "link" | "hard-link" | "device";
  mode: number;
  user: string;
  group: string;
  mtime: number;
  /** How many extended attributes it has. */
  attributes: number;
  /** Of a link: its text; a byte string. */
  target: string;
  content: Uint8Array;
}

export interface ReadApk3 {
  adb: Adb;
  /** `name`, `version` and the like; byte strings. */
  info: ReadonlyMap<string, string>;
  /** `depends` and the like: `name`, `name=1.0`, `!name`. */
  relations: ReadonlyMap<string, readonly string[]>;
  /** Kind -> text. */
  scripts: ReadonlyMap<string, string>;
  files: Apk3File[];
}

const TEXTS: Readonly<Record<string, number>> = {
  name: 1,
  version: 2,
  description: 4,
  arch: 5,
  license: 6,
  origin: 7,
  maintainer: 8,
  url: 9,
};
const NUMBERS: Readonly<Record<string, number>> = { "build-time": 11, "installed-size": 12 };
const RELATIONS: Readonly<Record<string, number>> = {
  depends: 15,
  provides: 16,
  replaces: 17,
  "install-if": 18,
};
const SCRIPTS = [
  "trigger",
  "pre-install",
  "post-install",
  "pre-deinstall",
  "post-deinstall",
  "pre-upgrade",
  "post-upgrade",
];
/** Bits of a relation's kind, and how it is written. */
const MATCHES: Readonly<Record<number, string>> = {
  0: "=",
  1: "=",
  2: "<",
  3: "<=",
  4: ">",
  5: ">=",
  6: "><",
  8: "~",
  9: "~",
  11: "<~",
  13: ">~",
};
const CONFLICT = 16;
const KINDS: Readonly<Record<number, Apk3File["kind"]>> = {
  0o120000: "link",
  0o100000: "hard-link",
  0o060000: "device",
  0o020000: "device",
  0o010000: "device",
};
const DIGESTS: Readonly<Record<number, "sha256" | "sha512">> = { 32: "sha256", 64: "sha512" };
/** Folders can share one list of files: what stands there once must not be read without end. */
const ENTRIES_MAX = 4_000_000;

/** @throws PipeliteError ARCHIVE_INVALID */
export function readApk3(bytes: Uint8Array): ReadApk3 {
  const adb = readAdb(bytes);
  if (adb.schema !== "pckg") throw wrong(`it is no package but '${adb.schema}'`);
  const info = adb.root.field(1);
  const entries = <T>(of: Readonly<Record<string, number>>, read: (value: AdbValue) => T): Map<string, T> =>
    new Map(
      Object.entries(of)
        .map(([name, index]) => [name, info.field(index)] as const)
        .filter(([, value]) => !value.isNull)
        .map(([name, value]) => [name, read(value)]),
    );
  const texts = entries(TEXTS, ({ text }) => text);
  const numbers = entries(NUMBERS, ({ number }) => `${number}`);
  const scripts = SCRIPTS.map((name, at) => [name, adb.root.field(3).field(at + 1)] as const);
  return {
    adb,
    info: new Map([...texts, ...numbers]),
    relations: entries(RELATIONS, ({ members }) => members.map(relationOf)),
    scripts: new Map(scripts.filter(([, value]) => !value.isNull).map(([name, { text }]) => [name, text])),
    files: filesIn(adb),
  };
}

/** Whether the key made one of its signatures. @param key a public key of RSA */
export function isApk3Signed({ adb }: Pick<ReadApk3, "adb">, key: KeyObject): boolean {
  return isAdbSigned(adb, key);
}

function relationOf(value: AdbValue): string {
  const [name, version, match] = [value.field(1).text, value.field(2), value.field(3).number];
  const not = (match & CONFLICT) === 0 ? "" : "!";
  if (version.isNull) return `${not}${name}`;
  const operator = MATCHES[match & 15];
  if (operator === undefined) throw wrong(`a relation to '${name}' is of no known kind`);
  return `${not}${name}${operator}${version.text}`;
}

/** Folders in order, files of each in order, and contents in the same: nothing else is in it. */
function filesIn({ root, data }: Adb): Apk3File[] {
  const files: Apk3File[] = [];
  let used = 0;
  let before: string | undefined;
  for (const [folderAt, folder] of root.field(2).members.entries()) {
    const path = folder.field(1).text;
    requireAfter(path, before);
    before = path;
    if (path !== "") {
      requireInside(path);
      files.push({
        ...commonOf(folder.field(2)),
        path,
        kind: "folder",
        mtime: 0,
        target: "",
        content: NOTHING,
      });
    }
    let last: string | undefined;
    for (const [fileAt, file] of folder.field(3).members.entries()) {
      const name = file.field(1).text;
      requireAfter(name, last);
      last = name;
      if (name.includes("/")) throw wrong(`the name '${name}' is that of a path`);
      const whole = path === "" ? name : `${path}/${name}`;
      requireInside(whole);
      if (files.length >= ENTRIES_MAX) throw wrong(`it has more than ${ENTRIES_MAX} files`);
      const entry = { ...commonOf(file.field(2)), path: whole, mtime: file.field(4).number };
      const target = file.field(6).blob;
      if (target !== undefined) {
        files.push({ ...entry, ...targetOf(target, whole), content: NOTHING });
        continue;
      }
      const size = file.field(3).number;
      const content = size === 0 ? NOTHING : contentOf(data[used], [folderAt + 1, fileAt + 1, size], whole);
      if (size > 0) used += 1;
      const digest = file.field(5).blob ?? NOTHING;
      const algorithm = DIGESTS[digest.length];
      if (algorithm === undefined) throw wrong(`the file '${whole}' has no digest that counts`);
      if (hash(algorithm, content) !== Buffer.from(digest).toString("hex"))
        throw wrong(`the file '${whole}' is not the one that it has the digest of`);
      files.push({ ...entry, kind: "file", target: "", content });
    }
  }
  if (used < data.length) throw wrong("it has contents of no file");
  return files;
}

const NOTHING = new Uint8Array();

function commonOf(acl: AdbValue): Pick<Apk3File, "mode" | "user" | "group" | "attributes"> {
  const mode = acl.field(1).number;
  if (mode > 0o7777) throw wrong(`a mode of it is ${mode.toString(8)}`);
  return { mode, user: acl.field(2).text, group: acl.field(3).text, attributes: acl.field(4).members.length };
}

/** What it is, in two bytes, and where it leads. */
function targetOf(target: Buffer, path: string): Pick<Apk3File, "kind" | "target"> {
  const kind = target.length > 2 ? KINDS[target.readUInt16LE(0)] : undefined;
  if (kind === undefined) throw wrong(`the file '${path}' is of no known kind`);
  return { kind, target: kind === "device" ? "" : toByteString(target.subarray(2)) };
}

/** @param wanted which folder and file it is of, and its size */
function contentOf(
  block: Uint8Array | undefined,
  [folder, file, size]: readonly [number, number, number],
  path: string,
): Uint8Array {
  const HEAD = 8;
  if (block === undefined || block.length !== HEAD + size)
    throw wrong(`the file '${path}' is not there whole`);
  const view = Buffer.from(block.buffer, block.byteOffset, HEAD);
  if (view.readUInt32LE(0) !== folder || view.readUInt32LE(4) !== file)
    throw wrong(`what should be the file '${path}' is another`);
  return block.subarray(HEAD);
}

function requireAfter(name: string, before: string | undefined): void {
  if (before !== undefined && name <= before) throw wrong(`'${name}' is out of order`);
}

function requireInside(path: string): void {
  if (path.split("/").some((part) => part === "" || part === "." || part === "..") || path.includes("\0"))
    throw wrong(`the name '${path}' leads out of it`);
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "apk", problem });
}
