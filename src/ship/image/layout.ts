// An OCI image layout in a folder (image-spec 1.1, image-layout.md), read strictly: every blob that is named is there, is a plain
// file, and has the size and the digest that it is named by. Whoever gets it has the same bytes from here on.
import { createHash } from "node:crypto";
import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { bytesOfFile } from "#base/files.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import {
  formatPlatform,
  parseImageConfig,
  parseImageDocument,
  parseReferrer,
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  type Platform,
  type Referrer,
} from "#package/oci.ts";
import { pipeliteError } from "#ship/errors.ts";

/** Where documents and blobs are to be had, by their digests: a folder, or a registry. */
export interface ImageSource {
  /** As messages call it. */
  readonly name: string;
  /** A short blob, held against its digest. */
  document(descriptor: Descriptor): Promise<Uint8Array>;
  /** A blob, piece by piece; it is held against its digest at the end. */
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
}

export interface ReadImage {
  descriptor: Descriptor;
  bytes: Uint8Array;
  manifest: ImageManifest;
  config: ImageConfig;
  platform: Platform;
}

export interface ReadReferrer {
  descriptor: Descriptor;
  bytes: Uint8Array;
  referrer: Referrer;
}

/** What one name stands for: an image, or an index of several, and what lies beside them. */
export interface ImageTree {
  tag: string | undefined;
  root: Descriptor;
  /** The index that is the root, where it is one. */
  index: Uint8Array | undefined;
  images: ReadImage[];
  referrers: ReadReferrer[];
}

const DOCUMENT_BYTES_MAX = 4 * 2 ** 20;
const IMAGES_MAX = 64;

export function layoutSource(folder: string): ImageSource {
  const wrong = (problem: string, cause?: unknown) =>
    pipeliteError("LAYOUT_INVALID", { layout: folder, problem }, cause);
  const openBlob = ({ sha256, size }: Descriptor): number => {
    let fd: number;
    try {
      fd = openSync(join(folder, "blobs/sha256", sha256), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      const code = systemErrorCode(error);
      const what = code === "ENOENT" ? "is not there" : code === "ELOOP" ? "is a link" : messageOf(error);
      throw wrong(`its blob sha256:${sha256} ${what}`, error);
    }
    const stat = fstatSync(fd);
    if (stat.isFile() && stat.size === size) return fd;
    closeSync(fd);
    throw wrong(`its blob sha256:${sha256} has ${stat.size} bytes, and ${size} are named`);
  };
  const blob = async function* (descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    const hash = createHash("sha256");
    const fd = openBlob(descriptor);
    try {
      for (let read = -1; read !== 0;) {
        const piece = Buffer.allocUnsafe(1024 * 1024);
        read = readSync(fd, piece);
        hash.update(piece.subarray(0, read));
        if (read > 0) yield piece.subarray(0, read);
      }
    } finally {
      closeSync(fd);
    }
    if (hash.digest("hex") !== descriptor.sha256)
      throw wrong(`its blob sha256:${descriptor.sha256} has another digest`);
  };
  return {
    name: folder,
    blob,
    document: async (descriptor) => {
      if (descriptor.size > DOCUMENT_BYTES_MAX)
        throw wrong(`its document sha256:${descriptor.sha256} has ${descriptor.size} bytes`);
      return Buffer.concat(await Array.fromAsync(blob(descriptor)));
    },
  };
}

export function isLayout(folder: string): boolean {
  return existsSync(join(folder, "oci-layout"));
}

/**
 * Documents of a layout; layers are named and not read.
 * @param tag which of its images; needed where it has several
 * @throws PipeliteError LAYOUT_INVALID, IMAGE_DOCUMENT_INVALID
 */
export async function readLayout(folder: string, tag?: string): Promise<ImageTree> {
  const wrong = (problem: string) => pipeliteError("LAYOUT_INVALID", { layout: folder, problem });
  const version = bytesOfFile(join(folder, "oci-layout"));
  const index = bytesOfFile(join(folder, "index.json"));
  if (version === undefined || index === undefined) throw wrong("it has no oci-layout and index.json");
  if (!isVersionOne(version)) throw wrong("it is not of version 1.0.0");
  const source = layoutSource(folder);
  const document = parseImageDocument(index);
  if (document.kind !== "index") throw wrong("its index.json is no index");
  const roots: { descriptor: Descriptor; refName: string | undefined }[] = [];
  const referrers: ReadReferrer[] = [];
  for (const { descriptor, refName } of document.manifests) {
    const bytes = await source.document(descriptor);
    const referrer = parseReferrer(bytes);
    if (referrer === undefined) roots.push({ descriptor, refName });
    else referrers.push({ descriptor, bytes, referrer });
  }
  const named = roots.filter(({ refName }) => tag === undefined || refName === tag);
  const [root, other] = named;
  const names = roots.map(({ refName = "one without a name" }) => refName).join(", ") || "none";
  if (root === undefined || other !== undefined)
    throw wrong(
      tag === undefined ? `it has ${roots.length} images (${names})` : `it has no '${tag}' (${names})`,
    );
  const tree = await readTree(source, root.descriptor);
  const digests = new Set(
    [tree.root, ...tree.images.map((image) => image.descriptor)].map(({ sha256 }) => sha256),
  );
  return {
    ...tree,
    tag: root.refName,
    referrers: referrers.filter(({ referrer }) => digests.has(referrer.subject.sha256)),
  };
}

function isVersionOne(bytes: Uint8Array): boolean {
  try {
    const value = parseStrictJson(bytes);
    return isObject(value) && value["imageLayoutVersion"] === "1.0.0";
  } catch {
    return false;
  }
}

/** The images that a manifest or an index stands for. */
export async function readTree(source: ImageSource, root: Descriptor): Promise<ImageTree> {
  const bytes = await source.document(root);
  const document = parseImageDocument(bytes);
  const tree = { tag: undefined, root, referrers: [] };
  if (document.kind === "manifest")
    return { ...tree, index: undefined, images: [await readImage(source, root, bytes)] };
  const wrong = (problem: string) => pipeliteError("LAYOUT_INVALID", { layout: source.name, problem });
  if (document.manifests.length > IMAGES_MAX)
    throw wrong(`its index has ${document.manifests.length} images`);
  const images: ReadImage[] = [];
  for (const { descriptor, platform } of document.manifests) {
    const image = await readImage(source, descriptor, await source.document(descriptor));
    if (platform !== undefined && formatPlatform(platform) !== formatPlatform(image.platform))
      throw wrong(`an image for ${formatPlatform(image.platform)} is called ${formatPlatform(platform)}`);
    images.push(image);
  }
  return { ...tree, index: bytes, images };
}

async function readImage(source: ImageSource, descriptor: Descriptor, bytes: Uint8Array): Promise<ReadImage> {
  const wrong = (problem: string) => pipeliteError("LAYOUT_INVALID", { layout: source.name, problem });
  const manifest = parseImageDocument(bytes);
  if (manifest.kind !== "manifest") throw wrong("an index is in its index");
  const config = parseImageConfig(await source.document(manifest.config));
  if (config.diffIds.length !== manifest.layers.length)
    throw wrong(`an image has ${manifest.layers.length} layers and ${config.diffIds.length} hashes of them`);
  return { descriptor, bytes, manifest, config, platform: config.platform };
}
