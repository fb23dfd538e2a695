// Packages of rpm, version 4: a lead that nobody reads any more, a header of signatures, the header, and the payload.
// Specification: rpm 4.18, docs/manual/format.md, lib/rpmtag.h. Digests of files are SHA-256.
import { hash } from "node:crypto";
import { byteStringOf, fromByteString, textOf, toByteString } from "#base/bytes.ts";
import { CPIO_SIZE_MAX } from "./cpio.ts";
import { pipeliteError } from "./archive-errors.ts";
import { installedBytes, type PackagedFile, type PackageFacts, type ScriptKind } from "./packaged.ts";
import { readRpmHeader, REGION, writeRpmHeader, type RpmTags, type RpmValue } from "./rpm-header.ts";

/** Of the payload, as it is packed and as it is unpacked. */
export interface RpmPayload {
  compressor: "gzip" | "zstd";
  level: number;
  /** In hex. */
  sha256: string;
  size: number;
  unpackedSha256: string;
  unpackedSize: number;
}

export const RPM_RELEASE = "1";
/** Times have 32 bits, and none is negative. */
export const RPM_TIME_MAX: number = 2 ** 32 - 1;
const LEAD_BYTES = 96;
const SHA256 = 8;
const EQUAL = 8;
const RPMLIB = 0x0100000a;
const CONFIG_NO_REPLACE = 0x11;
const FORMATS = { file: 0o100000, folder: 0o040000, link: 0o120000 } as const;
/** Tags of the text and of the program that runs it, and the flag of what needs it. */
const SCRIPT: Readonly<Record<ScriptKind, readonly [text: number, program: number, flag: number]>> = {
  beforeInstall: [1023, 1085, 0x200],
  afterInstall: [1024, 1086, 0x400],
  beforeRemove: [1025, 1087, 0x800],
  afterRemove: [1026, 1088, 0x1000],
};
/** rpm gives the count of versions that are left. */
const AT_LAST = '[ "$1" -eq 0 ] || exit 0\n';

/** Why an rpm can't have a file. */
export function rpmFileFlaw({ path, size }: PackagedFile): string | undefined {
  if (size > CPIO_SIZE_MAX) return `it has more than ${CPIO_SIZE_MAX} bytes`;
  if (Buffer.from(fromByteString(path)).toString("utf8").includes("\uFFFD")) return "its name is not UTF-8";
  return undefined;
}

/** `1.2.0~rc1` is the same in rpm; what it can't say is undefined. */
export function rpmVersion(version: string): string | undefined {
  return /^[0-9][A-Za-z0-9.+~^_]*$/.test(version) ? version : undefined;
}

/** The header that signatures cover. @param files sorted by their paths, without folders of others */
export function rpmHeader(
  facts: PackageFacts,
  files: readonly PackagedFile[],
  payload: RpmPayload,
): Uint8Array {
  const { name, summary, description, licence, maintainer, homepage, timeSeconds } = facts;
  const version = facts.version;
  const architecture = facts.architecture === "any" ? "noarch" : facts.architecture;
  const full = `${version}-${RPM_RELEASE}`;
  const text = (value: string): RpmValue => ({ text: byteStringOf(value) });
  const translated = (value: string): RpmValue => ({ translated: byteStringOf(value) });
  const size = installedBytes(files);
  const tags = new Map<number, RpmValue>([
    [100, { texts: ["C"] }],
    [1000, text(name)],
    [1001, text(version)],
    [1002, text(RPM_RELEASE)],
    [1004, translated(summary)],
    [1005, translated(description === "" ? summary : description)],
    [1006, { int32: [timeSeconds] }],
    [1007, text("localhost")],
    size > CPIO_SIZE_MAX ? [5009, { int64: [size] }] : [1009, { int32: [size] }],
    [1014, text(licence)],
    [1015, text(maintainer)],
    [1016, translated("Unspecified")],
    ...(homepage === undefined ? [] : ([[1020, text(homepage)]] as const)),
    [1021, text("linux")],
    [1022, text(architecture)],
    [1044, text(`${name}-${full}.src.rpm`)],
    [1124, text("cpio")],
    [1125, text(payload.compressor)],
    [1126, text(`${payload.level}`)],
    [5062, text("utf-8")],
    [5092, { texts: [payload.sha256] }],
    [5093, { int32: [SHA256] }],
    [5097, { texts: [payload.unpackedSha256] }],
    ...relations(facts, payload, full, architecture),
    ...scripts(facts),
    ...fileTags(files, timeSeconds),
  ]);
  return writeRpmHeader(tags, REGION.immutable);
}

function relations(
  { name, depends, standsFor, scripts: has }: PackageFacts,
  { compressor }: RpmPayload,
  full: string,
  architecture: string,
): [number, RpmValue][] {
  const shell = (Object.keys(has) as ScriptKind[]).reduce((flags, kind) => flags | SCRIPT[kind][2], 0);
  const lib = (feature: string, version: string) => [`rpmlib(${feature})`, version, RPMLIB] as const;
  const needs = [
    ...depends.map(({ name: other, version }) =>
      version === undefined
        ? ([other, "", 0] as const)
        : ([other, `${version}-${RPM_RELEASE}`, EQUAL] as const),
    ),
    ...(shell === 0 ? [] : [["/bin/sh", "", shell | 0x100] as const]),
    lib("CompressedFileNames", "3.0.4-1"),
    lib("FileDigests", "4.6.0-1"),
    lib("PayloadFilesHavePrefix", "4.0-1"),
    ...(compressor === "zstd" ? [lib("PayloadIsZstd", "5.4.18-1")] : []),
  ].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const isa = architecture === "noarch" ? [] : [`${name}(${architecture.replace("_", "-")})`];
  const gives = [name, ...isa].map((each) => [each, full, EQUAL] as const);
  const others = standsFor.map((each) => [each, "", 0] as const);
  return [
    ...triple([1047, 1113, 1112], [...gives, ...others.map(([each]) => [each, "1-1", EQUAL] as const)]),
    ...triple([1049, 1050, 1048], needs),
    ...triple([1054, 1055, 1053], others),
  ];
}

function triple(
  [names, versions, flags]: readonly [number, number, number],
  rows: readonly (readonly [string, string, number])[],
): [number, RpmValue][] {
  if (rows.length === 0) return [];
  return [
    [names, { texts: rows.map(([name]) => byteStringOf(name)) }],
    [versions, { texts: rows.map(([, version]) => version) }],
    [flags, { int32: rows.map(([, , flag]) => flag) }],
  ];
}

function scripts({ scripts: has }: PackageFacts): [number, RpmValue][] {
  return (Object.entries(has) as [ScriptKind, string][]).flatMap(([kind, body]): [number, RpmValue][] => {
    const [text, program] = SCRIPT[kind];
    const guard = kind.endsWith("Remove") ? AT_LAST : "";
    return [
      [text, { text: byteStringOf(`set -e\n${guard}${body}`) }],
      [program, { text: "/bin/sh" }],
    ];
  });
}

function fileTags(files: readonly PackagedFile[], timeSeconds: number): [number, RpmValue][] {
  if (files.length === 0) return [];
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  const indexes = new Map(folders.map((folder, index) => [folder, index]));
  const each = <T>(of: (file: PackagedFile, index: number) => T): T[] => files.map(of);
  return [
    [1028, { int32: each(({ kind, size, target }) => (kind === "link" ? target.length : size)) }],
    [1030, { int16: each(({ kind, mode }) => FORMATS[kind] | mode) }],
    [1033, { int16: each(() => 0) }],
    [1034, { int32: each(() => timeSeconds) }],
    [1035, { texts: each(({ digests }) => digests.sha256) }],
    [1036, { texts: each(({ target }) => target) }],
    [1037, { int32: each(({ isConfiguration }) => (isConfiguration ? CONFIG_NO_REPLACE : 0)) }],
    [1039, { texts: each(() => "root") }],
    [1040, { texts: each(() => "root") }],
    [1045, { int32: each(() => 0xffffffff) }],
    [1095, { int32: each(() => 1) }],
    [1096, { int32: each((_, index) => index + 1) }],
    [1097, { texts: each(() => "") }],
    [1116, { int32: each(({ path }) => indexes.get(folderOf(path)) ?? 0) }],
    [1117, { texts: each(({ path }) => path.slice(path.lastIndexOf("/") + 1)) }],
    [1118, { texts: folders }],
    [5011, { int32: [SHA256] }],
  ];
}

function folderOf(path: string): string {
  return `/${path.slice(0, path.lastIndexOf("/") + 1)}`;
}

/**
 * All that stands before the payload.
 * @param signature an OpenPGP signature packet over `header`, where it is signed
 * @param md5 of the header and the payload, in hex
 */
export function rpmFront(
  facts: PackageFacts,
  header: Uint8Array,
  payload: RpmPayload,
  signed: { signature?: { algorithm: "rsa" | "ed25519"; packet: Uint8Array }; md5: string },
): Uint8Array {
  const { signature, md5 } = signed;
  const size = header.length + payload.size;
  const isLong = Math.max(size, payload.unpackedSize) > CPIO_SIZE_MAX;
  const tags = new Map<number, RpmValue>([
    ...(signature === undefined
      ? []
      : ([[signature.algorithm === "rsa" ? 268 : 267, { bytes: signature.packet }]] as const)),
    [269, { text: hash("sha1", header) }],
    [273, { text: hash("sha256", header) }],
    isLong ? [270, { int64: [size] }] : [1000, { int32: [size] }],
    [1004, { bytes: Buffer.from(md5, "hex") }],
    isLong ? [271, { int64: [payload.unpackedSize] }] : [1007, { int32: [payload.unpackedSize] }],
  ]);
  const signatures = writeRpmHeader(tags, REGION.signature);
  const gap = new Uint8Array((8 - (signatures.length % 8)) % 8);
  return Buffer.concat([leadOf(facts), signatures, gap, header]);
}

/** x86-64, as rpm numbers machines in leads. */
const LEAD_MACHINE = 1;
/** With aarch64. */
const LEAD_MACHINES: ReadonlySet<number> = new Set([LEAD_MACHINE, 19]);

function leadOf({ name, version }: PackageFacts): Uint8Array {
  const lead = Buffer.alloc(LEAD_BYTES);
  lead.set([0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0]);
  lead.writeUInt16BE(LEAD_MACHINE, 8);
  lead.write(`${name}-${version}-${RPM_RELEASE}`.slice(0, 65), 10, "latin1");
  lead.writeUInt16BE(1, 76);
  lead.writeUInt16BE(5, 78);
  return lead;
}

export interface ReadRpm {
  signatures: RpmTags;
  tags: RpmTags;
  /** The header as signatures cover it. */
  header: Uint8Array;
  /** What it says of itself to programs that are not rpm: its version, whether it is a source, machine, name, system. */
  lead: Uint8Array;
  /** Where the header is in the file. */
  headerRange: readonly [start: number, end: number];
  /** As it is packed; its digests are compared with the header's. */
  payload: Uint8Array;
}

/** Reads a package and compares each digest that it has of itself. @throws PipeliteError ARCHIVE_INVALID */
export function readRpm(bytes: Uint8Array): ReadRpm {
  if (toByteString(bytes.subarray(0, 4)) !== "\xed\xab\xee\xdb" || bytes.length < LEAD_BYTES)
    throw wrong("it does not start as one");
  const { tags: signatures, bytes: first } = readRpmHeader(bytes.subarray(LEAD_BYTES), REGION.signature);
  const start = LEAD_BYTES + Math.ceil(first.length / 8) * 8;
  const { tags, bytes: header } = readRpmHeader(bytes.subarray(start), REGION.immutable);
  const payload = bytes.subarray(start + header.length);
  const compare = (what: string, said: string | undefined, is: string): void => {
    if (said !== is) throw wrong(`its ${what} is ${is}, and not ${said ?? "there"}`);
  };
  compare("SHA-256", tagText(signatures, 273), hash("sha256", header));
  compare("SHA-256 of the payload", tagTexts(tags, 5092)[0], hash("sha256", payload));
  if (signatures.has(269)) compare("SHA-1", tagText(signatures, 269), hash("sha1", header));
  const lead = Buffer.from(bytes.subarray(0, LEAD_BYTES));
  // Who signs it with rpm leaves the number of the machine on which that was done: on one that we know it counts as ours.
  if (LEAD_MACHINES.has(lead.readUInt16BE(8))) lead.writeUInt16BE(LEAD_MACHINE, 8);
  return { lead, signatures, tags, header, headerRange: [start, start + header.length], payload };
}

export function tagText(tags: RpmTags, tag: number): string | undefined {
  const value = tags.get(tag);
  if (value === undefined) return undefined;
  return "text" in value ? value.text : "translated" in value ? value.translated : undefined;
}

export function tagTexts(tags: RpmTags, tag: number): readonly string[] {
  const value = tags.get(tag);
  return value !== undefined && "texts" in value ? value.texts : [];
}

export function tagNumbers(tags: RpmTags, tag: number): readonly number[] {
  const value = tags.get(tag);
  if (value === undefined) return [];
  return "int32" in value
    ? value.int32
    : "int16" in value
      ? value.int16
      : "int64" in value
        ? value.int64
        : [];
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "rpm", problem: textOf(problem) });
}
