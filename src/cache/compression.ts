// How NARs are packed in a cache.
import { pipeline } from "node:stream";
import { Readable } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import { unxz } from "#package/xz.ts";
import type { Chunks } from "./files.ts";

/** What `cache push` and `cache serve` write. */
export const COMPRESSIONS = ["zstd", "none"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** The end of a packed NAR's name, after `.nar`. */
export function suffixOf(compression: Compression): string {
  return compression === "zstd" ? ".zst" : "";
}

/** @param workers threads beside the caller's own */
export function compress(chunks: Chunks, compression: Compression): Chunks {
  if (compression === "none") return chunks;
  return through(chunks, createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } }));
}

/** Undefined for a compression that is not known here. */
export function decompress(chunks: Chunks, compression: string): Chunks | undefined {
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

function through(chunks: Chunks, codec: NodeJS.ReadWriteStream & Readable): Chunks {
  // What goes wrong comes out of the codec's end.
  pipeline(Readable.from(chunks, { objectMode: false }), codec, () => undefined);
  return codec;
}
