// Packages of Alpine, version 2: three streams of gzip, one after the other: signature, control, files. The first two hold tars
// without an end. Specification: apk-tools 2.14, doc/apk-v2.5.scd, src/extract_v2.c; versions: src/version.c.
import { createHash, hash, sign, verify, type KeyObject } from "node:crypto";
import { crc32, gzipSync, inflateRawSync } from "node:zlib";
import { byteStringOf, fromByteString, textOf } from "#base/bytes.ts";
import { PACKAGE_UNPACKED_MAX, problemOf } from "./decompress.ts";
import { gzipMember } from "./gzip.ts";
import { pipeliteError } from "./archive-errors.ts";
import { installedBytes, type PackagedFile, type PackageFacts, type ScriptKind } from "./packaged.ts";
import { readStrictTar, type TarEntry } from "./tar-reader.ts";
import { TAR_END, tarHeader, writeTar, type TarFile } from "./tar-writer.ts";

export const APK_RELEASE = "r0";
const CHECKSUM = "APK-TOOLS.checksum.SHA1";
/** An upgrade calls its own, so that both are there with one text. */
const SCRIPTS: Readonly<Record<ScriptKind, readonly string[]>> = {
  beforeInstall: [".pre-install", ".pre-upgrade"],
  afterInstall: [".post-install", ".post-upgrade"],
  beforeRemove: [".pre-deinstall"],
  afterRemove: [".post-deinstall"],
};
const GZIP_HEAD = 10;
const GZIP_TAIL = 8;

export function apkArchitecture({ architecture }: Pick<PackageFacts, "architecture">): string {
  return architecture === "any" ? "noarch" : architecture;
}

/** The list of what is installed has lines. */
export function apkFileFlaw({ path }: PackagedFile): string | undefined {
  return path.includes("\n") ? "its name has a line break" : undefined;
}

/** `1.2.0~rc1` is `1.2.0_rc1` there; what it can't say is undefined. */
export function apkVersion(version: string): string | undefined {
  const said = version
    .replace(/~(alpha|beta|pre|rc)\.?(\d*)$/, "_$1$2")
    .replace(/\+(git|svn|cvs|hg|p)\.?(\d*)$/, "_$1$2");
  return /^\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*$/.test(said) ? said : undefined;
}

export function apkFileName(facts: PackageFacts): string {
  return `${facts.name}-${apkVersion(facts.version) ?? facts.version}-${APK_RELEASE}.apk`;
}

/** The header of a file in the third stream. */
export function apkTarHeader(
  { path, kind, mode, size, target, digests }: PackagedFile,
  mtime: number,
): Uint8Array {
  const sum =
    kind === "file" ? digests.sha1 : kind === "link" ? hash("sha1", fromByteString(target)) : undefined;
  return tarHeader(
    {
      name: path,
      kind,
      mode,
      mtime,
      user: "root",
      group: "root",
      ...(kind === "file" && { size }),
      ...(target !== "" && { target }),
      ...(sum !== undefined && { records: new Map([[CHECKSUM, sum]]) }),
    },
    "pax",
  );
}

/** @param dataSha256 of the third stream as it is packed, in hex */
export function apkInfo(facts: PackageFacts, files: readonly PackagedFile[], dataSha256: string): string {
  const { name, version, summary, homepage, timeSeconds, maintainer, licence, depends, standsFor } = facts;
  const exact = (of: string | undefined) =>
    of === undefined ? "" : `=${apkVersion(of) ?? of}-${APK_RELEASE}`;
  const pairs: (readonly [string, string])[] = [
    ["pkgname", name],
    ["pkgver", `${apkVersion(version) ?? version}-${APK_RELEASE}`],
    ["pkgdesc", summary],
    ["url", homepage ?? ""],
    ["builddate", `${timeSeconds}`],
    ["packager", maintainer],
    ["size", `${installedBytes(files)}`],
    ["arch", apkArchitecture(facts)],
    ["origin", name],
    ["maintainer", maintainer],
    ["license", licence],
    ...depends.map(({ name: other, version: of }) => ["depend", `${other}${exact(of)}`] as const),
    // With a version nobody else may provide it at the same time; a conflict would meet the package itself.
    ...standsFor.map((other) => ["provides", `${other}=1-${APK_RELEASE}`] as const),
    ["datahash", dataSha256],
  ];
  return pairs.map(([key, value]) => `${key} = ${value}\n`).join("");
}

/** The second stream. */
export function apkControl(facts: PackageFacts, info: string): Uint8Array {
  const file = (name: string, text: string, mode: number): TarFile => ({
    name,
    mode,
    mtime: facts.timeSeconds,
    user: "root",
    group: "root",
    content: fromByteString(byteStringOf(text)),
  });
  const scripts = (Object.entries(facts.scripts) as [ScriptKind, string][]).flatMap(([kind, text]) =>
    SCRIPTS[kind].map((name) => file(name, `#!/bin/sh\nset -e\n${text.trimEnd()}\n`, 0o755)),
  );
  return cutStream([file(".PKGINFO", info, 0o644), ...scripts]);
}

/** A stream of its own that the next tar goes on behind. */
function cutStream(files: readonly TarFile[]): Uint8Array {
  const tar = writeTar(files, "pax");
  return gzipMember(gzipSync(tar.subarray(0, -TAR_END.length), { level: 9 }));
}

export interface ApkKey {
  /** RSA. */
  key: KeyObject;
  /** Name of the file in /etc/apk/keys; it ends with `.rsa.pub`. */
  name: string;
}

/** The first stream: a signature over the second as it is packed, by SHA-1 as Alpine's own or by SHA-256. */
export function apkSignature(signed: Uint8Array, { key, name }: ApkKey, timeSeconds: number): Uint8Array {
  const content = sign("sha256", signed, key);
  return cutStream([
    { name: `.SIGN.RSA256.${name}`, mode: 0o644, mtime: timeSeconds, user: "root", group: "root", content },
  ]);
}

/** What an index calls a package: of its second stream. */
export function apkIdentity(control: Uint8Array): string {
  return `Q1${createHash("sha1").update(control).digest("base64")}`;
}

export interface ReadApk {
  /** As it is packed, with the name of the key; undefined for a package without a signature. */
  signature: { name: string; bytes: Uint8Array; digest: "sha1" | "sha256" } | undefined;
  /** The second stream, as it is packed. */
  control: Uint8Array;
  /** `key = value` of .PKGINFO, in their order. */
  info: (readonly [key: string, value: string])[];
  controlFiles: TarEntry[];
  files: TarEntry[];
}

/**
 * Reads a package, and compares the digest that it has of its files, and each file's own.
 * @throws PipeliteError ARCHIVE_INVALID
 */
export function readApk(bytes: Uint8Array): ReadApk {
  const streams = streamsOf(bytes);
  const [first] = streams;
  if (first === undefined || streams.length < 2 || streams.length > 3)
    throw wrong("it has not two or three streams");
  const signature = streams.length === 3 ? signatureIn(first.content) : undefined;
  const [control, data] = streams.slice(-2);
  if (control === undefined || data === undefined) throw wrong("it has not two or three streams");
  const controlFiles = [...readStrictTar(Buffer.concat([control.content, TAR_END]))];
  for (const { path, kind } of controlFiles)
    if (kind !== "file" || !/^\.[^/]+$/.test(path)) throw wrong(`its control part has the ${kind} '${path}'`);
  const [head] = controlFiles;
  if (head?.path !== ".PKGINFO") throw wrong("it does not start with .PKGINFO");
  const info = infoIn(Buffer.from(head.content).toString("utf8"));
  const said = info.find(([key]) => key === "datahash")?.[1];
  if (said !== hash("sha256", data.packed)) throw wrong("its files are not those that it has the digest of");
  return { signature, control: control.packed, info, controlFiles, files: filesIn(data.content) };
}

/** Whether the key made the signature. */
export function isApkSigned({ signature, control }: ReadApk, key: KeyObject): boolean {
  return signature !== undefined && verify(signature.digest, control, key, signature.bytes);
}

interface Stream {
  packed: Uint8Array;
  content: Uint8Array;
}

/** Streams of gzip, one after the other. */
export function streamsOf(bytes: Uint8Array): Stream[] {
  const streams: Stream[] = [];
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const { content, used } = firstStream(rest, at);
    streams.push({ packed: rest.subarray(0, used), content });
    at += used;
  }
  return streams;
}

/** Nothing but the ten bytes of a plain header is taken: what else could be in it is not covered by a digest of the content. */
function firstStream(rest: Uint8Array, at: number): { content: Uint8Array; used: number } {
  const view = Buffer.from(rest.buffer, rest.byteOffset, rest.length);
  if (
    rest.length < GZIP_HEAD + GZIP_TAIL ||
    view[0] !== 0x1f ||
    view[1] !== 0x8b ||
    view[2] !== 8 ||
    view[3] !== 0
  )
    throw wrong(`no stream at byte ${at}`);
  try {
    const inflate = inflateRawSync as unknown as (
      bytes: Uint8Array,
      options: object,
    ) => { buffer: Uint8Array; engine: { bytesWritten: number } };
    const { buffer: content, engine } = inflate(rest.subarray(GZIP_HEAD), {
      info: true,
      maxOutputLength: PACKAGE_UNPACKED_MAX,
    });
    const end = GZIP_HEAD + engine.bytesWritten;
    if (end + GZIP_TAIL > rest.length) throw new Error("it is cut off");
    if (view.readUInt32LE(end) !== crc32(content) || view.readUInt32LE(end + 4) !== content.length % 2 ** 32)
      throw new Error("its checksum is another");
    return { content, used: end + GZIP_TAIL };
  } catch (error) {
    const problem = problemOf(error, PACKAGE_UNPACKED_MAX);
    throw pipeliteError(
      "ARCHIVE_INVALID",
      { format: "apk", problem: `the stream at byte ${at}: ${problem}` },
      error,
    );
  }
}

function signatureIn(tar: Uint8Array): ReadApk["signature"] {
  const [entry, ...more] = [...readStrictTar(Buffer.concat([tar, TAR_END]))];
  const [, kind = "", name = ""] =
    /^\.SIGN\.(RSA|RSA256)\.([\w@.+-]+\.rsa\.pub)$/.exec(entry?.path ?? "") ?? [];
  if (entry === undefined || kind === "" || more.length > 0) throw wrong("its signature is of no known kind");
  return { name, bytes: entry.content, digest: kind === "RSA" ? "sha1" : "sha256" };
}

/** What may stand there more than once; of all else apk takes one of several, and not the one that we take. */
const SEVERAL = ["depend", "provides", "replaces", "install_if", "triggers", "recommends"];

function infoIn(text: string): (readonly [string, string])[] {
  const seen = new Set<string>();
  return text.split("\n").flatMap((line) => {
    if (line === "" || line.startsWith("#")) return [];
    const [, key, value] = /^([a-z_]+) = (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined || line.includes("\0"))
      throw wrong(`a line of .PKGINFO is malformed: ${line}`);
    if (seen.has(key) && !SEVERAL.includes(key)) throw wrong(`.PKGINFO has '${key}' twice`);
    seen.add(key);
    return [[key, value] as const];
  });
}

function filesIn(tar: Uint8Array): TarEntry[] {
  return [...readStrictTar(tar)].map((entry) => {
    const { kind, path, content, target, records } = entry;
    // apk takes such a one for a script or the like of its control part.
    if (/^\.[^/]*$/.test(path))
      throw wrong(`the file '${path}' is among its files, and not in its control part`);
    if (kind !== "file" && kind !== "link") return entry;
    const found = hash("sha1", kind === "file" ? content : fromByteString(target));
    if (records.get(CHECKSUM) !== found)
      throw wrong(`the file '${path}' is not the one that it has the digest of`);
    return entry;
  });
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "apk", problem: textOf(problem) });
}

export function textOfInfo({ info }: ReadApk, key: string): string | undefined {
  return info.find(([each]) => each === key)?.[1];
}
