// Runs inside the sandbox: a root of links, made of another root and of what is added to it. Folders are made where something is
// added or mounted; all else is a link into the root below, or what it was there when that is a link.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { byteStringOf } from "#base/bytes.ts";
import type { Source, StageContext } from "#author/files.ts";

interface Inputs {
  root: Source;
  add: Source[];
  /**
   * Of each that is added: the stage that made it, which file of its output it is, and whether that is one link, though it be a
   * folder of many files.
   */
  added: { name: string; file: string | null; isWhole: boolean }[];
  /** What it must have as folders. */
  folders: string[];
}

/** A path in the new root (no slash in front) -> what lies there. */
type Added = Map<string, { source: string; by: string }>;

export default function compose({ root, add, added, folders }: Inputs, { out }: StageContext): void {
  const below = byteStringOf(root.path);
  const files: Added = new Map();
  for (const [index, { path }] of add.entries()) {
    const { name, file, isWhole } = added[index] ?? { name: "", file: null, isWhole: false };
    put(below, files, { at: file ?? "", source: byteStringOf(path), by: `the stage '${name}'`, isWhole });
  }
  const made = new Set(folders.flatMap(above));
  for (const path of files.keys()) for (const folder of above(parentOf(path))) made.add(folder);
  writeFolder({ out: byteStringOf(out), below, files, made, empty: new Set(folders) }, "");
}

interface Adding {
  at: string;
  source: string;
  by: string;
  isWhole: boolean;
}

function put(below: string, files: Added, { at, source, by, isWhole }: Adding): void {
  if (!isWhole && kindOf(source) === "folder") {
    for (const name of namesIn(source))
      put(below, files, { at: joined(at, name), source: `${source}/${name}`, by, isWhole });
    return;
  }
  const place = joined(followed(below, parentOf(at)), at.slice(at.lastIndexOf("/") + 1));
  const other = files.get(place) ?? { source: `${below}/${place}`, by: "the root" };
  if (kindOf(other.source) !== undefined && !areEqual(other.source, source))
    throw new Error(`cannot compose it: /${place} is in ${other.by} and in ${by}`);
  files.set(place, { source, by });
}

interface Tree {
  out: string;
  below: string;
  files: Added;
  /** Paths that are folders of the new root itself. */
  made: ReadonlySet<string>;
  /** Those of them that something is mounted on. */
  empty: ReadonlySet<string>;
}

function writeFolder(tree: Tree, path: string): void {
  const { out, below, files, made, empty } = tree;
  mkdirSync(bytes(path === "" ? out : `${out}/${path}`));
  if (empty.has(path)) return;
  const source = path === "" ? below : `${below}/${path}`;
  const inside = (all: Iterable<string>) => [...all].filter((each) => each !== "" && parentOf(each) === path);
  const own = kindOf(source) === "folder" ? namesIn(source).map((name) => joined(path, name)) : [];
  for (const child of new Set([...own, ...inside(made), ...inside(files.keys())].toSorted())) {
    const target = files.get(child)?.source ?? `${below}/${child}`;
    if (made.has(child)) {
      if (files.has(child)) throw new Error(`cannot compose it: /${child} is a folder and a file`);
      writeFolder(tree, child);
    } else symlinkSync(bytes(linkIn(target) ?? target), bytes(`${out}/${child}`));
  }
}

/** Where a folder is in a root, links of it followed: they mean what they mean there. */
function followed(root: string, path: string): string {
  let open = path.split("/");
  let done = "";
  for (let links = 0; open.length > 0;) {
    const [part = "", ...rest] = open;
    open = rest;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = parentOf(done);
      continue;
    }
    const next = joined(done, part);
    const target = linkIn(`${root}/${next}`);
    // A root of links has them where another root has folders.
    if (target === undefined || target.startsWith("/nix/store/")) {
      done = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new Error(`cannot compose it: the links of /${path} lead in a circle`);
    if (target.startsWith("/")) done = "";
    open = [...target.split("/"), ...open];
  }
  return done;
}

const LINKS_MAX = 40;

/** A link into the store counts as what it leads to. */
function kindOf(path: string): "folder" | "file" | "link" | undefined {
  const stat = lstatSync(bytes(path), { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() !== true) return stat && (stat.isDirectory() ? "folder" : "file");
  if (linkIn(path)?.startsWith("/nix/store/") !== true) return "link";
  return statSync(bytes(path), { throwIfNoEntry: false })?.isDirectory() === true ? "folder" : "file";
}

function linkIn(path: string): string | undefined {
  const stat = lstatSync(bytes(path), { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true ? readlinkSync(bytes(path), "latin1") : undefined;
}

function areEqual(one: string, other: string): boolean {
  const [a, b] = [kindOf(one), kindOf(other)];
  if (a !== b || a === "folder") return false;
  if (a === "link") return linkIn(one) === linkIn(other);
  const isProgram = (path: string) => (statSync(bytes(path)).mode & 0o111) !== 0;
  return isProgram(one) === isProgram(other) && readFileSync(bytes(one)).equals(readFileSync(bytes(other)));
}

/** A path and all folders above it. */
function above(path: string): string[] {
  return path === "" ? [] : [...above(parentOf(path)), path];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function namesIn(folder: string): string[] {
  return readdirSync(bytes(folder), "latin1");
}

function bytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}
