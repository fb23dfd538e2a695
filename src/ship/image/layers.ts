// Layers of an image on disk: the packed trees of the store one behind the other, with the folders above them in front. Each
// layer is unpacked again while it is written: the digest of its content is that of what readers will get.
import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { Limiter } from "#cache/limiter.ts";
import { storePathBase, storePathName, type StorePath } from "#nix/store-path.ts";
import { STORE_TIME } from "#package/store-layer.ts";
import { OCI_TYPES, type ImageLayer } from "#package/oci-writer.ts";
import { TAR_END, tarHeader, writeTar, type TarFile } from "#package/tar-writer.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { packed, unpackTo } from "./codec.ts";
import { forgetGone, packTree, readPacked, type PackedTree, type PackTrees } from "./packed-trees.ts";

/** Annotations of a layer: which paths are in it, by their names. */
export const PATHS_ANNOTATION = "dev.pipelite.layer.paths";

/** Of a blob that is being written into a folder of blobs. */
interface Writing {
  /** `blobs/sha256` of a layout. */
  blobs: string;
  packing: PackTrees;
}

/** One layer for each group of paths, the lowest first. */
export async function writeLayers(
  store: Store,
  groups: readonly (readonly PathInfo[])[],
  writing: Writing,
): Promise<ImageLayer[]> {
  const trees = await packAll(store, groups.flat(), writing.packing);
  const layers: ImageLayer[] = [];
  for (const group of groups) layers.push(await storeLayer(group, trees, writing));
  forgetGone(store, writing.packing.folder);
  return layers;
}

async function packAll(
  store: Store,
  infos: readonly PathInfo[],
  packing: PackTrees,
): Promise<Map<StorePath, PackedTree>> {
  const limiter = new Limiter(Math.min(availableParallelism(), 4));
  const done = await Promise.allSettled(
    infos.map((info) => limiter.run(() => packTree(store, info, packing))),
  );
  const trees = done.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
  return new Map(trees.map((tree) => [tree.path, tree]));
}

function storeLayer(
  group: readonly PathInfo[],
  trees: ReadonlyMap<StorePath, PackedTree>,
  writing: Writing,
): Promise<ImageLayer> {
  const names = group.map(({ path }) => storePathName(path)).join(" ");
  const comment = group.map(({ path }) => storePathBase(path)).join(" ");
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield* packed(once(FOLDERS), writing.packing);
    for (const { path } of group) {
      const tree = trees.get(path);
      if (tree !== undefined) yield* readPacked(tree.file);
    }
    yield* packed(once(TAR_END), writing.packing);
  };
  return writeLayer(parts(), { names, comment }, writing);
}

/** What every layer begins with: the folders in which trees of the store are. */
const FOLDERS: Uint8Array = Buffer.concat(
  ["nix", "nix/store"].map((name) =>
    tarHeader({ name, kind: "folder", mode: 0o755, mtime: STORE_TIME }, "pax"),
  ),
);

/** A layer of a few files that are in memory. */
export function writeFilesLayer(
  files: readonly TarFile[],
  comment: string,
  writing: Writing,
): Promise<ImageLayer> {
  return writeLayer(packed(once(writeTar(files, "pax")), writing.packing), { names: "", comment }, writing);
}

async function writeLayer(
  parts: AsyncIterable<Uint8Array>,
  { names, comment }: { names: string; comment: string },
  { blobs, packing: { codec, signal } }: Writing,
): Promise<ImageLayer> {
  const [own, content] = [createHash("sha256"), createHash("sha256")];
  let size = 0;
  const unfinished = join(blobs, `.unfinished-${process.pid}`);
  try {
    await using target = await open(unfinished, "w");
    async function* written(): AsyncGenerator<Uint8Array> {
      for await (const part of parts) {
        signal.throwIfAborted();
        own.update(part);
        size += part.length;
        await target.writeFile(part);
        yield part;
      }
    }
    await unpackTo(written(), codec, (piece) => void content.update(piece));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  const sha256 = own.digest("hex");
  renameSync(unfinished, join(blobs, sha256));
  return {
    mediaType: OCI_TYPES.layer[codec],
    digest: `sha256:${sha256}`,
    size,
    diffId: `sha256:${content.digest("hex")}`,
    comment,
    ...(names !== "" && { annotations: { [PATHS_ANNOTATION]: names } }),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
