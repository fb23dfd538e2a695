// Several layouts as one, in a folder: what a push does with a registry, done with none.
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { writeAll } from "#base/file-pieces.ts";
import { makeFolder, removeTree } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import { LAYOUT_FILE, OCI_TYPES, writeImageIndex, type IndexEntry } from "#package/oci-writer.ts";
import type { Descriptor } from "#package/oci.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { ImageSource, ImageTree } from "./layout.ts";

export interface JoinedLayout {
  blobs: number;
  bytes: number;
}

/**
 * Writes a tree into a folder that is not there yet: all of it, or nothing.
 * @throws PipeliteError LAYOUT_THERE, LAYOUT_WRITE_FAILED, and those of the source
 */
export async function joinLayouts(
  source: ImageSource,
  tree: ImageTree,
  { folder, tag, signal }: { folder: string; tag: string; signal: AbortSignal },
): Promise<JoinedLayout> {
  if (existsSync(folder)) throw pipeliteError("LAYOUT_THERE", { layout: folder });
  let unfinished: string | undefined;
  try {
    makeFolder(dirname(folder));
    unfinished = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
    const made = await writeTree(source, tree, { folder: unfinished, tag, signal });
    renameSync(unfinished, folder);
    return made;
  } catch (error) {
    if (unfinished !== undefined) removeTree(unfinished);
    if (isPipeliteError(error) || signal.aborted) throw error;
    throw pipeliteError("LAYOUT_WRITE_FAILED", { layout: folder, problem: messageOf(error) }, error);
  }
}

async function writeTree(
  source: ImageSource,
  { root, index, images, referrers }: ImageTree,
  { folder, tag, signal }: { folder: string; tag: string; signal: AbortSignal },
): Promise<JoinedLayout> {
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const named = new Map<string, Descriptor>();
  for (const { manifest } of images)
    for (const each of [...manifest.layers, manifest.config]) named.set(each.sha256, each);
  for (const { referrer } of referrers)
    for (const each of [...referrer.layers, referrer.config]) named.set(each.sha256, each);
  let bytes = 0;
  for (const descriptor of named.values()) {
    const fd = openSync(join(blobs, descriptor.sha256), "wx", 0o644);
    try {
      for await (const piece of source.blob(descriptor)) {
        signal.throwIfAborted();
        writeAll(fd, piece);
      }
    } finally {
      closeSync(fd);
    }
    bytes += descriptor.size;
  }
  for (const { descriptor, bytes: document } of [...images, ...referrers])
    writeFileSync(join(blobs, descriptor.sha256), document);
  if (index !== undefined) writeFileSync(join(blobs, root.sha256), index);
  const about = ({ sha256, size }: Descriptor, mediaType: string): IndexEntry => ({
    mediaType,
    digest: `sha256:${sha256}`,
    size,
  });
  const [only] = images;
  const entry: IndexEntry = {
    ...about(root, index === undefined ? OCI_TYPES.manifest : OCI_TYPES.index),
    ...(index === undefined && only !== undefined && { platform: only.platform }),
    annotations: { "org.opencontainers.image.ref.name": tag },
  };
  const beside = referrers.map(({ descriptor, referrer: { artifactType } }) => ({
    ...about(descriptor, OCI_TYPES.manifest),
    artifactType,
  }));
  writeFileSync(join(folder, "oci-layout"), LAYOUT_FILE);
  writeFileSync(join(folder, "index.json"), writeImageIndex([entry, ...beside]).bytes);
  return { blobs: named.size, bytes };
}
