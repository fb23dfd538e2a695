// Checking a store: that all that is registered is there, and, when asked, that every byte is what it was
// when it was registered. Every problem is listed; nothing is changed.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { PipeliteError } from "#base/errors.ts";
import { asBuffer, textOf } from "#base/bytes.ts";
import { contentAddressedPath, parseContentAddress } from "#nix/content-address.ts";
import { formatHash } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import { diskPath } from "./disk.ts";
import { physicalPath } from "./layout.ts";
import type { StoreContext } from "./place.ts";
import { pathInfo, validPaths, type PathInfo } from "./query.ts";
import { dumpTree, scanTree, type TreeNode } from "./tree.ts";
import { pipeliteError } from "./errors.ts";

export type StoreProblem =
  /** Registered, but not on disk. */
  | { kind: "missing"; path: StorePath }
  /** Its content is another than was registered; hashes as SRI. `files` are those that look touched. */
  | { kind: "modified"; path: StorePath; wanted: string; actual: string; files: string[] }
  /** Its content is right, but some files are not in the store's form: writable, or with another time. */
  | { kind: "not-canonical"; path: StorePath; files: string[] }
  | { kind: "unreadable"; path: StorePath; reason: string }
  /** Its path does not follow from its content address. */
  | { kind: "address-wrong"; path: StorePath; contentAddress: string }
  /** What SQLite says of the database itself. */
  | { kind: "database"; reason: string };

export interface VerifyStore {
  /** Read and hash everything, too. */
  checkContents?: boolean;
  /** Only these. */
  paths?: Iterable<StorePath>;
  signal?: AbortSignal;
  onPath?: (path: StorePath) => void;
}

export interface VerifiedStore {
  problems: StoreProblem[];
  /** Number of paths looked at. */
  paths: number;
  /** Bytes read and hashed, as NAR. */
  bytes: number;
}

export async function verifyStore(store: StoreContext, options: VerifyStore = {}): Promise<VerifiedStore> {
  const { checkContents = false, signal, onPath } = options;
  const result: VerifiedStore = { problems: checkDatabase(store), paths: 0, bytes: 0 };
  for (const path of options.paths ?? validPaths(store)) {
    signal?.throwIfAborted();
    onPath?.(path);
    const info = pathInfo(store, path);
    if (info === undefined) throw pipeliteError("STORE_PATH_NOT_VALID", { path, home: store.layout.home });
    result.paths++;
    const problems = [...checkAddress(info), ...checkFiles(store, info, checkContents)];
    for (const problem of problems) result.problems.push(problem);
    if (!checkContents) continue;
    result.bytes += info.narSize;
    await setImmediate();
  }
  return result;
}

function checkDatabase(store: StoreContext): StoreProblem[] {
  const checks = store
    .statement("pragma quick_check")
    .all()
    .map((row) => Object.values(row).join(" "));
  const orphans = store
    .statement("pragma foreign_key_check")
    .all()
    .map((row) => `a row of ${String(row["table"])} refers to a missing row of ${String(row["parent"])}`);
  return [...checks, ...orphans]
    .filter((reason) => reason !== "ok")
    .map((reason) => ({ kind: "database", reason }));
}

function checkAddress({ path, contentAddress, references }: PathInfo): StoreProblem[] {
  if (contentAddress === undefined) return [];
  const address = parseContentAddress(contentAddress);
  if (contentAddressedPath(path, address, references) === path) return [];
  return [{ kind: "address-wrong", path, contentAddress }];
}

function checkFiles(store: StoreContext, info: PathInfo, checkContents: boolean): StoreProblem[] {
  const { path } = info;
  const file = physicalPath(store.layout, path);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return [{ kind: "missing", path }];
  if (!checkContents) return [];
  try {
    const tree = scanTree(file);
    const files = touchedFiles(tree, "");
    const { narHash } = dumpTree(tree);
    if (asBuffer(narHash).equals(info.narHash)) {
      return files.length === 0 ? [] : [{ kind: "not-canonical", path, files }];
    }
    const wanted = formatHash({ algorithm: "sha256", bytes: info.narHash }, "sri");
    const actual = formatHash({ algorithm: "sha256", bytes: narHash }, "sri");
    return [{ kind: "modified", path, wanted, actual, files }];
  } catch (error) {
    if (!(error instanceof PipeliteError)) throw error;
    return [{ kind: "unreadable", path, reason: error.message }];
  }
}

/** Files that have been written to since they were stored, by their modes and times; relative to the path. */
function touchedFiles(node: TreeNode, relative: string): string[] {
  const { mode, mtimeMs } = lstatSync(diskPath(node.path));
  const isTouched = mtimeMs !== 1000 || (node.kind !== "link" && (mode & 0o222) !== 0);
  const below = node.children.flatMap((child) => touchedFiles(child, join(relative, child.name)));
  return isTouched ? [textOf(relative) || ".", ...below] : below;
}
