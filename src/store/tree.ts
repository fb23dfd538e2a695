// Reads trees as NARs: hashes them, and in the same pass writes the NAR or a copy in the store's form, so that every byte
// is read once. Holes of sparse files are never read: their zeros are made here.
import { createHasher } from "#base/hasher.ts";
import { writeAll } from "#base/file-pieces.ts";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readlinkSync, readSync } from "node:fs";
import { applyEdits, fromByteString, type Edit } from "#base/bytes.ts";
import { type PipeliteError } from "#base/errors.ts";
import { nextData, nextHole } from "#base/libc.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { NarWriter } from "#nix/nar.ts";
import { diskPath, shownPath } from "./disk.ts";
import { fileFacts, listFolder, reading, readingFailure, scanSteps, unlistedTree } from "./scan.ts";
import type { FileFacts, Include, TreeNode } from "./scan.ts";
import { pipeliteError } from "./tree-errors.ts";

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

/** What is read, hashed and written in one go. */
export const PIECE_BYTES = 1024 * 1024;

/** Writes a copy of a tree while it is read; `copyTo` makes one. Paths are byte strings, and files are known by their descriptors. */
export interface TreeCopy {
  /** Where it is made. */
  readonly target: string;
  startFolder(path: string): void;
  endFolder(path: string): void;
  link(path: string, link: Uint8Array): void;
  startFile(path: string, executable: boolean): number;
  endFile(fd: number): void;
  /** So many bytes went to files that are closed. */
  wrote(bytes: number): void;
  /** Of a file that was started, and that is written while it is hashed. */
  large(fd: number): LargeFile;
  /** Waits for what was begun. @throws what went wrong in it */
  end(): Promise<void>;
}

export interface LargeFile {
  /** Writes a piece behind the last one, which must be written; its bytes must stay as they are until it is. */
  write(piece: Uint8Array): Promise<void>;
  /** Nothing more is written. */
  end(): void;
  close(): void;
}

export type Sink = (chunk: Uint8Array) => void;

export interface DumpTree {
  /** Gets the bytes of the NAR; a chunk is valid only during the call. */
  sink?: Sink;
  /** Gets the bytes of every file, without the NAR around them. */
  content?: Sink;
  copy?: TreeCopy;
}

/** Reads a tree once: gives the hash of its NAR, and whatever else is asked for. */
export function* dumpSteps(root: TreeNode, { sink, content, copy }: DumpTree = {}): Steps<TreeHash> {
  const hash = createHasher("sha256");
  const writer = new NarWriter((chunk) => {
    hash.update(chunk);
    sink?.(chunk);
  });
  const dump: Dump = { writer, content, copy };
  if (root.kind === "folder") yield* dumpFolder(root, dump, copy?.target);
  else yield* dumpLeaf(root, dump, copy?.target) ?? NOTHING_MORE;
  writer.end();
  if (copy !== undefined) yield copy.end();
  return { narHash: hash.digest(), narSize: writer.sizeBytes };
}

interface Dump {
  writer: NarWriter;
  content: Sink | undefined;
  copy: TreeCopy | undefined;
}

const NODES_PER_STEP = 32;
/** For a file that was read at once, as most are. */
const NOTHING_MORE: readonly undefined[] = [];

function* dumpFolder(folder: TreeNode, dump: Dump, target: string | undefined): Steps<void> {
  const { writer, copy } = dump;
  if (target !== undefined) copy?.startFolder(target);
  writer.startDirectory();
  let count = 0;
  for (const child of folder.children ?? listFolder(folder.path)) {
    const below = target === undefined ? undefined : `${target}/${child.name}`;
    writer.entry(fromByteString(child.name));
    if (child.kind === "folder") yield* dumpFolder(child, dump, below);
    else {
      const rest = dumpLeaf(child, dump, below);
      if (rest !== undefined) yield* rest;
    }
    writer.endEntry();
    if (++count % NODES_PER_STEP === 0) yield;
  }
  writer.endDirectory();
  if (target !== undefined) copy?.endFolder(target);
}

/** Dumps a link or a small file at once; gives the steps of a large one. */
function dumpLeaf(node: TreeNode, dump: Dump, target: string | undefined): Steps<void> | undefined {
  if (node.kind === "file") return dumpFile(node, dump, target);
  const link = reading(node.path, () => readlinkSync(diskPath(node.path), { encoding: "buffer" }));
  dump.writer.symlink(link);
  if (target !== undefined) dump.copy?.link(target, link);
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
  const source = openSafely(path);
  const { copy } = dump;
  let fd: number | undefined;
  let steps: Steps<void> | undefined;
  try {
    const facts = node.file ?? factsOf(path, source);
    if (target !== undefined) fd = copy?.startFile(target, facts.executable);
    dump.writer.startFile(facts.executable, facts.size);
    const { executable, size } = facts;
    const { edits } = node;
    const isSparse = facts.isSparse && edits === undefined;
    const file = { path, source, copy: fd, executable, size, isSparse, edits };
    if (fd !== undefined && copy !== undefined && size >= LARGE_BYTES && !isSparse)
      steps = copyLarge(file, dump, copy.large(fd));
    else {
      const left = isSparse ? size : readNext(file, dump, size);
      if (left === undefined) dump.writer.endFile();
      else steps = dumpRest(file, dump, left);
      copy?.wrote(size);
    }
  } finally {
    if (steps === undefined) closeFile(source, fd, dump);
  }
  return steps;
}

function factsOf(path: string, source: number): FileFacts {
  const stat = reading(path, () => fstatSync(source));
  // It was a file when its folder was listed.
  if (!stat.isFile()) throw changed(path);
  return fileFacts(stat);
}

function closeFile(source: number, fd: number | undefined, { copy }: Dump): void {
  closeSync(source);
  if (fd !== undefined) copy?.endFile(fd);
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
    closeFile(source, copy, dump);
  }
}

/** From here on handing pieces to a thread takes less than writing them. */
const LARGE_BYTES = 4 * PIECE_BYTES;

/** Each piece is written by a thread while it is hashed here. */
function* copyLarge(file: OpenFile, { writer, content }: Dump, copy: LargeFile): Steps<void> {
  const { path, source, edits, size } = file;
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
    copy.end();
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

function openSafely(path: string): number {
  try {
    return openSync(diskPath(path), READ_FLAGS);
  } catch (error) {
    throw readingFailure(path, error);
  }
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
