// The files of a package as one packed stream in a file of its own, since what stands before it says its size and digest. Blocks
// of one size become one member of gzip, packed several at a time, or one frame of zstd: apk takes a further member for another part of a
// package, and dpkg stops at the end of a frame.
import { createHash, hash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { promisify } from "node:util";
import { constants, crc32, createZstdCompress, deflateRaw } from "node:zlib";
import { writeAll } from "#base/file-pieces.ts";
import * as shape from "#base/shape.ts";
import type { StorePath } from "#nix/store-path.ts";
import { GZIP_CODEC, GZIP_HEAD, GZIP_MEMORY, gzipTail } from "#package/gzip.ts";
import { inTheirOrder } from "./blocks.ts";
import { Keeper, keptNotes, keptPlace, type FileNote } from "./kept.ts";
import type { ShippedFile, ShippedTree } from "./shipment.ts";
import { bytesReader, contentReader } from "./tree.ts";

export type Codec = "gzip" | "zstd";

/** gzip's own, and zstd's. */
export const LEVELS: Readonly<Record<Codec, number>> = { gzip: 6, zstd: 3 };

/** All that the bytes depend on beside content and level. */
export function codecName(codec: Codec): string {
  return codec === "gzip"
    ? `${GZIP_CODEC}/gzip/${BLOCKS.gzip}`
    : `libzstd-${process.versions.zstd ?? "unknown"}/zstd/${BLOCKS.zstd}`;
}

/** What stands in a package: bytes of the format, and files. */
export type PayloadPart = Uint8Array | ShippedFile;

interface Packed extends FileNote {
  size: number;
  unpackedSize: number;
  /** Where it was asked for. */
  unpackedSha256?: string;
}

export interface Payload extends Packed {
  /** Where it is. */
  file: string;
  codec: Codec;
  level: number;
}

interface PackOptions {
  /** Whether what is packed is hashed before that, too. */
  isHashed?: boolean;
  signal?: AbortSignal | undefined;
}

/** Where payloads are kept, and by which path of the store. */
export interface KeptBy extends PackOptions {
  folder: string;
  path: StorePath;
}

const sha256 = shape.matching(/^[0-9a-f]{64}$/, "SHA-256");
const noted = shape.object<Packed>({
  sha256,
  size: shape.count,
  unpackedSha256: shape.optional(sha256),
  unpackedSize: shape.count,
});

/** A payload that has been packed before is not packed again. */
export async function keptPayload(
  parts: readonly PayloadPart[],
  codec: Codec,
  { folder, path, ...options }: KeptBy,
): Promise<Payload> {
  const { isHashed = false, signal } = options;
  const level = LEVELS[codec];
  const file = keptPlace(folder, path, [identityOf(parts), codecName(codec), level, isHashed]);
  const known = await keptNotes(file, noted, signal);
  if (known !== undefined) return { ...known, file, codec, level };
  const keeper = new Keeper(folder, file);
  let made: Packed;
  try {
    made = await pack(parts, { codec, level, ...options }, (piece) => keeper.add(piece));
  } catch (error) {
    keeper.abandon();
    throw error;
  }
  keeper.finish(made);
  return { ...made, file, codec, level };
}

/**
 * Of what would be packed: what stands before the files, which says their paths and sizes, and the files by their digests. Those of a
 * path of the store are what its registered hash says, and need not be read.
 */
function identityOf(parts: readonly PayloadPart[]): string {
  const trees = new Set<ShippedTree>();
  const said = parts.flatMap((part) => {
    if (part instanceof Uint8Array) return part;
    const { source, digests } = part;
    const tree = source !== undefined && "tree" in source ? source.tree : undefined;
    if (tree === undefined) return Buffer.from(digests.sha256, "latin1");
    trees.add(tree);
    return [];
  });
  const hashes = Buffer.from([...trees].map(({ narHash }) => narHash).join(" "), "latin1");
  return hash("sha256", Buffer.concat([...said, hashes]));
}

/** Bytes that are packed at a time. */
const BLOCKS: Readonly<Record<Codec, number>> = { gzip: 1024 * 1024, zstd: 4 * 1024 * 1024 };
/** Of a stream of zstd what it hands on at a time. */
const CHUNK = 1024 * 1024;
/** What can't be packed grows by less. */
const GROWTH = 64 * 1024;

/** @param file is made anew */
export async function packPayload(
  parts: readonly PayloadPart[],
  codec: Codec,
  { file, ...options }: PackOptions & { file: string },
): Promise<Payload> {
  const level = LEVELS[codec];
  const fd = openSync(file, "wx", 0o644);
  try {
    const made = await pack(parts, { codec, level, ...options }, (piece) => writeAll(fd, piece));
    return { ...made, file, codec, level };
  } finally {
    closeSync(fd);
  }
}

interface Packing {
  codec: Codec;
  level: number;
  /** Of all that is packed. */
  size: number;
  /** Blocks to be filled again. */
  free: Buffer<ArrayBuffer>[];
}

async function pack(
  parts: readonly PayloadPart[],
  { codec, isHashed = false, signal, ...packing }: Omit<Packing, "free" | "size"> & PackOptions,
  put: Put,
): Promise<Packed> {
  const packed = createHash("sha256");
  const unpacked = isHashed ? createHash("sha256") : undefined;
  const unpackedSize = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  let size = 0;
  const free: Buffer<ArrayBuffer>[] = [];
  const blocks = function* (): Generator<Buffer<ArrayBuffer>> {
    for (const block of blocksIn(parts, BLOCKS[codec], free)) {
      signal?.throwIfAborted();
      unpacked?.update(block);
      yield block;
    }
  };
  const packBlocks = codec === "gzip" ? packGzip : packZstd;
  await packBlocks(blocks(), { ...packing, size: unpackedSize, free }, (piece) => {
    packed.update(piece);
    size += piece.length;
    put(piece);
  });
  const unpackedSha256 = unpacked?.digest("hex");
  return { sha256: packed.digest("hex"), size, unpackedSize, ...(unpackedSha256 && { unpackedSha256 }) };
}

function sizeOf(part: PayloadPart): number {
  return part instanceof Uint8Array ? part.length : part.size;
}

/**
 * Blocks of one size, the last of what is left; files are read right into them.
 * @param free blocks that nobody needs any more: new memory costs as much as what is read into it
 */
function* blocksIn(
  parts: readonly PayloadPart[],
  bytes: number,
  free: Buffer<ArrayBuffer>[],
): Generator<Buffer<ArrayBuffer>> {
  const all = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  let block = Buffer.allocUnsafe(Math.min(bytes, all));
  let filled = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array && part.length < block.length - filled) {
      block.set(part, filled);
      filled += part.length;
      continue;
    }
    if (sizeOf(part) === 0) continue;
    const reader = part instanceof Uint8Array ? bytesReader(part) : contentReader(part);
    try {
      for (let left = sizeOf(part); left > 0;) {
        const read = reader.read(block.subarray(filled, filled + left));
        filled += read;
        left -= read;
        if (filled < block.length) continue;
        yield block;
        block = free.pop() ?? Buffer.allocUnsafe(bytes);
        filled = 0;
      }
    } finally {
      reader.close();
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

type Blocks = Iterable<Buffer<ArrayBuffer>>;
type Put = (piece: Uint8Array) => void;

const deflated = promisify(deflateRaw);

/** What deflate looks back on. */
const WINDOW = 32 * 1024;
/** A last block of deflate, which is empty. */
const LAST = Uint8Array.of(3, 0);

/** A block, and the end of the one before. */
interface Known {
  block: Buffer<ArrayBuffer>;
  dictionary: Uint8Array | undefined;
}

/** Each block ends at a byte and knows the end of the one before, as pigz has it: together they are one stream of deflate. */
async function packGzip(
  blocks: Blocks,
  { level, free }: Pick<Packing, "level" | "free">,
  put: Put,
): Promise<void> {
  let [crc, size] = [0, 0];
  let before: Buffer<ArrayBuffer> | undefined;
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
  const pieces = inTheirOrder(known(), async ({ block, dictionary }) => {
    const more = { chunkSize: block.length + GROWTH, ...(dictionary && { dictionary }) };
    return { block, piece: await deflated(block, { ...options, ...more }) };
  });
  let done: Buffer<ArrayBuffer> | undefined;
  for await (const { block, piece } of pieces) {
    put(piece);
    // The one behind it has its end for a dictionary: it is free when that one is done.
    if (done?.length === BLOCKS.gzip) free.push(done);
    done = block;
  }
  put(LAST);
  put(gzipTail(crc, size));
}

/**
 * One frame by a thread of the library, while what comes next is read. That thread has each block in one piece with the end of the one
 * before, and packs faster than a stream does, whose window goes round in a ring.
 */
async function packZstd(
  blocks: Blocks,
  { level, free, size }: Pick<Packing, "level" | "free" | "size">,
  put: Put,
): Promise<void> {
  const block = BLOCKS.zstd;
  const stream = createZstdCompress({
    params: { ...zstdParams(level), ...(size > block && BY_A_THREAD) },
    // Node hands on no more than what the thread took, and all of it is taken when it is to be packed to its end.
    ...(size > block && { flush: constants.ZSTD_e_flush }),
    chunkSize: Math.min(size, CHUNK) + GROWTH,
    // By the size the library chooses how much memory it takes.
    pledgedSrcSize: size,
  });
  const taken = (async () => {
    for await (const piece of stream as AsyncIterable<Uint8Array>) put(piece);
  })();
  const given = (async () => {
    let before: Promise<void> | undefined;
    for (const each of blocks) {
      const done = write(stream, each).then(() => void (each.length === block && free.push(each)));
      done.catch(() => undefined);
      await before;
      before = done;
    }
    await before;
    stream.end();
  })();
  try {
    await Promise.all([taken, given]);
  } finally {
    stream.destroy();
  }
}

/** Each block knows so much of the one before that the whole is as short as by a stream: half of the window. */
const OVERLAP = 8;
const BY_A_THREAD = {
  [constants.ZSTD_c_nbWorkers]: 1,
  [constants.ZSTD_c_jobSize]: BLOCKS.zstd,
  [constants.ZSTD_c_overlapLog]: OVERLAP,
};

function write(stream: Writable, block: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(block, (error) => (error ? reject(error) : resolve()));
  });
}

function zstdParams(level: number): Record<number, number> {
  return { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
}
