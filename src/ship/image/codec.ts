// How layers are packed: in blocks of a fixed size, several at a time. Members of gzip one after the other, and frames of zstd, are
// what one of it all would be (RFC 1952, 2.2; RFC 8878, 3), so the bytes don't depend on how many are packed at once.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { pipeliteError } from "#ship/errors.ts";
import { constants, createGunzip, createZstdDecompress, gzip, zstdCompress } from "node:zlib";
import { GZIP_CODEC, GZIP_MEMORY, gzipMember } from "#package/gzip.ts";
import type { LayerCodec } from "#package/oci-writer.ts";

export interface Packing {
  codec: LayerCodec;
  level: number;
}

/** What is taken where nobody says otherwise: what their own tools take. */
const USUAL_LEVELS: Readonly<Record<LayerCodec, number>> = { none: 0, gzip: 6, zstd: 3 };
const LEVELS: Readonly<Record<LayerCodec, readonly [least: number, most: number]>> = {
  none: [0, 0],
  gzip: [1, 9],
  zstd: [1, 19],
};

/** @param level undefined for the usual one. @throws PipeliteError PACK_LEVEL_INVALID */
export function compressionLevelOf(codec: LayerCodec, level: number | undefined): number {
  const [least, most] = LEVELS[codec];
  if (level !== undefined && (level < least || level > most))
    throw pipeliteError("PACK_LEVEL_INVALID", { codec, level, least, most });
  return level ?? USUAL_LEVELS[codec];
}

/** Bytes that are packed each time for themselves. */
export const PACKING_BLOCK: number = 4 * 1024 * 1024;
/** What can't be packed grows by less. */
const GROWTH = 64 * 1024;

const gzipped = promisify(gzip);
const zstd = promisify(zstdCompress);

/** All that the bytes depend on beside the content. Whoever packs has held zlib against its known answer before. */
export function nameOfPacking({ codec, level }: Packing): string {
  if (codec === "none") return "none";
  const library =
    codec === "gzip" ? `${GZIP_CODEC}/gzip-${level}` : `libzstd-${process.versions.zstd}/zstd-${level}`;
  return `${library}/${PACKING_BLOCK}`;
}

/** @param block must not be changed afterwards */
export async function packBlock(block: Uint8Array, { codec, level }: Packing): Promise<Uint8Array> {
  // With room for all of it the compressor is called once, and has what it reads and writes in one piece.
  const chunkSize = block.length + GROWTH;
  if (codec === "none") return block;
  if (codec === "gzip") return gzipMember(await gzipped(block, { level, memLevel: GZIP_MEMORY, chunkSize }));
  return zstd(block, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize });
}

/** Unpacks what is packed so, piece by piece. @throws Error of zlib */
export async function unpackTo(
  chunks: AsyncIterable<Uint8Array>,
  codec: LayerCodec,
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
