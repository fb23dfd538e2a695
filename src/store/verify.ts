// Checking a store: that all that is registered is there, and, when asked, that every byte is what it was
// when it was registered. Every problem is listed; nothing is changed.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { PipeliteError } from "#base/errors.ts";
import { asBuffer, textOf } from "#base/bytes.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { contentAddressedPath, parseContentAddress } from "#nix/content-address.ts";
import { formatHash } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import { diskPath } from "./disk.ts";
import { physicalPath } from "./layout.ts";
import { withSharedGcLock } from "./locks.ts";
import type { StoreContext } from "./place.ts";
import { pathId, pathInfo, validPaths, type PathInfo } from "./query.ts";
import { reading, scanSteps, type TreeNode } from "./scan.ts";
import { dumpSteps } from "./tree.ts";
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

/** Others may add to the store, collect and build in it meanwhile: what they do is no problem of it. */
export async function verifyStore(store: StoreContext, options: VerifyStore = {}): Promise<VerifiedStore> {
  const { checkContents = false, signal, onPath } = options;
  const result: VerifiedStore = { problems: checkDatabase(store), paths: 0, bytes: 0 };
  const there: StorePath[] = [];
  // While no collection runs, what is registered is on disk.
  await withSharedGcLock(store.layout, () => {
    for (const path of options.paths ?? validPaths(store)) {
      signal?.throwIfAborted();
      const info = pathInfo(store, path);
      if (info === undefined) throw pipeliteError("STORE_PATH_NOT_VALID", { path, home: store.layout.home });
      if (!checkContents) onPath?.(path);
      result.paths++;
      result.problems.push(...checkAddress(info));
      const file = physicalPath(store.layout, path);
      if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) there.push(path);
      else result.problems.push({ kind: "missing", path });
    }
  });
  // Reading everything takes long, and must not keep a collection waiting.
  for (const path of checkContents ? there : []) {
    signal?.throwIfAborted();
    onPath?.(path);
    const { problems, bytes } = await checkContent(store, path, signal);
    result.problems.push(...problems);
    result.bytes += bytes;
  }
  return result;
}

/** Looks again where the path was collected, or made again, while it was read. */
async function checkContent(
  store: StoreContext,
  path: StorePath,
  signal: AbortSignal | undefined,
): Promise<Pick<VerifiedStore, "problems" | "bytes">> {
  for (;;) {
    const id = pathId(store, path);
    const info = id === undefined ? undefined : pathInfo(store, path);
    if (info === undefined) return { problems: [], bytes: 0 };
    const problems = await checkFiles(store, info, signal);
    if (problems.length === 0 || pathId(store, path) === id) return { problems, bytes: info.narSize };
  }
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

async function checkFiles(
  store: StoreContext,
  info: PathInfo,
  signal: AbortSignal | undefined,
): Promise<StoreProblem[]> {
  const { path } = info;
  const file = physicalPath(store.layout, path);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return [{ kind: "missing", path }];
  try {
    const { files, narHash } = await inTurns(readForCheck(file), signal);
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

function* readForCheck(file: string): Steps<{ files: string[]; narHash: Uint8Array }> {
  const tree = yield* scanSteps(file);
  const files = yield* touchedFiles(tree, "");
  const { narHash } = yield* dumpSteps(tree);
  return { files, narHash };
}

/** Files that have been written to since they were stored, by their modes and times; relative to the path. */
function* touchedFiles(node: TreeNode, relative: string): Steps<string[]> {
  const { mode, mtimeMs } = reading(node.path, () => lstatSync(diskPath(node.path)));
  const isTouched = mtimeMs !== 1000 || (node.kind !== "link" && (mode & 0o222) !== 0);
  const touched = isTouched ? [textOf(relative) || "."] : [];
  for (const child of node.children ?? [])
    touched.push(...(yield* touchedFiles(child, join(relative, child.name))));
  yield;
  return touched;
}
