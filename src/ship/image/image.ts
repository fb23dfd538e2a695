// An image of a closure, as an OCI image layout in a folder: no Dockerfile, no base, no time but the one that is said. The folder
// appears whole or not at all.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { makeFolder } from "#base/files.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import { planLayers } from "#package/layering.ts";
import {
  EMPTY_DOCUMENT,
  LAYOUT_FILE,
  startText,
  writeImageConfig,
  writeImageIndex,
  writeImageManifest,
  writeReferrer,
  type Annotations,
  type Document,
  type IndexEntry,
  type ImageLayer,
  type ImageStart,
} from "#package/oci-writer.ts";
import type { Platform } from "#package/oci.ts";
import type { TarFile } from "#package/tar-writer.ts";
import { STORE_TIME } from "#package/store-layer.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { writeFilesLayer, writeLayers } from "./layers.ts";
import type { PackTrees } from "./packed-trees.ts";
import type { ShippedTree } from "#ship/shipment.ts";
import { SHIPPED_FILE, type ShippedImage } from "./shipped.ts";

export interface ImageToWrite {
  platform: Platform;
  /** With all they need. */
  roots: readonly StorePath[];
  start: ImageStart;
  annotations: Annotations;
  /** Seconds since the epoch. */
  createdAt: number;
  /** Files above the store, in the highest layer: byte strings, each folder before what is in it. */
  files: readonly TarFile[];
  /** Layers, at most. */
  most: number;
  /** Names that were in one layer before. */
  before?: readonly (readonly string[])[];
  packing: PackTrees;
  /** Paths of it that want to know what is read of them. */
  trees?: ReadonlyMap<StorePath, ShippedTree>;
}

export interface MadeImage {
  manifest: Document;
  config: Document;
  layers: readonly ImageLayer[];
  /** Which names are together: what the next image may be given as `before`. */
  plan: string[][];
}

/** About an image, beside it. */
export interface Attachment {
  artifactType: string;
  content: Document;
  annotations: Annotations;
}

/** Writes the blobs of an image into a layout. */
export async function writeImage(store: Store, layout: string, request: ImageToWrite): Promise<MadeImage> {
  const { platform, roots, start, annotations, createdAt, files, most, before = [], packing } = request;
  const blobs = join(layout, "blobs/sha256");
  makeFolder(blobs);
  const infos = new Map(store.closure(roots).map((path) => [path, infoOf(store, path)]));
  const groups = planLayers(
    [...infos.values()].map(({ path, narSize, references }) => ({
      id: path,
      name: storePathName(path),
      size: narSize,
      references,
    })),
    { most: most - 1, before },
  ).map((ids) => ids.flatMap((id) => infos.get(id as StorePath) ?? []));
  const writing = { blobs, packing, ...(request.trees && { trees: request.trees }) };
  const layers = await writeLayers(store, groups, writing);
  const shipped = shippedText([...infos.values()], { roots, files, start });
  const own = { name: SHIPPED_FILE, mode: 0o444, mtime: STORE_TIME, content: Buffer.from(shipped) };
  layers.push(await writeFilesLayer([own, ...files], SHIPPED_FILE, writing));
  const config = writeImageConfig(platform, { layers, createdAt, start });
  const manifest = writeImageManifest(config, layers, annotations);
  for (const document of [config, manifest]) writeBlob(layout, document);
  return {
    manifest,
    config,
    layers,
    plan: groups.map((group) => group.map(({ path }) => storePathName(path))),
  };
}

/** Writes what lies beside an image, and the index of all. */
export function finishLayout(
  layout: string,
  images: readonly { manifest: Document; platform: Platform; attachments: readonly Attachment[] }[],
  tag: string,
): Document {
  const entries = images.map(({ manifest, platform }): IndexEntry => ({ ...manifest, platform }));
  const referrers = images.flatMap(({ manifest, attachments }) =>
    attachments.map(({ content, ...rest }): IndexEntry => {
      const referrer = writeReferrer(manifest, { content, ...rest });
      for (const document of [EMPTY_DOCUMENT, content, referrer]) writeBlob(layout, document);
      return { ...referrer, artifactType: rest.artifactType };
    }),
  );
  const named = { "org.opencontainers.image.ref.name": tag };
  const [only, ...others] = entries;
  if (only === undefined) throw new Error("an image layout of nothing");
  let root: IndexEntry = only;
  if (others.length > 0) {
    const index = writeImageIndex(entries);
    writeBlob(layout, index);
    root = index;
  }
  writeFileSync(join(layout, "oci-layout"), LAYOUT_FILE);
  const index = writeImageIndex([{ ...root, annotations: named }, ...referrers]);
  writeFileSync(join(layout, "index.json"), index.bytes);
  return index;
}

export function writeBlob(layout: string, { digest, bytes }: Document): void {
  writeFileSync(join(layout, "blobs/sha256", digest.slice("sha256:".length)), bytes);
}

/** What an image says of itself: all that is in it, and how it is started. Nothing of where or when. */
function shippedText(
  infos: readonly PathInfo[],
  { roots, files, start }: { roots: readonly StorePath[]; files: readonly TarFile[]; start: ImageStart },
): string {
  const shipped: ShippedImage = {
    version: 1,
    roots: roots.toSorted(),
    paths: infos.map(({ path, narHash, narSize, references }) => ({
      path,
      narHash: `sha256:${hex(narHash)}`,
      narSize,
      references,
    })),
    files: files.map(({ name, kind = "file", mode, target = "", content }) => ({
      path: name,
      kind,
      mode,
      content: kind === "link" ? target : content === undefined ? "" : `sha256:${hexDigestOf(content)}`,
    })),
    start: startText(start),
  };
  return `${canonicalJson(shipped)}\n`;
}

function infoOf(store: Store, path: StorePath): PathInfo {
  const info = store.info(path);
  if (info === undefined) throw new Error(`${path} is not in the store any more`);
  return info;
}
