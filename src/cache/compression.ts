// How NARs are packed in a cache.
import { availableParallelism } from "node:os";
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  zstdCompress,
} from "node:zlib";
import { unxz } from "#package/xz.ts";
import type { AsyncChunks } from "./files.ts";

/** What `cache push` and `cache serve` write. */
export const COMPRESSIONS = ["zstd", "none"] as const;
export type NarCompression = (typeof COMPRESSIONS)[number];

/** The end of a packed NAR's name, after `.nar`. */
export function suffixOf(compression: NarCompression): string {
  return compression === "zstd" ? ".zst" : "";
}

/** What is given must not be changed afterwards. */
export function compress(chunks: AsyncChunks, compression: NarCompression): AsyncChunks {
  return compression === "none" ? chunks : zstdFrames(chunks);
}

/** Twice the window of level 3: smaller frames would find fewer repetitions, larger ones hold more memory. */
const FRAME_BYTES = 4 * 1024 * 1024;
const FRAMES_AT_ONCE = Math.min(availableParallelism(), 4);
/** Nix's own. */
const LEVEL = 3;

const zstd = promisify(zstdCompress);

/**
 * Frames one after the other are what one frame of it all is (RFC 8878, 3), and several are packed at the same time.
 * zstd's own threads (ZSTD_c_nbWorkers) can't be had: a stream of Node 26.10 takes what they have ready for the end, and fails.
 */
async function* zstdFrames(chunks: AsyncChunks): AsyncChunks {
  const packing: Promise<Uint8Array>[] = [];
  for await (const block of blocksOf(chunks)) {
    // Room for all of it: each further piece would be a turn of its own.
    const packed = zstd(block, {
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
      chunkSize: block.length + 1024,
    });
    // What goes wrong is thrown where it is awaited, if that is still done.
    packed.catch(() => undefined);
    packing.push(packed);
    const first = packing.length > FRAMES_AT_ONCE ? packing.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const packed of packing) yield await packed;
}

/** The bytes in pieces of FRAME_BYTES or a little more, the last of what is left; one piece where there are no bytes. */
async function* blocksOf(chunks: AsyncChunks): AsyncGenerator<Uint8Array> {
  let block: Uint8Array[] = [];
  let size = 0;
  let isFirst = true;
  for await (const chunk of chunks) {
    block.push(chunk);
    size += chunk.length;
    if (size < FRAME_BYTES) continue;
    yield Buffer.concat(block, size);
    block = [];
    size = 0;
    isFirst = false;
  }
  if (size > 0 || isFirst) yield Buffer.concat(block, size);
}

/** Undefined for a compression that is not known here. */
export function decompressNar(chunks: AsyncChunks, compression: string): AsyncChunks | undefined {
  switch (compression) {
    case "none":
      return chunks;
    case "zstd":
      return through(chunks, createZstdDecompress());
    case "gzip":
      return through(chunks, createGunzip());
    case "xz":
      return unxz(chunks);
    case "br":
      return through(chunks, createBrotliDecompress());
    default:
      return undefined;
  }
}

function through(chunks: AsyncChunks, codec: NodeJS.ReadWriteStream & Readable): AsyncChunks {
  // What goes wrong comes out of the codec's end.
  pipeline(Readable.from(chunks, { objectMode: false }), codec, () => undefined);
  return codec;
}
