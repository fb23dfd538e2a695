// How layers are packed: in blocks of a fixed size, several at a time. Members of gzip one after the other, and frames of zstd, are
// what one of it all would be (RFC 1952, 2.2; RFC 8878, 3), so the bytes don't depend on how many are packed at once.
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { pipeliteError } from "#ship/errors.ts";
import { constants, createGunzip, createZstdDecompress, gzip, zstdCompress } from "node:zlib";
import { GZIP_CODEC, gzipMember } from "#package/gzip.ts";
import type { Codec } from "#package/oci-writer.ts";

export interface Packing {
  codec: Codec;
  level: number;
}

/** What is taken where nobody says otherwise: what their own tools take. */
const USUAL_LEVELS: Readonly<Record<Codec, number>> = { none: 0, gzip: 6, zstd: 3 };
const LEVELS: Readonly<Record<Codec, readonly [least: number, most: number]>> = {
  none: [0, 0],
  gzip: [1, 9],
  zstd: [1, 19],
};

/** @param level undefined for the usual one. @throws PipeliteError PACK_LEVEL_INVALID */
export function levelOf(codec: Codec, level: number | undefined): number {
  const [least, most] = LEVELS[codec];
  if (level !== undefined && (level < least || level > most))
    throw pipeliteError("PACK_LEVEL_INVALID", { codec, level, least, most });
  return level ?? USUAL_LEVELS[codec];
}

const BLOCK_BYTES = 4 * 1024 * 1024;
const BLOCKS_AT_ONCE = Math.min(availableParallelism(), 4);

const gzipped = promisify(gzip);
const zstd = promisify(zstdCompress);

/** All that the bytes depend on beside the content. Whoever packs has held zlib against its known answer before. */
export function nameOfPacking({ codec, level }: Packing): string {
  if (codec === "none") return "none";
  const library = codec === "gzip" ? GZIP_CODEC : `libzstd-${process.versions.zstd}`;
  return `${library}/${codec}-${level}/${BLOCK_BYTES}`;
}

/** What is given must not be changed afterwards. */
export async function* packed(
  chunks: AsyncIterable<Uint8Array>,
  { codec, level }: Packing,
): AsyncGenerator<Uint8Array> {
  if (codec === "none") return yield* chunks;
  const open: Promise<Uint8Array>[] = [];
  for await (const block of blocksOf(chunks)) {
    const packing = codec === "gzip" ? gzipBlock(block, level) : zstdFrame(block, level);
    // What goes wrong is thrown where it is awaited, if that is still done.
    packing.catch(() => undefined);
    open.push(packing);
    const first = open.length > BLOCKS_AT_ONCE ? open.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const each of open) yield await each;
}

/** Unpacks what is packed so, piece by piece. @throws Error of zlib */
export async function unpackTo(
  chunks: AsyncIterable<Uint8Array>,
  codec: Codec,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  const codecs = { none: [], gzip: [createGunzip()], zstd: [createZstdDecompress()] }[codec];
  await pipeline([
    Readable.from(chunks, { objectMode: false }),
    ...codecs,
    async function each(pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) take(piece);
    },
  ]);
}

async function* blocksOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const size = Math.min(chunk.length - at, BLOCK_BYTES - filled);
      block.set(chunk.subarray(at, at + size), filled);
      filled += size;
      at += size;
      if (filled < BLOCK_BYTES) continue;
      yield block;
      block = Buffer.allocUnsafe(BLOCK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

async function gzipBlock(block: Uint8Array, level: number): Promise<Uint8Array> {
  return gzipMember(await gzipped(block, { level, chunkSize: 1024 * 1024 }));
}

async function zstdFrame(block: Uint8Array, level: number): Promise<Uint8Array> {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return zstd(block, { params, chunkSize: block.length + 1024 });
}
