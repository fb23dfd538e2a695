// The files of a package as one packed stream in a file of its own, since what stands before it says its size and digest. Pieces
// of one size are handed to the compressor, whatever the sizes of files: the bytes do not depend on how they were read.
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { GZIP_CODEC, gzipStart } from "#package/gzip.ts";

export type Codec = "gzip" | "zstd";

/** gzip's own, and zstd's. */
export const LEVELS: Readonly<Record<Codec, number>> = { gzip: 6, zstd: 3 };

/** With the version of what packs: another one may give other bytes. */
export function codecName(codec: Codec): string {
  return codec === "gzip" ? `${GZIP_CODEC}/gzip` : `libzstd-${process.versions.zstd ?? "unknown"}/zstd`;
}

export interface Payload {
  /** Where it is. */
  file: string;
  codec: Codec;
  level: number;
  size: number;
  sha256: string;
  unpackedSize: number;
  unpackedSha256: string;
}

const BLOCK = 1024 * 1024;

/** @param file is made anew */
export async function packPayload(parts: Iterable<Uint8Array>, codec: Codec, file: string): Promise<Payload> {
  const level = LEVELS[codec];
  const [packed, unpacked] = [createHash("sha256"), createHash("sha256")];
  let [size, unpackedSize] = [0, 0];
  const blocks = function* () {
    for (const block of blocksOf(parts)) {
      unpacked.update(block);
      unpackedSize += block.length;
      yield block;
    }
  };
  const fd = openSync(file, "wx", 0o644);
  try {
    await pipeline(
      Readable.from(blocks(), { highWaterMark: 2 }),
      compressorOf(codec, level),
      async (pieces) => {
        for await (const each of pieces as AsyncIterable<Buffer>) {
          const piece = size === 0 && codec === "gzip" ? gzipStart(each) : each;
          packed.update(piece);
          for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at);
          size += piece.length;
        }
      },
    );
  } finally {
    closeSync(fd);
  }
  return {
    file,
    codec,
    level,
    size,
    sha256: packed.digest("hex"),
    unpackedSize,
    unpackedSha256: unpacked.digest("hex"),
  };
}

function compressorOf(codec: Codec, level: number) {
  if (codec === "gzip") return createGzip({ level, chunkSize: BLOCK / 4 });
  return createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    chunkSize: BLOCK / 4,
  });
}

/** Pieces of BLOCK bytes, the last of what is left. */
function* blocksOf(parts: Iterable<Uint8Array>): Generator<Buffer> {
  let block = Buffer.alloc(BLOCK);
  let used = 0;
  for (const part of parts)
    for (let at = 0; at < part.length;) {
      const taken = Math.min(part.length - at, BLOCK - used);
      block.set(part.subarray(at, at + taken), used);
      used += taken;
      at += taken;
      if (used === BLOCK) {
        yield block;
        block = Buffer.alloc(BLOCK);
        used = 0;
      }
    }
  if (used > 0) yield block.subarray(0, used);
}
