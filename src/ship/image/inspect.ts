// What is really in an image: every layer unpacked and held against its digests, every path of the store in it hashed anew, and all that
// compared with what the image says of itself. Nothing is believed because it is written down.
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { makeFolder, removeTree } from "#base/files.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { OpenFile } from "#environment/open-file.ts";
import { writeAll } from "#base/file-pieces.ts";
import { NarWriter } from "#nix/nar.ts";
import { isStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { compressionOf, type LayerCompression, type Descriptor } from "#package/oci.ts";
import type { LayerCodec } from "#package/oci-writer.ts";
import { tellTree } from "#package/store-layer.ts";
import { readStrictTar, type ByteSource, type TarEntry } from "#package/tar-reader.ts";
import { pipeliteError } from "#ship/errors.ts";
import { unpackTo } from "./codec.ts";
import type { ImageSource, ReadImage } from "./layout.ts";
import { SHIPPED_FILE, parseShipped, type ShippedImage, type ShippedImageFile } from "./shipped.ts";

export interface Inspected {
  says: ShippedImage;
  /** Path -> SHA-256 of its NAR in hex, as the layers have it. */
  paths: Map<StorePath, string>;
  /** All besides, by path, but what the image says of itself. */
  files: Map<string, ShippedImageFile>;
  /** The part of its configuration that says how it is started, as canonical JSON. */
  start: string;
}

const CODECS: Readonly<Record<LayerCompression, LayerCodec>> = { "": "none", ".gz": "gzip", ".zst": "zstd" };
/** What a layer may come to: so many times its size, or this where it is small. */
const GROWTH_MAX = 1100;
const BYTES_MAX = 64 * 2 ** 20;
const PIECE = 2 ** 20;
const SHIPPED_BYTES_MAX = 256 * 2 ** 20;

/**
 * @param temporary where unpacked layers are meanwhile
 * @throws PipeliteError IMAGE_WRONG for what an image of ours never has, LAYOUT_INVALID
 */
export async function inspectImage(
  source: ImageSource,
  { manifest, config }: ReadImage,
  temporary: string,
): Promise<Inspected> {
  makeFolder(temporary);
  const folder = mkdtempSync(join(temporary, "image-"));
  const wrong = (problem: string, cause?: unknown) =>
    pipeliteError("IMAGE_WRONG", { image: source.name, problem }, cause);
  try {
    const paths = new Map<StorePath, string>();
    const files = new Map<string, ShippedImageFile>();
    let says: ShippedImage | undefined;
    for (const [index, layer] of manifest.layers.entries()) {
      const shown = `its layer ${index + 1} of ${manifest.layers.length}`;
      const file = join(folder, "layer");
      const diffId = await unpackLayer(source, layer, file);
      if (diffId !== config.diffIds[index]) throw wrong(`${shown} unpacked has another digest than it says`);
      const tar = new OpenFile(file);
      try {
        const read = readLayer(tar);
        for (const [path, narHash] of read.paths) {
          if (paths.has(path)) throw new Error(`'${path}' is in an earlier layer, too`);
          paths.set(path, narHash);
        }
        for (const [path, entry] of read.files) {
          if (files.has(path)) throw new Error(`'${path}' is in an earlier layer, too`);
          files.set(path, entry);
        }
        if (read.says !== undefined && says !== undefined)
          throw new Error(`'${SHIPPED_FILE}' is there twice`);
        says ??= read.says;
      } catch (error) {
        throw wrong(`${shown}: ${messageOf(error)}`, error);
      } finally {
        tar.close();
      }
    }
    if (says === undefined) throw wrong(`it has no '${SHIPPED_FILE}': it was not made by Pipelite`);
    try {
      requireFolders(files);
    } catch (error) {
      throw wrong(messageOf(error), error);
    }
    return { says, paths, files, start: await startIn(source, manifest.config) };
  } finally {
    removeTree(folder);
  }
}

/** @returns SHA-256 of what was unpacked, in hex */
async function unpackLayer(source: ImageSource, layer: Descriptor, file: string): Promise<string> {
  const hash = createHash("sha256");
  const most = Math.max(layer.size * GROWTH_MAX, BYTES_MAX);
  let size = 0;
  const fd = openSync(file, "w");
  try {
    await unpackTo(source.blob(layer), CODECS[compressionOf(layer)], (piece) => {
      size += piece.length;
      if (size > most) throw new Error(`unpacked, it has more than ${most} bytes`);
      hash.update(piece);
      writeAll(fd, piece);
    });
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

async function startIn(source: ImageSource, config: Descriptor): Promise<string> {
  const value = parseStrictJson(await source.document(config));
  return canonicalJson(isObject(value) ? (value["config"] ?? {}) : {});
}

interface ReadLayer {
  paths: Map<StorePath, string>;
  files: Map<string, ShippedImageFile>;
  says: ShippedImage | undefined;
}

function readLayer(tar: ByteSource): ReadLayer {
  const trees = new Map<StorePath, TarEntry[]>();
  const files = new Map<string, ShippedImageFile>();
  let says: ShippedImage | undefined;
  for (const entry of readStrictTar(tar)) {
    const { path, kind } = entry;
    // A whiteout hides what lower layers have.
    if (path.split("/").some((part) => part.startsWith(".wh.")))
      throw new Error(`'${path}' hides files of others`);
    const [nix, store, base, ...below] = path.split("/");
    if (nix === "nix" && base !== undefined && store === "store") {
      const tree = `${STORE_DIR}/${base}`;
      if (!isStorePath(tree)) throw new Error(`'${path}' is no path of the store`);
      const known = trees.get(tree) ?? [];
      if (below.length > 0 && known.length === 0) throw new Error(`'${path}' stands before its folder`);
      known.push(entry);
      trees.set(tree, known);
    } else if (nix === "nix") {
      const isFolder = kind === "folder" && (store === undefined || store === "store");
      if (!isFolder) throw new Error(`'${path}' is beside the store`);
      if (entry.mode !== STORE_FOLDER_MODE)
        throw new Error(`'${path}' has the mode ${entry.mode.toString(8)}`);
    }
    if (nix !== "nix" || base === undefined) requirePlain(entry);
    if (path === SHIPPED_FILE) says = readShipped(entry);
    else if (nix !== "nix") files.set(path, fileOf(tar, entry));
  }
  const paths = new Map<StorePath, string>();
  for (const [path, entries] of trees) {
    const hash = createHash("sha256");
    const writer = new NarWriter((chunk) => void hash.update(chunk));
    tellTree(tar, { entries, root: path.slice(1) }, writer);
    writer.end();
    paths.set(path, hash.digest("hex"));
  }
  return { paths, files, says };
}

/** Others could change what is in the store. */
const STORE_FOLDER_MODE = 0o755;
const SET_ID = 0o6000;

/** What stands outside the paths of the store: it is not hashed with owner and attributes, so it has none. */
function requirePlain({ path, kind, mode, uid, gid, attributes }: TarEntry): void {
  if (kind !== "folder" && kind !== "file" && kind !== "link") throw new Error(`'${path}' is a ${kind}`);
  if (uid !== 0 || gid !== 0) throw new Error(`'${path}' belongs to ${uid}:${gid}`);
  if (attributes > 0) throw new Error(`'${path}' has attributes`);
  if ((mode & SET_ID) !== 0)
    throw new Error(`'${path}' runs as its owner whoever starts it (mode ${mode.toString(8)})`);
}

/** Whoever unpacks an image follows links of lower layers: what is below one would be written where it leads. */
function requireFolders(files: ReadonlyMap<string, ShippedImageFile>): void {
  for (const path of files.keys()) {
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    if (parent !== "" && files.get(parent)?.kind !== "folder")
      throw new Error(`'${path}' is below '${parent}', which is no folder of it`);
  }
}

function fileOf(tar: ByteSource, { path, kind, mode, offset, size, target }: TarEntry): ShippedImageFile {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += PIECE)
    hash.update(tar.subarray(offset + at, offset + Math.min(at + PIECE, size)));
  const content = kind === "link" ? target : kind === "file" ? `sha256:${hash.digest("hex")}` : "";
  return { path, kind, mode, content };
}

function readShipped({ kind, size, content }: TarEntry): ShippedImage {
  if (kind !== "file" || size > SHIPPED_BYTES_MAX) throw new Error(`'${SHIPPED_FILE}' is no short file`);
  try {
    return parseShipped(content);
  } catch (error) {
    throw new Error(`'${SHIPPED_FILE}': ${messageOf(error)}`, { cause: error });
  }
}
