// Reads trees as NARs: hashes them, and in the same pass writes the NAR or a copy in the store's form, so that every byte
// is read once. Holes of sparse files are never read: their zeros are made here.
import { createHasher } from "#base/hasher.ts";
import { writeAll } from "#base/file-pieces.ts";
import { dirname } from "node:path";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readlinkSync, readSync } from "node:fs";
import { applyEdits, fromByteString, type Edit } from "#base/bytes.ts";
import { type PipeliteError } from "#base/errors.ts";
import { nextData, nextHole } from "#base/libc.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { NarWriter } from "#nix/nar.ts";
import {
  closeCopy,
  createCopy,
  finishCopy,
  finishFolder,
  linkCopy,
  makeStoreFolder,
} from "./canonicalise.ts";
import { diskPath, shownPath } from "./disk.ts";
import { WriteAhead } from "./durable.ts";
import { LargeCopy, PIECE_BYTES } from "./large-copy.ts";
import { fileFacts, listFolder, reading, readingFailure, scanSteps, unlistedTree } from "./scan.ts";
import type { FileFacts, Include, TreeNode } from "./scan.ts";
import { pipeliteError } from "./errors.ts";

export interface TreeHash {
  /** sha256 of the NAR. */
  narHash: Uint8Array;
  narSize: number;
}

export interface HashTree {
  include?: Include | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The sha256 of a tree's NAR and its size, from the tree on disk.
 * @throws PipeliteError STORE_SOURCE_MISSING, STORE_SOURCE_UNREADABLE, STORE_SPECIAL_FILE; the reason of `signal`
 */
export function hashTree(source: string, { include, signal }: HashTree = {}): Promise<TreeHash> {
  return inTurns(hashSteps(source, include), signal);
}

/** `hashTree` in steps. */
export function* hashSteps(source: string, include?: Include): Steps<TreeHash> {
  const root = include === undefined ? unlistedTree(source) : yield* scanSteps(source, { include });
  return yield* dumpSteps(root);
}

export type Sink = (chunk: Uint8Array) => void;

export interface DumpTree {
  /** Gets the bytes of the NAR; a chunk is valid only during the call. */
  sink?: Sink;
  /** Gets the bytes of every file, without the NAR around them. */
  content?: Sink;
  /**
   * Where to copy the tree, as the store keeps it: read-only and without times. A byte string; must not
   * exist.
   */
  target?: string;
}

/** Reads a tree once: gives the hash of its NAR, and whatever else is asked for. */
export function* dumpSteps(root: TreeNode, { sink, content, target }: DumpTree = {}): Steps<TreeHash> {
  const hash = createHasher("sha256");
  const writer = new NarWriter((chunk) => {
    hash.update(chunk);
    sink?.(chunk);
  });
  const ahead = target === undefined ? undefined : new WriteAhead(diskPath(dirname(target)));
  const dump: Dump = { writer, content, ahead };
  if (root.kind === "folder") yield* dumpFolder(root, dump, target);
  else yield* dumpLeaf(root, dump, target) ?? NOTHING_MORE;
  writer.end();
  if (ahead !== undefined) yield ahead.end();
  return { narHash: hash.digest(), narSize: writer.sizeBytes };
}

interface Dump {
  writer: NarWriter;
  content: Sink | undefined;
  ahead: WriteAhead | undefined;
}

const NODES_PER_STEP = 32;
/** For a file that was read at once, as most are. */
const NOTHING_MORE: readonly undefined[] = [];

function* dumpFolder(folder: TreeNode, dump: Dump, target: string | undefined): Steps<void> {
  const { writer } = dump;
  if (target !== undefined) makeStoreFolder(target);
  writer.startDirectory();
  let count = 0;
  for (const child of folder.children ?? listFolder(folder.path)) {
    const below = target === undefined ? undefined : `${target}/${child.name}`;
    writer.entry(fromByteString(child.name));
    if (child.kind === "folder") yield* dumpFolder(child, dump, below);
    else yield* dumpLeaf(child, dump, below) ?? NOTHING_MORE;
    writer.endEntry();
    if (++count % NODES_PER_STEP === 0) yield;
  }
  writer.endDirectory();
  if (target !== undefined) finishFolder(target);
}

/** Dumps a link or a small file at once; gives the steps of a large one. */
function dumpLeaf(node: TreeNode, dump: Dump, target: string | undefined): Steps<void> | undefined {
  if (node.kind === "file") return dumpFile(node, dump, target);
  const link = reading(node.path, () => readlinkSync(diskPath(node.path), { encoding: "buffer" }));
  dump.writer.symlink(link);
  if (target !== undefined) linkCopy(target, link);
  return undefined;
}

/** Were it swapped for a link or a named pipe since it was listed, this neither follows nor hangs. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface OpenFile extends FileFacts {
  path: string;
  edits: readonly Edit[] | undefined;
  source: number;
  copy: number | undefined;
}

function dumpFile(node: TreeNode, dump: Dump, target: string | undefined): Steps<void> | undefined {
  const { path } = node;
  const source = reading(path, () => openSync(diskPath(path), READ_FLAGS));
  let copy: number | undefined;
  let steps: Steps<void> | undefined;
  try {
    const facts = node.file ?? factsOf(path, source);
    if (target !== undefined) copy = createCopy(target, facts.executable);
    dump.writer.startFile(facts.executable, facts.size);
    const { executable, size } = facts;
    const { edits } = node;
    const isSparse = facts.isSparse && edits === undefined;
    const file = { path, source, copy, executable, size, isSparse, edits };
    if (copy !== undefined && size >= LARGE_BYTES && !isSparse) steps = copyLarge(file, dump, copy);
    else {
      const left = isSparse ? size : readNext(file, dump, size);
      if (left === undefined) dump.writer.endFile();
      else steps = dumpRest(file, dump, left);
      dump.ahead?.wrote(size);
    }
  } finally {
    if (steps === undefined) closeFile(source, copy);
  }
  return steps;
}

function factsOf(path: string, source: number): FileFacts {
  const stat = reading(path, () => fstatSync(source));
  // It was a file when its folder was listed.
  if (!stat.isFile()) throw changed(path);
  return fileFacts(stat);
}

function closeFile(source: number, copy: number | undefined): void {
  closeSync(source);
  if (copy !== undefined) closeCopy(copy);
}

function* dumpRest(file: OpenFile, dump: Dump, rest: number): Steps<void> {
  const { source, copy } = file;
  try {
    if (file.isSparse) yield* dumpSparse(file, dump);
    else {
      for (let left: number | undefined = rest; left !== undefined; left = readNext(file, dump, left)) yield;
    }
    dump.writer.endFile();
  } finally {
    closeFile(source, copy);
  }
}

/** From here on handing pieces to a thread takes less than writing them. */
const LARGE_BYTES = 4 * PIECE_BYTES;

/** Each piece is written by a thread while it is hashed here. */
function* copyLarge(file: OpenFile, { writer, content, ahead }: Dump, fd: number): Steps<void> {
  const { path, source, edits, size } = file;
  const copy = new LargeCopy(fd, ahead);
  try {
    const room = Buffer.allocUnsafeSlow(PIECE_BYTES);
    for (let at = 0; ;) {
      const read = readSafely(path, source, room, null);
      if (read > size - at || (read === 0 && at < size)) throw changed(path);
      if (read === 0) break;
      const piece = room.subarray(0, read);
      if (edits !== undefined) applyEdits(piece, at, edits);
      const written = copy.write(piece);
      content?.(piece);
      writer.content(piece);
      at += read;
      yield written;
    }
    writer.endFile();
    finishCopy(fd);
  } finally {
    closeSync(source);
    copy.close();
  }
}

/** Reads on where the last read ended. @returns how much of the file is left, undefined at its end */
function readNext(file: OpenFile, dump: Dump, left: number): number | undefined {
  const { path, source, copy, edits } = file;
  const room = dump.writer.contentRoom();
  const size = readSafely(path, source, room, null);
  if (size > left || (size === 0 && left > 0)) throw changed(path);
  if (size === 0) return undefined;
  if (edits !== undefined) applyEdits(room.subarray(0, size), file.size - left, edits);
  if (copy !== undefined || dump.content !== undefined) putContent(dump, room.subarray(0, size), copy);
  dump.writer.contentWritten(size);
  // A read that does not fill the room has met the end of the file.
  return left === size && size < room.length ? undefined : left - size;
}

function readSafely(path: string, source: number, room: Uint8Array, position: number | null): number {
  try {
    return readSync(source, room, 0, room.length, position);
  } catch (error) {
    throw readingFailure(path, error);
  }
}

function putContent({ content }: Dump, bytes: Uint8Array, copy: number | undefined, position?: number): void {
  if (copy !== undefined) writeAll(copy, bytes, position);
  content?.(bytes);
}

/** Zeros of holes, a piece at a time. */
const ZEROS = Buffer.alloc(256 * 1024);

function* dumpSparse({ path, source, copy, size }: OpenFile, dump: Dump): Steps<void> {
  const { writer } = dump;
  for (let at = 0; at < size;) {
    const data = Math.min(dataAt(source, at) ?? size, size);
    for (; at < data; yield) {
      const zeros = ZEROS.subarray(0, data - at);
      dump.content?.(zeros);
      writer.content(zeros);
      at += zeros.length;
    }
    const hole = Math.min(nextHole(source, at) ?? size, size);
    for (; at < hole; yield) {
      const room = writer.contentRoom();
      const wanted = room.subarray(0, hole - at);
      const read = readSafely(path, source, wanted, at);
      if (read === 0) throw changed(path);
      putContent(dump, wanted.subarray(0, read), copy, at);
      writer.contentWritten(read);
      at += read;
    }
  }
  if (fstatSync(source).size !== size) throw changed(path);
  if (copy !== undefined) ftruncateSync(copy, size);
}

/** Where data begins; a file system that can't tell of holes has none. */
function dataAt(source: number, at: number): number | undefined {
  return nextData(source, at) ?? (nextHole(source, at) === undefined ? at : undefined);
}

function changed(path: string): PipeliteError {
  return pipeliteError("STORE_SOURCE_CHANGED", { file: shownPath(path) });
}
