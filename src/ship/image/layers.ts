// Layers of an image on disk: the trees of the store one behind the other, with the folders above them in front. What is written is
// hashed and packed as it is read, once; what was packed before is unpacked again for the digest of the content.
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { Limiter } from "#base/limiter.ts";
import { writeAll } from "#base/file-pieces.ts";
import { storePathBase, storePathName, type StorePath } from "#nix/store-path.ts";
import { STORE_TIME } from "#package/store-layer.ts";
import { OCI_TYPES, type ImageLayer } from "#package/oci-writer.ts";
import { TAR_END, tarHeader, writeTar, type TarFile } from "#package/tar-writer.ts";
import { BlockMaker, inTheirOrder } from "#ship/blocks.ts";
import { forgetGone, readPacked } from "#ship/kept.ts";
import type { ShippedTree } from "#ship/shipment.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { packBlock, PACKING_BLOCK, unpackTo } from "./codec.ts";
import { keptTree, tarBlocks, TreeKeeper, type PackTrees } from "./packed-trees.ts";

/** Annotations of a layer: which paths are in it, by their names. */
export const PATHS_ANNOTATION = "dev.pipelite.layer.paths";

/** Of a blob that is being written into a folder of blobs. */
interface Writing {
  /** `blobs/sha256` of a layout. */
  blobs: string;
  packing: PackTrees;
  /** Those that want to know what is read of them. */
  trees?: ReadonlyMap<StorePath, ShippedTree>;
}

/** One layer for each group of paths, the lowest first. */
export async function writeLayers(
  store: Store,
  groups: readonly (readonly PathInfo[])[],
  writing: Writing,
): Promise<ImageLayer[]> {
  const limiter = new Limiter(Math.min(availableParallelism(), 4));
  const done = await Promise.allSettled(
    groups.map((group) => limiter.run(() => storeLayer(store, group, writing))),
  );
  const layers = done.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
  forgetGone(store, writing.packing.folder);
  return layers;
}

/** Bytes as they are written, and the tree of which they are kept. */
interface Packed {
  packed: Uint8Array;
  /** What they were packed from. */
  block?: Uint8Array;
  keeper?: TreeKeeper | undefined;
}

/** What comes next in a layer: something to pack, something packed before, or the end of a tree that is kept. */
type Part = { block: Uint8Array; keeper: TreeKeeper | undefined } | Packed | { end: TreeKeeper };

/** Of a layer while it is made. */
interface Making {
  blocks: BlockMaker;
  /** Of what stands in it, as it would be unpacked. */
  content: Hash;
  /** Trees of it that are being kept. */
  keepers: Set<TreeKeeper>;
}

function storeLayer(store: Store, group: readonly PathInfo[], writing: Writing): Promise<ImageLayer> {
  const names = group.map(({ path }) => storePathName(path)).join(" ");
  const comment = group.map(({ path }) => storePathBase(path)).join(" ");
  const parts = async function* (making: Making): AsyncGenerator<Part> {
    yield* bytesParts(FOLDERS, making);
    for (const info of group) yield* treeParts(store, info, { making, ...writing });
    yield* bytesParts(TAR_END, making);
  };
  return writeLayer(parts, { names, comment }, writing);
}

async function* treeParts(
  store: Store,
  info: PathInfo,
  { making, packing, trees }: Writing & { making: Making },
): AsyncGenerator<Part> {
  const kept = await keptTree(info, packing);
  if (kept !== undefined) {
    await unpackTo(readPacked(kept), packing.codec, (piece) => {
      packing.signal.throwIfAborted();
      making.content.update(piece);
    });
    for await (const packed of readPacked(kept)) yield { packed };
    return;
  }
  const keeper = new TreeKeeper(info, packing);
  making.keepers.add(keeper);
  const listener = trees?.get(info.path)?.listener();
  for (const block of tarBlocks(store, info, { blocks: making.blocks, listener })) {
    making.content.update(block);
    yield { block, keeper };
  }
  yield { end: keeper };
}

async function* bytesParts(bytes: Uint8Array, { blocks, content }: Making): AsyncGenerator<Part> {
  blocks.add(bytes);
  for (const block of blocks.take(true)) {
    content.update(block);
    yield { block, keeper: undefined };
  }
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
  const tar = writeTar(files, "pax");
  return writeLayer((making) => bytesParts(tar, making), { names: "", comment }, writing);
}

/** Of files that are being written: several at a time have names of their own. */
let unfinishedCount = 0;

async function writeLayer(
  partsIn: (making: Making) => AsyncIterable<Part>,
  { names, comment }: { names: string; comment: string },
  { blobs, packing }: Writing,
): Promise<ImageLayer> {
  const { codec, signal } = packing;
  const own = createHash("sha256");
  const blocks = new BlockMaker(PACKING_BLOCK);
  const making: Making = { blocks, content: createHash("sha256"), keepers: new Set() };
  let size = 0;
  const unfinished = join(blobs, `.unfinished-${process.pid}-${(unfinishedCount += 1)}`);
  const fd = openSync(unfinished, "wx", 0o644);
  try {
    const pack = async (part: Part): Promise<Packed | { end: TreeKeeper }> =>
      "packed" in part || "end" in part ? part : { ...part, packed: await packBlock(part.block, packing) };
    for await (const part of inTheirOrder(partsIn(making), pack)) {
      signal.throwIfAborted();
      if ("end" in part) {
        making.keepers.delete(part.end);
        part.end.finish();
        continue;
      }
      const { packed, keeper, block } = part;
      own.update(packed);
      size += packed.length;
      writeAll(fd, packed);
      keeper?.add(packed);
      if (block !== undefined) blocks.reuse(block);
    }
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(fd);
    for (const keeper of making.keepers) keeper.abandon();
  }
  const sha256 = own.digest("hex");
  renameSync(unfinished, join(blobs, sha256));
  return {
    mediaType: OCI_TYPES.layer[codec],
    digest: `sha256:${sha256}`,
    size,
    diffId: `sha256:${making.content.digest("hex")}`,
    comment,
    ...(names !== "" && { annotations: { [PATHS_ANNOTATION]: names } }),
  };
}
