// Reads trees on disk: first what they are made of (names, kinds, sizes, times: no content), then their
// content as a NAR, which may be copied into the store in the same pass, so that every byte is read once.
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  writeSync,
} from "node:fs";
import { byteStringOf, fromByteString, textOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { NarWriter } from "#nix/nar.ts";
import { closeCopy, createCopy, finishFolder, linkCopy, makeFolder } from "./canonicalise.ts";
import { diskPath, shownPath } from "./disk.ts";
import { pipeliteError } from "./errors.ts";

/** Says whether a file or folder below the root belongs to the tree. Paths are relative, with "/". */
export type Include = (relativePath: string, isDirectory: boolean) => boolean;

export interface TreeNode {
  kind: "file" | "folder" | "link";
  /** Byte strings: the name in its folder, and the path on disk. */
  name: string;
  path: string;
  executable: boolean;
  size: number;
  /** Inode, size and times: changes whenever the content does. Empty unless asked for. */
  signature: string;
  changedAtNs: bigint;
  children: TreeNode[];
}

export interface TreeHash {
  /** sha256 of the NAR. */
  narHash: Uint8Array;
  narSize: number;
}

export interface ScanTree {
  include?: Include | undefined;
  /** Also what the stat memo needs to know of each file. */
  signatures?: boolean;
}

/**
 * Lists a tree without reading its content. Links are listed, not followed.
 * @throws PipeliteError STORE_SOURCE_MISSING, STORE_SOURCE_UNREADABLE, STORE_SPECIAL_FILE
 */
export function scanTree(source: string, options: ScanTree = {}): TreeNode {
  const path = byteStringOf(source);
  if (reading(path, () => lstatSync(diskPath(path), { throwIfNoEntry: false })) === undefined) {
    throw pipeliteError("STORE_SOURCE_MISSING", { file: source });
  }
  return scanNode({ path, name: "", relative: "" }, statNode(path, options), options);
}

/** A tree of two levels made of files from anywhere: `lib/libc.so.6` -> the file it is read from. Links are refused. */
export function gatherTree(files: Readonly<Record<string, string>>): TreeNode {
  const folder = (name: string): TreeNode => ({
    kind: "folder",
    name,
    path: "",
    executable: false,
    size: 0,
    signature: "",
    changedAtNs: 0n,
    children: [],
  });
  const root = folder("");
  for (const [relative, source] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [above = "", name = ""] = relative.split("/").map(byteStringOf);
    const last = root.children.at(-1);
    const parent = last?.name === above ? last : folder(above);
    if (parent !== last) root.children.push(parent);
    const path = byteStringOf(source);
    parent.children.push(scanNode({ path, name, relative: "" }, statNode(path, {}), {}));
  }
  return root;
}

/** The sha256 of a tree's NAR and its size, from the tree on disk. */
export function hashTree(source: string, include?: Include): TreeHash {
  return dumpTree(scanTree(source, { include }));
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

/** Reads a listed tree once: gives the hash of its NAR, and whatever else is asked for. */
export function dumpTree(root: TreeNode, { sink, content, target }: DumpTree = {}): TreeHash {
  const hash = createHash("sha256");
  const writer = new NarWriter((chunk) => {
    hash.update(chunk);
    sink?.(chunk);
  });
  dumpNode(root, { writer, content }, target);
  writer.end();
  return { narHash: hash.digest(), narSize: writer.sizeBytes };
}

/** Sha256 over everything a change of the tree changes, and the time of the newest change, in ns. */
export function fingerprintOf(root: TreeNode): { fingerprint: Uint8Array; changedAtNs: bigint } {
  const hash = createHash("sha256");
  let changedAtNs = 0n;
  const visit = (node: TreeNode): void => {
    // Zero bytes and newlines: neither a kind nor a signature holds one, and a name holds no zero.
    let lines = "";
    for (const child of node.children) {
      lines += `${child.kind}\n${child.name}\0${child.signature}\n`;
      if (child.changedAtNs > changedAtNs) changedAtNs = child.changedAtNs;
    }
    hash.update(`${node.children.length}\n`).update(lines, "latin1");
    for (const child of node.children) if (child.kind === "folder") visit(child);
  };
  visit({ ...root, children: [{ ...root, name: "" }], kind: "folder" });
  return { fingerprint: hash.digest(), changedAtNs };
}

interface Place {
  path: string;
  name: string;
  /** Below the root, as text; kept only where a filter wants it. */
  relative: string;
}

type NodeStat = Pick<TreeNode, "size" | "signature" | "changedAtNs"> & { mode: number };

/** Numbers of nanoseconds do not fit a double, and those that do are faster to get. */
function statNode(path: string, { signatures = false }: ScanTree): NodeStat {
  if (!signatures) {
    const { mode, size } = reading(path, () => lstatSync(diskPath(path)));
    return { mode, size, signature: "", changedAtNs: 0n };
  }
  const stat = reading(path, () => lstatSync(diskPath(path), { bigint: true }));
  const { mode, dev, ino, size, mtimeNs, ctimeNs } = stat;
  return {
    mode: Number(mode),
    size: Number(size),
    signature: `${mode} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
    changedAtNs: ctimeNs,
  };
}

function scanNode(place: Place, stat: NodeStat, options: ScanTree): TreeNode {
  const { path, name } = place;
  const kind = kindOf(path, stat.mode);
  const isFolder = kind === "folder";
  return {
    kind,
    name,
    path,
    executable: kind === "file" && (stat.mode & 0o100) !== 0,
    size: stat.size,
    // A folder is what it holds: its own times change for names that are left out, too.
    signature: isFolder ? "" : stat.signature,
    changedAtNs: isFolder ? 0n : stat.changedAtNs,
    children: isFolder ? scanFolder(place, options) : [],
  };
}

function scanFolder(folder: Place, options: ScanTree): TreeNode[] {
  const { include } = options;
  const names = reading(folder.path, () =>
    readdirSync(diskPath(folder.path), { encoding: "latin1" }),
  ).toSorted();
  const children: TreeNode[] = [];
  for (const name of names) {
    const path = `${folder.path}/${name}`;
    const stat = statNode(path, options);
    const relative = include === undefined ? "" : `${folder.relative}${textOf(name)}`;
    if (include !== undefined && !include(relative, isFolderMode(stat.mode))) continue;
    children.push(scanNode({ path, name, relative: `${relative}/` }, stat, options));
  }
  return children;
}

function isFolderMode(mode: number): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFDIR;
}

function kindOf(path: string, mode: number): TreeNode["kind"] {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return "file";
    case constants.S_IFDIR:
      return "folder";
    case constants.S_IFLNK:
      return "link";
    default:
      throw pipeliteError("STORE_SPECIAL_FILE", { file: shownPath(path), kind: specialKind(mode) });
  }
}

/** What a file is that no store can hold. */
export function specialKind(mode: number): string {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFSOCK:
      return "socket";
    case constants.S_IFIFO:
      return "named pipe";
    default:
      return "device";
  }
}

interface Dump {
  writer: NarWriter;
  content: Sink | undefined;
}

function dumpNode(node: TreeNode, dump: Dump, target: string | undefined): void {
  const { writer } = dump;
  if (node.kind === "link") {
    const link = reading(node.path, () => readlinkSync(diskPath(node.path), { encoding: "buffer" }));
    writer.symlink(link);
    if (target !== undefined) linkCopy(target, link);
    return;
  }
  if (node.kind === "file") {
    dumpFile(node, dump, target);
    return;
  }
  if (target !== undefined) makeFolder(target);
  writer.startDirectory();
  for (const child of node.children) {
    writer.entry(fromByteString(child.name));
    dumpNode(child, dump, target === undefined ? undefined : `${target}/${child.name}`);
    writer.endEntry();
  }
  writer.endDirectory();
  if (target !== undefined) finishFolder(target);
}

/** Were it swapped for a link or a named pipe since it was listed, this neither follows nor hangs. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function dumpFile(node: TreeNode, dump: Dump, target: string | undefined): void {
  const source = reading(node.path, () => openSync(diskPath(node.path), READ_FLAGS));
  try {
    const copy = target === undefined ? undefined : createCopy(target, node.executable);
    try {
      dump.writer.startFile(node.executable, node.size);
      dumpContent(node, source, dump, copy);
      dump.writer.endFile();
    } finally {
      if (copy !== undefined) closeCopy(copy);
    }
  } finally {
    closeSync(source);
  }
}

function dumpContent(node: TreeNode, source: number, { writer, content }: Dump, copy?: number): void {
  let left = node.size;
  for (;;) {
    const room = writer.contentRoom();
    const size = reading(node.path, () => readSync(source, room, 0, room.length, null));
    if (size > left || (size === 0 && left > 0)) {
      throw pipeliteError("STORE_SOURCE_CHANGED", { file: shownPath(node.path) });
    }
    if (size === 0) return;
    if (copy !== undefined) writeAll(copy, room, size);
    content?.(room.subarray(0, size));
    writer.contentWritten(size);
    left -= size;
    // A read that does not fill the room has met the end of the file.
    if (left === 0 && size < room.length) return;
  }
}

export function writeAll(fd: number, bytes: Uint8Array, size = bytes.length): void {
  for (let at = 0; at < size;) at += writeSync(fd, bytes, at, size - at);
}

/** Runs an action that reads `path`; what goes wrong in it is the source's fault and not the store's. */
function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const file = shownPath(path);
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ELOOP") throw pipeliteError("STORE_SOURCE_CHANGED", { file }, error);
    const reason = code === "EACCES" || code === "EPERM" ? "permission is denied" : code;
    throw pipeliteError("STORE_SOURCE_UNREADABLE", { file, reason }, error);
  }
}
