// Layers of a container image, put on top of each other (OCI image-spec 1.1, layer.md), as a tree in memory: nothing is on a
// disk until all is known, so no link can lead anybody astray. Links in the path of an entry mean what they mean in the
// image. Names are byte strings.
import { isUtf8 } from "node:buffer";
import { compareByteStrings, textOf } from "#base/bytes.ts";
import type { TarEntry } from "./tar-reader.ts";

/** What a store path can't keep, of one entry. */
interface Lost {
  owner: boolean;
  setId: boolean;
  attributes: boolean;
}

interface NodeBase extends Lost {
  /** The last layer that made it, or something below it. */
  layer: number;
  /** The last layer that has it as an entry. */
  listed: number;
}

export interface FolderNode extends NodeBase {
  kind: "folder";
  children: Map<string, LayerNode>;
}

export interface FileNode extends NodeBase {
  kind: "file";
  /** Which layer has its content, and where in it. */
  from: number;
  offset: number;
  size: number;
  isExecutable: boolean;
}

export interface LinkNode extends NodeBase {
  kind: "link";
  target: string;
}

export interface DeviceNode extends NodeBase {
  kind: "device";
}

export type LayerNode = FolderNode | FileNode | LinkNode | DeviceNode;

const LINKS_MAX = 40;
const NAME_MAX = 255;
/** Of a path, and of the folder of one: less than the 4096 of Linux, with a last name and a path of the store above. */
const PATH_MAX = 3500;
const ENTRIES_MAX = 4_000_000;
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

export class LayerTree {
  readonly root: FolderNode = newFolder(-1);
  #entries = 0;

  /** @param layer 0 for the lowest. @throws Error that says what of an entry is refused */
  apply(layer: number, entries: Iterable<TarEntry>): void {
    for (const entry of entries) {
      this.#entries += 1;
      if (this.#entries > ENTRIES_MAX) throw refused(`it has more than ${ENTRIES_MAX} entries`);
      this.#add(layer, entry);
    }
  }

  #add(layer: number, entry: TarEntry): void {
    const { path, kind } = entry;
    if (path === "") {
      if (kind !== "folder") throw refused("its root is not a folder");
      Object.assign(this.root, lostOf(entry));
      return;
    }
    checkName(path);
    const [parents, name] = split(path);
    if (parents.some((part) => part.startsWith(WHITEOUT)))
      throw refused(`'${path}' is below what stands for something that is gone`);
    if (name.startsWith(WHITEOUT)) return this.#remove(layer, parents, name);
    if (kind === "character" && entry.device.every((number) => number === 0))
      return this.#remove(layer, parents, `${WHITEOUT}${name}`);
    const node = this.#nodeOf(layer, entry);
    const folder = this.#folderAt(layer, parents, path);
    const there = folder.children.get(name);
    if (there !== undefined && there.layer === layer) {
      const isAgain = there.kind === "folder" && node.kind === "folder";
      if (!isAgain) throw refused(`'${path}' is in it twice`);
    }
    if (there?.kind === "folder" && node.kind === "folder")
      Object.assign(there, lostOf(entry), { layer, listed: layer });
    else folder.children.set(name, node);
  }

  #nodeOf(layer: number, entry: TarEntry): LayerNode {
    const { kind, path, mode, target, offset, size } = entry;
    const base = { layer, listed: layer, ...lostOf(entry) };
    switch (kind) {
      case "folder":
        return { kind, ...base, children: new Map() };
      case "file":
        return { kind, ...base, from: layer, offset, size, isExecutable: (mode & 0o111) !== 0 };
      case "link":
        return { kind, ...base, target };
      case "hard-link": {
        const [parents, name] = split(target);
        const linked = this.#findFolder(parents, path)?.children.get(name);
        if (linked === undefined || linked.kind === "folder")
          throw refused(`'${path}' is a hard link to '${target}', which is no file of it`);
        return { ...linked, layer, listed: layer };
      }
      case "character":
      case "block":
      case "fifo":
        return { kind: "device", ...base };
    }
  }

  /** What this layer itself has stays, in whichever order they come. */
  #remove(layer: number, parents: readonly string[], name: string): void {
    const folder = this.#findFolder(parents, name);
    if (name === OPAQUE) {
      if (folder !== undefined) prune(folder, layer);
      return;
    }
    const gone = name.slice(WHITEOUT.length);
    if (gone === "" || gone === "." || gone === "..")
      throw refused(`'${name}' stands for nothing that can be gone`);
    // What AUFS leaves for itself.
    if (gone.startsWith(WHITEOUT)) return;
    const node = folder?.children.get(gone);
    if (folder === undefined || node === undefined || node.layer === layer) {
      if (node?.kind === "folder") prune(node, layer);
      return;
    }
    folder.children.delete(gone);
  }

  /** The folder at a path, its links followed; what is missing is made. */
  #folderAt(layer: number, parts: readonly string[], path: string): FolderNode {
    const found = this.#walk(parts, path, (folder, name, there) => {
      if (there !== undefined && there.layer === layer)
        throw refused(`'${path}' is below what is not a folder`);
      const made = newFolder(layer);
      folder.children.set(name, made);
      return made;
    });
    if (found === undefined) throw refused(`'${path}' has no folder`);
    for (const folder of found) folder.layer = layer;
    return found.at(-1) ?? this.root;
  }

  #findFolder(parts: readonly string[], path: string): FolderNode | undefined {
    const found = this.#walk(parts, path, () => undefined);
    return found && (found.at(-1) ?? this.root);
  }

  /** The folders on the way, the last one last; `missing` says what is taken for one that is not there. */
  #walk(
    parts: readonly string[],
    path: string,
    missing: (folder: FolderNode, name: string, there: LayerNode | undefined) => FolderNode | undefined,
  ): FolderNode[] | undefined {
    let way: FolderNode[] = [];
    // How long the path to each is: by a link that leads deep, the next one goes deeper than its own name is long.
    let lengths: number[] = [];
    const enter = (folder: FolderNode, name: string): void => {
      const length = (lengths.at(-1) ?? 0) + name.length + 1;
      if (length > PATH_MAX) throw refused(`by its links, the name '${path.slice(0, 60)}...' is too long`);
      way.push(folder);
      lengths.push(length);
    };
    const open = parts.toReversed();
    for (let followed = 0; open.length > 0;) {
      const part = open.pop() ?? "";
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (way.pop() === undefined) throw refused(`'${path}' leads out of it by a link`);
        lengths.pop();
        continue;
      }
      const folder = way.at(-1) ?? this.root;
      const there = folder.children.get(part);
      if (there?.kind === "folder") {
        enter(there, part);
        continue;
      }
      if (there?.kind === "link") {
        followed += 1;
        if (followed > LINKS_MAX) throw refused(`the links of '${path}' lead in a circle`);
        if (there.target.startsWith("/")) [way, lengths] = [[], []];
        open.push(...there.target.split("/").toReversed());
        continue;
      }
      const made = missing(folder, part, there);
      if (made === undefined) return undefined;
      enter(made, part);
    }
    return way;
  }
}

export function newFolder(layer: number): FolderNode {
  const lost = { owner: false, setId: false, attributes: false };
  return { kind: "folder", layer, listed: -1, ...lost, children: new Map() };
}

/** All of a tree in a fixed order, folders before what is in them. The root is not among them. */
export function* walkTree(folder: FolderNode, above = ""): Generator<[path: string, node: LayerNode]> {
  for (const name of [...folder.children.keys()].toSorted(compareByteStrings)) {
    const node = folder.children.get(name);
    if (node === undefined) continue;
    const path = above === "" ? name : `${above}/${name}`;
    yield [path, node];
    if (node.kind === "folder") yield* walkTree(node, path);
  }
}

/**
 * What only a hostile image has: a link that climbs out of the root, and a link beside a folder whose name a file system
 * without upper and lower case, or one that composes characters, takes for the same.
 * @throws Error that says which
 */
export function checkLinks(folder: FolderNode, depth = 0, above = ""): void {
  const byFold = new Map<string, string>();
  for (const [name, node] of folder.children) {
    const path = above === "" ? name : `${above}/${name}`;
    if (node.kind === "link" && climbs(node.target, depth))
      throw refused(`the link '${path}' leads out of it: '${node.target}'`);
    if (node.kind !== "link" && node.kind !== "folder") continue;
    const fold = foldOf(name);
    const other = folder.children.get(byFold.get(fold) ?? "");
    if (other !== undefined && (other.kind === "link" || node.kind === "link") && other.kind !== node.kind)
      throw refused(`'${path}' and '${byFold.get(fold)}' differ by case only, and one is a link`);
    byFold.set(fold, name);
    if (node.kind === "folder") checkLinks(node, depth + 1, path);
  }
}

function foldOf(name: string): string {
  const bytes = Buffer.from(name, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8").normalize("NFKC").toLowerCase() : name.toLowerCase();
}

function climbs(target: string, depth: number): boolean {
  if (target.startsWith("/")) return false;
  let at = depth;
  for (const part of target.split("/")) {
    if (part === "..") at -= 1;
    else if (part !== "" && part !== ".") at += 1;
    if (at < 0) return true;
  }
  return false;
}

/** Takes out what lower layers have in a folder; folders in which this layer has something stay for that. */
function prune(folder: FolderNode, layer: number): void {
  for (const [name, node] of folder.children) {
    if (node.layer !== layer) folder.children.delete(name);
    else if (node.kind === "folder") prune(node, layer);
  }
}

function lostOf({ uid, gid, mode, attributes }: TarEntry): Lost {
  return { owner: uid !== 0 || gid !== 0, setId: (mode & 0o6000) !== 0, attributes: attributes > 0 };
}

function checkName(path: string): void {
  if (path.length > PATH_MAX || path.split("/").some((part) => part.length > NAME_MAX))
    throw refused(`the name '${path.slice(0, 60)}...' is too long`);
}

function split(path: string): [parents: string[], name: string] {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return [parts, name];
}

/** @param problem names in it are byte strings */
function refused(problem: string): Error {
  return new Error(textOf(problem));
}
