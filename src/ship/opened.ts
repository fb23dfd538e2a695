// A package that lies there as a file: read by the reader of its format, with the note in it that says what it was made of.
import { hash } from "node:crypto";
import { statSync } from "node:fs";
import { textOf as textOfBytes } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { readNamedFile } from "#base/files.ts";
import { list, mapOf, object, optional, requireShape, text, count, json, matching } from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { isAdb } from "#package/adb.ts";
import { readApk } from "#package/apk.ts";
import { readApk3, type ReadApk3 } from "#package/apk3.ts";
import { readCpio } from "#package/cpio.ts";
import { readDeb } from "#package/deb.ts";
import { decompress, PACKAGE_UNPACKED_MAX } from "#package/decompress.ts";
import { tagNumbers, readRpm, tagText, tagTexts } from "#package/rpm.ts";
import { rpmFiles } from "#package/rpm-index.ts";
import type { TarEntry } from "#package/tar-reader.ts";
import { pipeliteError as archiveError } from "#package/archive-errors.ts";
import { pipeliteError } from "./errors.ts";
import type { Codec } from "./payload.ts";
import type { PackageFormat } from "./shipment.ts";

/** `usr/share/doc/NAME/pipelite.json`, as compose.ts writes it. */
export interface PackageNote {
  schema: number;
  by: string;
  package: { name: string; version: string };
  pipeline: string;
  params: Record<string, unknown>;
  results: Record<string, string>;
  paths: { path: string; narHash: string; narSize: number; derivation?: string }[];
}

const NOTE = object<PackageNote>({
  schema: count,
  by: text,
  package: object({ name: text, version: text }),
  pipeline: text,
  params: mapOf(json),
  results: mapOf(text),
  paths: list(
    object<PackageNote["paths"][number]>({
      path: text,
      narHash: matching(/^sha256:[0-9a-f]{64}$/, "a hash"),
      narSize: count,
      derivation: optional(text),
    }),
  ),
});

export interface OpenedPackage {
  format: PackageFormat;
  note: PackageNote;
  /** Whether files of the store are in it. */
  isSingle: boolean;
  codec: Codec;
  /** Of its files, in seconds since 1970. */
  timeSeconds: number;
  /** Of all that no signature is in. */
  core: string;
  /** Path -> what is there: mode with digest, or a link's text. */
  files: ReadonlyMap<string, string>;
}

const FORMATS: readonly PackageFormat[] = ["deb", "rpm", "apk"];

export function formatOfPackage(file: string): PackageFormat | undefined {
  return FORMATS.find((format) => file.endsWith(`.${format}`));
}

/** @throws PipeliteError PACKAGE_INVALID for one that is not whole, PACK_NOTE_MISSING for one of somebody else */
export async function openPackage(file: string, format: PackageFormat): Promise<OpenedPackage> {
  const { entries, ...opened } = await openFile(file, format);
  const note = noteEntry(entries, file);
  if (note === undefined)
    throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "it has no pipelite.json" });
  return {
    ...opened,
    format,
    note: noteIn(note.content, file),
    isSingle: entries.some(({ path }) => path.startsWith("nix/store/")),
    timeSeconds: note.mtime,
    files: shownFiles(entries),
  };
}

function noteEntry(entries: readonly PackageEntry[], file: string): PackageEntry | undefined {
  const [note, other] = entries.filter(
    ({ path, kind }) => kind === "file" && /^usr\/share\/doc\/[^/]+\/pipelite\.json$/.test(path),
  );
  if (other === undefined) return note;
  throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "it has more than one pipelite.json" });
}

/** What a package says that it was made of; undefined of one that says nothing. @throws PipeliteError PACK_NOTE_MISSING */
export function noteOfEntries(entries: readonly PackageEntry[], file: string): PackageNote | undefined {
  const note = noteEntry(entries, file);
  return note && noteIn(note.content, file);
}

function noteIn(content: Uint8Array, file: string): PackageNote {
  try {
    const note = requireShape(NOTE, parseStrictJson(content));
    if (note.schema === 1) return note;
  } catch (error) {
    if (!isPipeliteError(error) && !(error instanceof Error)) throw error;
    throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "its pipelite.json is malformed" }, error);
  }
  throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "its pipelite.json is of another version" });
}

/** Of a package that is read: all of it is in memory meanwhile. */
const FILE_BYTES_MAX = 4 * 2 ** 30;

/** @throws PipeliteError PACKAGE_TOO_LARGE for one that is too large to be read */
export function readPackageFile(file: string, format: PackageFormat): Buffer {
  const { size } = statSync(file);
  if (size <= FILE_BYTES_MAX) return readNamedFile(file, FILE_BYTES_MAX);
  const problem = `it has ${size} bytes, and no more than ${FILE_BYTES_MAX} are read`;
  throw pipeliteError("PACKAGE_TOO_LARGE", { file, format, problem });
}

/** All that is in a package, and its bytes. @throws PipeliteError PACKAGE_INVALID, PACKAGE_TOO_LARGE */
export async function entriesOfPackage(
  file: string,
  format: PackageFormat,
): Promise<{ entries: PackageEntry[]; bytes: Uint8Array }> {
  const { entries, bytes } = await openFile(file, format);
  return { entries, bytes };
}

/** What is wrong with an archive is said of the package that it is. */
async function openFile(file: string, format: PackageFormat): Promise<Opened & { bytes: Uint8Array }> {
  const bytes = readPackageFile(file, format);
  try {
    return { ...(await OPENERS[format](bytes)), bytes };
  } catch (error) {
    if (!isPipeliteError(error, "ARCHIVE_INVALID")) throw error;
    throw pipeliteError("PACKAGE_INVALID", { file, format, problem: error.message }, error);
  }
}

/** Path -> mode with digest, or a link's text. */
export function shownFiles(entries: readonly PackageEntry[]): Map<string, string> {
  const files = entries.filter(({ kind }) => kind !== "folder");
  return new Map(files.map((entry) => [entry.path, shownOf(entry)]));
}

/** One of a package, as its reader has it. */
export interface PackageEntry {
  path: string;
  kind: string;
  mode: number;
  mtime: number;
  target: string;
  content: Uint8Array;
  /** Whether it has capabilities or other attributes. */
  hasAttributes: boolean;
  /** Whether it belongs to root, owner and group. */
  isRoots: boolean;
}

interface Opened {
  entries: PackageEntry[];
  codec: Codec;
  core: string;
}

const OPENERS: Readonly<Record<PackageFormat, (bytes: Uint8Array) => Promise<Opened>>> = {
  async deb(bytes) {
    const { files, suffix } = await readDeb(bytes);
    const codec = suffix === ".zst" ? "zstd" : "gzip";
    return { entries: ofTar(files), codec, core: hash("sha256", bytes) };
  },
  async apk(bytes) {
    if (isAdb(bytes)) return ofApk3(readApk3(bytes));
    const { files, control, info } = readApk(bytes);
    const data = info.find(([key]) => key === "datahash")?.[1] ?? "";
    return { entries: ofTar(files), codec: "gzip", core: `${hash("sha256", control)} ${data}` };
  },
  async rpm(bytes) {
    const { lead, tags, header, payload } = readRpm(bytes);
    const codec = tagText(tags, 1125) === "zstd" ? "zstd" : "gzip";
    const [digests, modes, targets] = [tagTexts(tags, 1035), tagNumbers(tags, 1030), tagTexts(tags, 1036)];
    const listed = rpmFiles(tags);
    const unpacked = await decompress(payload, codec === "zstd" ? ".zst" : ".gz", PACKAGE_UNPACKED_MAX);
    const [time = 0] = tagNumbers(tags, 1034);
    const [users, groups, capabilities] = [tagTexts(tags, 1039), tagTexts(tags, 1040), tagTexts(tags, 5010)];
    const entries = [...readCpio(unpacked)].map(({ kind, name, mode, target, content }, at): PackageEntry => {
      const digest = kind === "file" ? hash("sha256", content) : "";
      // What rpm installs has what the header says.
      const isListed = `/${name.slice(2)}` === listed[at]?.path && mode === ((modes[at] ?? 0) & 0o7777);
      if (!isListed || digest !== digests[at] || target !== targets[at])
        throw archiveError("ARCHIVE_INVALID", {
          format: "rpm",
          problem: `its header says other than its payload of '${textOfBytes(name)}'`,
        });
      const isRoots = users[at] === "root" && groups[at] === "root";
      const hasAttributes = (capabilities[at] ?? "") !== "";
      return { path: name.slice(2), kind, mode, mtime: time, target, content, isRoots, hasAttributes };
    });
    const [missing] = listed.slice(entries.length);
    if (missing !== undefined)
      throw archiveError("ARCHIVE_INVALID", {
        format: "rpm",
        problem: `its header has the file '${textOfBytes(missing.path)}', which is not in its payload`,
      });
    return { entries, codec, core: [lead, header, payload].map((part) => hash("sha256", part)).join(" ") };
  },
};

/** Of version 3, which others make. */
function ofApk3({ adb, files }: ReadApk3): Opened {
  const entries = files.map(({ user, group, attributes, ...file }): PackageEntry => {
    const { path, kind, mode, mtime, target, content } = file;
    const isRoots = user === "root" && group === "root";
    return { path, kind, mode, mtime, target, content, isRoots, hasAttributes: attributes > 0 };
  });
  return { entries, codec: "gzip", core: hash("sha256", adb.database) };
}

function ofTar(files: readonly TarEntry[]): PackageEntry[] {
  return files.map(({ path, kind, mode, mtime, target, content, uid, gid, attributes }) => {
    const isRoots = uid === 0 && gid === 0;
    return { path, kind, mode, mtime, target, content, isRoots, hasAttributes: attributes > 0 };
  });
}

function shownOf({ kind, mode, target, content }: PackageEntry): string {
  return kind === "file" ? `${mode.toString(8)} ${hash("sha256", content)}` : `${kind} ${target}`;
}

/** The first file in which two packages differ, as a person reads it. */
export function firstDifference(one: OpenedPackage, other: OpenedPackage): string | undefined {
  const paths = [...new Set([...one.files.keys(), ...other.files.keys()])].toSorted();
  const differing = paths.find((path) => one.files.get(path) !== other.files.get(path));
  return differing === undefined ? undefined : textOfBytes(differing);
}
