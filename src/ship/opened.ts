// A package that lies there as a file: read by the reader of its format, with the note in it that says what it was made of.
import { hash } from "node:crypto";
import { textOf as textOfBytes } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { readNamedFile } from "#base/files.ts";
import { list, mapOf, object, optional, requireShape, text, count, json, matching } from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { readApk } from "#package/apk.ts";
import { readCpio } from "#package/cpio.ts";
import { readDeb } from "#package/deb.ts";
import { decompress } from "#package/decompress.ts";
import { numbersOf, readRpm, textOf, textsOf } from "#package/rpm.ts";
import type { TarEntry } from "#package/tar-reader.ts";
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

/** @throws PipeliteError ARCHIVE_INVALID for one that is not whole, PACK_NOTE_MISSING for one of somebody else */
export async function openPackage(file: string, format: PackageFormat): Promise<OpenedPackage> {
  const bytes = readNamedFile(file, Number.MAX_SAFE_INTEGER);
  const opened = await OPENERS[format](bytes);
  const { entries } = opened;
  const note = entries.find(({ path }) => /^usr\/share\/doc\/[^/]+\/pipelite\.json$/.test(path));
  if (note?.content === undefined)
    throw pipeliteError("PACK_NOTE_MISSING", { file, problem: "it has no pipelite.json" });
  return {
    ...opened,
    format,
    note: noteIn(note.content, file),
    isSingle: entries.some(({ path }) => path.startsWith("nix/store/")),
    timeSeconds: note.mtime,
    files: new Map(entries.map(({ path, shown }) => [path, shown])),
  };
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

interface Entry {
  path: string;
  mtime: number;
  shown: string;
  content: Uint8Array | undefined;
}

interface Opened {
  entries: Entry[];
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
    const { files, control, info } = readApk(bytes);
    const data = info.find(([key]) => key === "datahash")?.[1] ?? "";
    return { entries: ofTar(files), codec: "gzip", core: `${hash("sha256", control)} ${data}` };
  },
  async rpm(bytes) {
    const { tags, header, payload } = readRpm(bytes);
    const codec = textOf(tags, 1125) === "zstd" ? "zstd" : "gzip";
    const digests = textsOf(tags, 1035);
    const unpacked = await decompress(payload, codec === "zstd" ? ".zst" : ".gz");
    const [time = 0] = numbersOf(tags, 1034);
    const entries = [...readCpio(unpacked)].flatMap(({ kind, name, mode, target, content }, at): Entry[] => {
      if (kind === "folder") return [];
      const digest = kind === "file" ? hash("sha256", content) : "";
      // What rpm installs has the digests of the header.
      if (digest !== digests[at])
        throw pipeliteError("PACK_NOTE_MISSING", { file: name, problem: "header and payload differ" });
      return [{ path: name.slice(2), mtime: time, shown: shownOf(kind, mode, target, digest), content }];
    });
    return { entries, codec, core: `${hash("sha256", header)} ${hash("sha256", payload)}` };
  },
};

function ofTar(files: readonly TarEntry[]): Entry[] {
  return files.flatMap(({ kind, path, mode, mtime, target, content }) =>
    kind === "folder"
      ? []
      : [{ path, mtime, shown: shownOf(kind, mode, target, hash("sha256", content)), content }],
  );
}

function shownOf(kind: string, mode: number, target: string, sha256: string): string {
  return kind === "file" ? `${mode.toString(8)} ${sha256}` : `${kind} ${target}`;
}

/** The first file in which two packages differ, as a person reads it. */
export function firstDifference(one: OpenedPackage, other: OpenedPackage): string | undefined {
  const paths = [...new Set([...one.files.keys(), ...other.files.keys()])].toSorted();
  const differing = paths.find((path) => one.files.get(path) !== other.files.get(path));
  return differing === undefined ? undefined : textOfBytes(differing);
}
