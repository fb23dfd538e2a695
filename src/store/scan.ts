// What trees on disk are made of: names, kinds, sizes, times, and no content. A tree is listed beforehand where a filter
// or the stat memo wants that, else folder by folder while it is read (tree.ts).
import { constants, lstatSync, readdirSync } from "node:fs";
import { createHasher } from "#base/hasher.ts";
import { type Edit, byteStringOf, textOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { finish, type Steps } from "#base/steps.ts";
import { diskPath, shownPath } from "./disk.ts";
import { pipeliteError } from "./tree-errors.ts";

/** Says whether a file or folder below the root belongs to the tree. Paths are relative, with "/". */
export type Include = (relativePath: string, isDirectory: boolean) => boolean;

export interface TreeNode {
  kind: "file" | "folder" | "link";
  /** Byte strings: the name in its folder, and the path on disk. */
  name: string;
  path: string;
  /** Of a file; absent where it has not been looked at yet. */
  file?: FileFacts;
  /** Of a file that is not taken as it is. */
  edits?: readonly Edit[];
  /** Inode, size and times: changes whenever the content does. Empty unless asked for. */
  signature: string;
  changedAtNs: bigint;
  /** Of a folder; absent where it has not been listed yet. */
  children?: TreeNode[];
}

/** Relative path -> the file that is taken, or that is taken with other bytes in some places. */
export type GatheredFiles = Readonly<Record<string, string | { file: string; edits: readonly Edit[] }>>;

export interface FileFacts {
  executable: boolean;
  size: number;
  /** Takes less of the disk than its size. */
  isSparse: boolean;
}

export interface ScanTree {
  include?: Include | undefined;
  /** Also what the stat memo needs to know of each file. */
  signatures?: boolean;
  /** Of folders too: theirs change when they are moved, and when what a filter leaves out is changed. */
  folders?: boolean;
}

/**
 * Lists a tree without reading its content. Links are listed, not followed.
 * @throws PipeliteError STORE_SOURCE_MISSING, STORE_SOURCE_UNREADABLE, STORE_SPECIAL_FILE
 */
export function* scanSteps(source: string, options: ScanTree = {}): Steps<TreeNode> {
  const path = byteStringOf(source);
  requireThere(path, source);
  return yield* scanNode({ path, name: "", relative: "" }, statNode(path, options), options);
}

/** The root of a tree that is listed while it is read. @throws as scanSteps */
export function unlistedTree(source: string): TreeNode {
  const path = byteStringOf(source);
  const { mode } = requireThere(path, source);
  return bareNode(kindOf(path, mode), path, "");
}

function requireThere(path: string, shown: string): { mode: number } {
  const stat = reading(path, () => lstatSync(diskPath(path), { throwIfNoEntry: false }));
  if (stat === undefined) throw pipeliteError("STORE_SOURCE_MISSING", { file: shown });
  return stat;
}

/** A tree of two levels made of files from anywhere: `lib/libc.so.6` -> the file it is read from. Links are refused. */
export function gatherTree(files: GatheredFiles): TreeNode {
  const root = { ...bareNode("folder", "", ""), children: [] as TreeNode[] };
  let parent: { name: string; children: TreeNode[] } | undefined;
  for (const [relative, source] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [above = "", name = ""] = relative.split("/").map(byteStringOf);
    if (parent?.name !== above) {
      const folder = { ...bareNode("folder", "", above), children: [] as TreeNode[] };
      root.children.push(folder);
      parent = folder;
    }
    const { file, edits } = typeof source === "string" ? { file: source, edits: undefined } : source;
    const path = byteStringOf(file);
    const node = finish(scanNode({ path, name, relative: "" }, statNode(path, {}), {}));
    parent.children.push({ ...node, ...(edits && { edits }) });
  }
  return root;
}

/** What a folder holds, in the order of a NAR: kinds and names, nothing else. */
export function listFolder(path: string): TreeNode[] {
  const entries = reading(path, () =>
    readdirSync(diskPath(path), { encoding: "latin1", withFileTypes: true }),
  );
  const nodes = entries.map((entry) => {
    const below = `${path}/${entry.name}`;
    if (entry.isFile()) return bareNode("file", below, entry.name);
    if (entry.isDirectory()) return bareNode("folder", below, entry.name);
    if (entry.isSymbolicLink()) return bareNode("link", below, entry.name);
    // A device, or a file system that does not say.
    const { mode } = reading(below, () => lstatSync(diskPath(below)));
    return bareNode(kindOf(below, mode), below, entry.name);
  });
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function bareNode(kind: TreeNode["kind"], path: string, name: string): TreeNode {
  return { kind, name, path, signature: "", changedAtNs: 0n };
}

/** Sha256 over everything a change of the tree changes, and the time of the newest change, in ns. */
export function fingerprintOf(root: TreeNode): { fingerprint: Uint8Array; changedAtNs: bigint } {
  const hash = createHasher("sha256");
  let changedAtNs = 0n;
  const visit = (children: readonly TreeNode[]): void => {
    // Zero bytes and newlines: neither a kind nor a signature holds one, and a name holds no zero.
    let lines = "";
    for (const child of children) {
      lines += `${child.kind}\n${child.name}\0${child.signature}\n`;
      if (child.changedAtNs > changedAtNs) changedAtNs = child.changedAtNs;
    }
    hash.update(`${children.length}\n`).update(lines, "latin1");
    for (const child of children) if (child.kind === "folder") visit(child.children ?? []);
  };
  visit([{ ...root, name: "" }]);
  return { fingerprint: hash.digest(), changedAtNs };
}

interface Place {
  path: string;
  name: string;
  /** Below the root, as text; kept only where a filter wants it. */
  relative: string;
}

type NodeStat = Pick<TreeNode, "signature" | "changedAtNs"> & FileStat & { mode: number };

/** Numbers of nanoseconds do not fit a double, and those that do are faster to get. */
function statNode(path: string, { signatures = false }: ScanTree): NodeStat {
  if (!signatures) {
    const { mode, size, blocks } = reading(path, () => lstatSync(diskPath(path)));
    return { mode, size, blocks, signature: "", changedAtNs: 0n };
  }
  const stat = reading(path, () => lstatSync(diskPath(path), { bigint: true }));
  const { mode, dev, ino, size, blocks, mtimeNs, ctimeNs } = stat;
  return {
    mode: Number(mode),
    size: Number(size),
    blocks: Number(blocks),
    signature: `${mode} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
    changedAtNs: ctimeNs,
  };
}

function* scanNode(place: Place, stat: NodeStat, options: ScanTree): Steps<TreeNode> {
  const { path, name } = place;
  const kind = kindOf(path, stat.mode);
  if (kind === "folder") {
    const node = bareNode(kind, path, name);
    if (options.folders === true) node.signature = stat.signature;
    return { ...node, children: yield* scanFolder(place, options) };
  }
  return leafNode(kind, place, stat);
}

function leafNode(kind: "file" | "link", { path, name }: Place, stat: NodeStat): TreeNode {
  const { signature, changedAtNs } = stat;
  const node = { kind, name, path, signature, changedAtNs };
  return kind === "file" ? { ...node, file: fileFacts(stat) } : node;
}

function* scanFolder(folder: Place, options: ScanTree): Steps<TreeNode[]> {
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
    const place = { path, name, relative: `${relative}/` };
    const kind = kindOf(path, stat.mode);
    children.push(kind === "folder" ? yield* scanNode(place, stat, options) : leafNode(kind, place, stat));
    if (children.length % NODES_PER_STEP === 0) yield;
  }
  yield;
  return children;
}

const NODES_PER_STEP = 64;

interface FileStat {
  mode: number;
  size: number;
  blocks: number;
}

export function fileFacts({ mode, size, blocks }: FileStat): FileFacts {
  return { executable: (mode & 0o100) !== 0, size, isSparse: blocks * 512 < size };
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

/** Runs an action that reads `path`; what goes wrong in it is the source's fault and not the store's. */
export function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw readingFailure(path, error);
  }
}

/** What an error means that came of reading `path`. */
export function readingFailure(path: string, error: unknown): unknown {
  const file = shownPath(path);
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  if (code === "ENOENT" || code === "ELOOP") return pipeliteError("STORE_SOURCE_CHANGED", { file }, error);
  const reason = code === "EACCES" || code === "EPERM" ? "permission is denied" : code;
  return pipeliteError("STORE_SOURCE_UNREADABLE", { file, reason }, error);
}
