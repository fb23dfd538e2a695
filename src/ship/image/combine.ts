// Images for several platforms under one name: an index of what is in several layouts.
import { OCI_TYPES, writeImageIndex } from "#package/oci-writer.ts";
import { formatPlatform, type Descriptor } from "#package/oci.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { ImageSource, ImageTree } from "./layout.ts";

/** One tree of several, in the order of their platforms. @throws PipeliteError LAYOUT_INVALID for two of one platform */
export function combineTrees(trees: readonly ImageTree[], name: string): ImageTree {
  const [only, ...others] = trees;
  if (only !== undefined && others.length === 0) return only;
  const images = trees
    .flatMap((tree) => tree.images)
    .toSorted((a, b) => (formatPlatform(a.platform) < formatPlatform(b.platform) ? -1 : 1));
  for (const [at, { platform }] of images.entries()) {
    const shown = formatPlatform(platform);
    const before = images[at - 1];
    if (before !== undefined && formatPlatform(before.platform) === shown)
      throw pipeliteError("LAYOUT_INVALID", { layout: name, problem: `two images are for ${shown}` });
  }
  const index = writeImageIndex(
    images.map(({ descriptor: { sha256, size }, platform }) => ({
      mediaType: OCI_TYPES.manifest,
      digest: `sha256:${sha256}`,
      size,
      platform,
    })),
  );
  return {
    tag: only?.tag,
    root: { mediaType: index.mediaType, sha256: index.digest.slice("sha256:".length), size: index.size },
    index: index.bytes,
    images,
    referrers: trees.flatMap((tree) => tree.referrers),
  };
}

/** Blobs from whichever place has them. */
export function combineSources(
  sources: readonly { source: ImageSource; tree: ImageTree }[],
  name: string,
): ImageSource {
  const owners = new Map<string, ImageSource>();
  for (const { source, tree } of sources) {
    const layers = [
      ...tree.images.map(({ manifest }) => manifest),
      ...tree.referrers.map(({ referrer }) => referrer),
    ];
    for (const { config, layers: blobs } of layers)
      for (const { sha256 } of [config, ...blobs]) owners.set(sha256, source);
  }
  const ownerOf = ({ sha256 }: Descriptor): ImageSource => {
    const owner = owners.get(sha256);
    if (owner === undefined) throw new Error(`no layout names ${sha256}`);
    return owner;
  };
  return {
    name,
    document: (descriptor) => ownerOf(descriptor).document(descriptor),
    blob: (descriptor) => ownerOf(descriptor).blob(descriptor),
  };
}
