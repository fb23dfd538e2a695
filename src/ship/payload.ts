// The files of a package as one packed stream in a file of its own, since what stands before it says its size and digest. Blocks
// of one size are packed several at a time, into one member of gzip or one frame of zstd: apk takes a further member for another part
// of a package, and dpkg stops at the end of a frame.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { constants, crc32, createZstdCompress, deflateRaw, zstdCompress, zstdCompressSync } from "node:zlib";
import { writeAll } from "#base/file-pieces.ts";
import * as shape from "#base/shape.ts";
import type { StorePath } from "#nix/store-path.ts";
import { GZIP_CODEC, GZIP_HEAD, GZIP_MEMORY, gzipTail } from "#package/gzip.ts";
import { inTheirOrder } from "./blocks.ts";
import { Keeper, keptNotes, keptPlace, type FileNote } from "./kept.ts";
import type { ShippedFile } from "./shipment.ts";
import { bytesReader, heldReader } from "./tree.ts";

export type Codec = "gzip" | "zstd";

/** gzip's own, and zstd's. */
export const LEVELS: Readonly<Record<Codec, number>> = { gzip: 6, zstd: 3 };

/** All that the bytes depend on beside content and level. */
export function codecName(codec: Codec): string {
  const library = codec === "gzip" ? GZIP_CODEC : `libzstd-${process.versions.zstd ?? "unknown"}`;
  return `${library}/${codec}/${BLOCK}`;
}

/** What stands in a package: bytes of the format, and files. */
export type PayloadPart = Uint8Array | ShippedFile;

interface Packed extends FileNote {
  size: number;
  unpackedSize: number;
  unpackedSha256: string;
}

export interface Payload extends Packed {
  /** Where it is. */
  file: string;
  codec: Codec;
  level: number;
}

/** Where payloads are kept, and by which path of the store. */
export interface KeptBy {
  folder: string;
  path: StorePath;
}

const sha256 = shape.matching(/^[0-9a-f]{64}$/, "SHA-256");
const noted = shape.object<Packed>({
  sha256,
  size: shape.count,
  unpackedSha256: sha256,
  unpackedSize: shape.count,
});

/** A payload that has been packed before is not packed again. */
export async function keptPayload(
  parts: readonly PayloadPart[],
  codec: Codec,
  { folder, path }: KeptBy,
): Promise<Payload> {
  const level = LEVELS[codec];
  const file = keptPlace(folder, path, [identityOf(parts), codecName(codec), level]);
  const known = await keptNotes(file, noted);
  if (known !== undefined) return { ...known, file, codec, level };
  const keeper = new Keeper(folder, file);
  let made: Packed;
  try {
    made = await pack(parts, { codec, level, threads: availableParallelism() }, (piece) => keeper.add(piece));
  } catch (error) {
    keeper.abandon();
    throw error;
  }
  keeper.finish(made);
  return { ...made, file, codec, level };
}

/** Of what would be packed: files by their digests, which are known. */
function identityOf(parts: readonly PayloadPart[]): string {
  const digest = createHash("sha256");
  const said = parts.map((part) =>
    part instanceof Uint8Array ? part : Buffer.from(`file ${part.size} ${part.digests.sha256}\n`),
  );
  // Many short pieces cost more than their bytes.
  for (let at = 0; at < said.length; at += PIECES) digest.update(Buffer.concat(said.slice(at, at + PIECES)));
  return digest.digest("hex");
}

const PIECES = 1024;

const BLOCK = 1024 * 1024;
/** What can't be packed grows by less. */
const GROWTH = 64 * 1024;

/**
 * @param file is made anew
 * @param threads on which zstd packs what is long; gzip takes those of Node
 */
export async function packPayload(
  parts: readonly PayloadPart[],
  codec: Codec,
  file: string,
  threads: number = availableParallelism(),
): Promise<Payload> {
  const level = LEVELS[codec];
  const fd = openSync(file, "wx", 0o644);
  try {
    const made = await pack(parts, { codec, level, threads }, (piece) => writeAll(fd, piece));
    return { ...made, file, codec, level };
  } finally {
    closeSync(fd);
  }
}

interface Packing {
  codec: Codec;
  level: number;
  threads: number;
}

async function pack(
  parts: readonly PayloadPart[],
  { codec, ...packing }: Packing,
  put: Put,
): Promise<Packed> {
  const [packed, unpacked] = [createHash("sha256"), createHash("sha256")];
  const unpackedSize = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  let size = 0;
  const isWhole = codec === "zstd" && unpackedSize <= WHOLE_MAX;
  const blocks = function* (): Generator<Uint8Array> {
    for (const block of blocksIn(parts, isWhole ? unpackedSize : BLOCK)) {
      unpacked.update(block);
      yield block;
    }
  };
  const packBlocks = codec === "gzip" ? packGzip : isWhole ? packWhole : packZstd;
  await packBlocks(blocks(), packing, (piece) => {
    packed.update(piece);
    size += piece.length;
    put(piece);
  });
  return { sha256: packed.digest("hex"), size, unpackedSha256: unpacked.digest("hex"), unpackedSize };
}

function sizeOf(part: PayloadPart): number {
  return part instanceof Uint8Array ? part.length : part.size;
}

/** Blocks of so many bytes, the last of what is left; files are read right into them. */
function* blocksIn(parts: readonly PayloadPart[], bytes: number): Generator<Uint8Array> {
  let block = Buffer.allocUnsafe(bytes);
  let filled = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array && part.length < bytes - filled) {
      block.set(part, filled);
      filled += part.length;
      continue;
    }
    const reader = part instanceof Uint8Array ? bytesReader(part) : heldReader(part);
    try {
      for (let left = sizeOf(part); left > 0;) {
        const read = reader.read(block.subarray(filled, filled + left));
        filled += read;
        left -= read;
        if (filled < bytes) continue;
        yield block;
        block = Buffer.allocUnsafe(bytes);
        filled = 0;
      }
    } finally {
      reader.close();
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

type Blocks = Iterable<Uint8Array>;
type Put = (piece: Uint8Array) => void;

const deflated = promisify(deflateRaw);
const zstd = promisify(zstdCompress);

/** What deflate looks back on. */
const WINDOW = 32 * 1024;
/** A last block of deflate, which is empty. */
const LAST = Uint8Array.of(3, 0);

/** A block, and the end of the one before. */
interface Known {
  block: Uint8Array;
  dictionary: Uint8Array | undefined;
}

/** Each block ends at a byte and knows the end of the one before, as pigz has it: together they are one stream of deflate. */
async function packGzip(blocks: Blocks, { level }: Pick<Packing, "level">, put: Put): Promise<void> {
  let [crc, size] = [0, 0];
  let before: Uint8Array | undefined;
  const known = function* (): Generator<Known> {
    for (const block of blocks) {
      crc = crc32(block, crc);
      size += block.length;
      yield { block, dictionary: before?.subarray(-WINDOW) };
      before = block;
    }
  };
  put(GZIP_HEAD);
  const options = { level, memLevel: GZIP_MEMORY, finishFlush: constants.Z_SYNC_FLUSH };
  const pieces = inTheirOrder(known(), ({ block, dictionary }) =>
    deflated(block, { ...options, chunkSize: block.length + GROWTH, ...(dictionary && { dictionary }) }),
  );
  for await (const piece of pieces) put(piece);
  put(LAST);
  put(gzipTail(crc, size));
}

/** What is packed in one go, from memory. */
const WHOLE_MAX = 128 * BLOCK;
/** From here on the library cuts what it packs, and packs it on threads of its own; how many there are is not seen in the bytes. */
const CUT_MIN = 8 * BLOCK;

/** @param blocks one, or none where there is nothing */
async function packWhole(
  blocks: Blocks,
  { level, threads }: Pick<Packing, "level" | "threads">,
  put: Put,
): Promise<void> {
  const [whole = new Uint8Array()] = blocks;
  const params = zstdParams(level);
  const chunkSize = whole.length + GROWTH;
  if (whole.length < CUT_MIN) return put(await zstd(whole, { params, chunkSize }));
  // Asked in the background, Node hands it over in steps, and does not wait for what other threads have of it.
  params[constants.ZSTD_c_nbWorkers] = threads;
  put(zstdCompressSync(whole, { params, chunkSize }));
}

async function packZstd(blocks: Blocks, { level }: Pick<Packing, "level">, put: Put): Promise<void> {
  await pipeline(
    Readable.from(blocks, { highWaterMark: 2 }),
    createZstdCompress({ params: zstdParams(level), chunkSize: BLOCK }),
    async (pieces) => {
      for await (const piece of pieces as AsyncIterable<Uint8Array>) put(piece);
    },
  );
}

function zstdParams(level: number): Record<number, number> {
  return { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
}
