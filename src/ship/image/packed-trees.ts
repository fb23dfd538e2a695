// Trees of the store as parts of layers, each packed once: what has been packed is kept by path, content, codec and level, and is
// held against its hash whenever it is taken.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { hex } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { bytesOfFile, makeFolder, writeFileAtomically } from "#base/files.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import * as shape from "#base/shape.ts";
import { NarParser } from "#nix/nar.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";
import { TreeToTar } from "#package/store-layer.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { nameOfPacking, packed, type Packing } from "./codec.ts";
import { pipeliteError } from "#ship/errors.ts";

export interface PackedTree {
  path: StorePath;
  /** Where the packed bytes are. */
  file: string;
  /** Hex, of the packed bytes. */
  sha256: string;
  /** In bytes. */
  size: number;
  /** Hex, of the tar. */
  tarSha256: string;
  tarSize: number;
}

type Noted = Omit<PackedTree, "path" | "file">;

const sha256 = shape.matching(/^[0-9a-f]{64}$/, "SHA-256");
const noted = shape.object<Noted>({ sha256, size: shape.count, tarSha256: sha256, tarSize: shape.count });

export interface PackTrees extends Packing {
  /** Where what was packed is kept. */
  folder: string;
  signal: AbortSignal;
}

/** @throws PipeliteError SHIPPED_PATH_CHANGED, STORE_PATH_NOT_VALID */
export async function packTree(
  store: Store,
  info: PathInfo,
  { folder, signal, ...packing }: PackTrees,
): Promise<PackedTree> {
  const { path, narHash } = info;
  const key = hexDigestOf(canonicalJson([path, hex(narHash), nameOfPacking(packing), FORM]));
  const file = join(folder, `${storePathBase(path)}-${key.slice(0, 32)}`);
  const notesFile = `${file}.json`;
  const kept = readNotes(notesFile);
  if (kept !== undefined && existsSync(file) && (await sha256Of(file)) === kept.sha256)
    return { path, file, ...kept };
  makeFolder(folder);
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    const made = await pack(store, info, { file: unfinished, signal, ...packing });
    renameSync(unfinished, file);
    writeFileAtomically(notesFile, canonicalJson(made));
    return { path, file, ...made };
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** Changes with the form of the tar. */
const FORM = 1;

async function pack(
  store: Store,
  { path, narHash }: PathInfo,
  { file, signal, ...packing }: Packing & { file: string; signal: AbortSignal },
): Promise<Noted> {
  const [tar, own] = [createHash("sha256"), createHash("sha256")];
  let [tarSize, size] = [0, 0];
  async function* entries(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tarOf(store, path, narHash)) {
      tar.update(chunk);
      tarSize += chunk.length;
      yield chunk;
    }
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of packed(entries(), packing)) {
      own.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  await pipeline(bytes(), createWriteStream(file, { flags: "wx" }), { signal });
  return { sha256: own.digest("hex"), size, tarSha256: tar.digest("hex"), tarSize };
}

/** The entries of a path in a layer. @throws PipeliteError SHIPPED_PATH_CHANGED at the end */
export async function* tarOf(store: Store, path: StorePath, narHash: Uint8Array): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let pieces: Uint8Array[] = [];
  // A piece is part of a chunk, which is nobody else's.
  const parser = new NarParser(new TreeToTar(path.slice(1), (bytes) => void pieces.push(bytes)));
  for await (const chunk of store.narOf(path)) {
    hash.update(chunk);
    parser.push(chunk);
    yield* pieces;
    pieces = [];
  }
  parser.end();
  const got = hash.digest("hex");
  if (got !== hex(narHash)) throw pipeliteError("SHIPPED_PATH_CHANGED", { path, got, wanted: hex(narHash) });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readPacked(file)) hash.update(chunk);
  return hash.digest("hex");
}

export function readPacked(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
}

/** Of paths that are gone nothing is kept. */
export function forgetGone(store: Store, folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const base = /^(.*)-[0-9a-f]{32}(\.json)?$/.exec(name)?.[1];
    if (base !== undefined && !store.isValid(`/nix/store/${base}` as StorePath))
      rmSync(join(folder, name), { force: true });
  }
}

function readNotes(file: string): Noted | undefined {
  const bytes = bytesOfFile(file);
  if (bytes === undefined) return undefined;
  try {
    const value = parseStrictJson(bytes);
    return noted(value) === undefined ? (value as Noted) : undefined;
  } catch {
    return undefined;
  }
}
