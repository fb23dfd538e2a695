// The store by hand: opens it, finds the path that a word means, tells what is known of a path.
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { removeTree } from "#base/files.ts";
import { letGoUnlocked } from "#environment/kept-files.ts";
import type { Home } from "#home/home.ts";
import { pipeliteError as storeError } from "#store/errors.ts";
import { pipeliteError } from "./errors.ts";
import { formatHash } from "#nix/hash.ts";
import { STORE_DIR, isStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore, type PathInfo, type Store } from "#store/index.ts";

export { retain, type Retained, type RetentionRule } from "#home/retention.ts";
export { parseStorePath } from "#nix/store-path.ts";
export { restoreNar } from "#store/index.ts";

/** Opens the store of a home to read it, gives it to `action` and closes it. */
export async function readStore<T>(home: string, action: (store: Store) => T | Promise<T>): Promise<T> {
  using store = openStore(home, { readOnly: true });
  return await action(store);
}

/** The same, to change it; makes a store where there is none. */
export async function changeStore<T>(home: string, action: (store: Store) => T | Promise<T>): Promise<T> {
  using store = openStore(home);
  return await action(store);
}

export interface DescribedPath {
  path: string;
  narHash: string;
  narSize: number;
  references: readonly string[];
  deriver: string | null;
  ca: string | null;
  signatures: readonly string[];
  registrationTime: number;
  ultimate: boolean;
  /** Where it is on this machine. */
  physical: string;
}

export function requireInfo(store: Store, path: StorePath): PathInfo {
  const info = store.info(path);
  if (info === undefined) throw storeError("STORE_PATH_NOT_VALID", { path, home: store.home });
  return info;
}

export function describePath(store: Store, path: StorePath): DescribedPath {
  const info = requireInfo(store, path);
  return {
    path,
    narHash: formatHash({ algorithm: "sha256", bytes: info.narHash }, "sri"),
    narSize: info.narSize,
    references: info.references,
    deriver: info.deriver ?? null,
    ca: info.contentAddress ?? null,
    signatures: info.signatures,
    registrationTime: info.registeredAt,
    ultimate: info.ultimate,
    physical: store.physical(path),
  };
}

/** How many paths a path needs, itself included, and their size as NARs. */
export function closureSizeOf(store: Store, { path }: DescribedPath): { paths: number; bytes: number } {
  const closure = store.closure([path as StorePath]);
  const bytes = closure.reduce((sum, each) => sum + requireInfo(store, each).narSize, 0);
  return { paths: closure.length, bytes };
}

/** All paths when `starts` is empty; else what they need, or what refers to them. */
export function choosePaths(store: Store, starts: readonly StorePath[], referrers: boolean): StorePath[] {
  for (const path of starts) requireInfo(store, path);
  if (referrers) return [...new Set(starts.flatMap((path) => store.referrers(path)))].toSorted();
  return starts.length === 0 ? store.validPaths() : store.closure(starts);
}

const LINKS_MAX = 40;

/**
 * The store path that a word means: the path itself, its base name or the start of that, or a file or link on disk that
 * leads into it.
 * @param file the word as a path on disk
 * @throws PipeliteError STORE_ARGUMENT_UNKNOWN, STORE_ARGUMENT_AMBIGUOUS
 */
export function findStorePath(store: Store, word: string, file: string): StorePath {
  const found = fromLogical(word) ?? fromDisk(file, store.home) ?? fromName(store, word);
  if (found === undefined) throw pipeliteError("STORE_ARGUMENT_UNKNOWN", { path: word, home: store.home });
  return found;
}

function fromLogical(word: string): StorePath | undefined {
  if (!word.startsWith(`${STORE_DIR}/`)) return undefined;
  const path = word
    .split("/")
    .slice(0, STORE_DIR.split("/").length + 1)
    .join("/");
  return isStorePath(path) ? path : undefined;
}

/**
 * Follows links one by one: the path itself may be a link that leads out of the store again, and a result holds relative
 * links, which start from where the folder above really is.
 */
function fromDisk(file: string, home: string): StorePath | undefined {
  const storeDir = join(existsSync(home) ? realpathSync(home) : home, STORE_DIR);
  let path = file;
  for (let links = 0; links < LINKS_MAX; links += 1) {
    if (existsSync(dirname(path))) path = join(realpathSync(dirname(path)), basename(path));
    const isStorePathItself = dirname(path) === storeDir;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (isStorePathItself || stat?.isSymbolicLink() !== true) break;
    path = resolve(dirname(path), readlinkSync(path));
  }
  return path.startsWith(storeDir + sep)
    ? fromLogical(`${STORE_DIR}/${path.slice(storeDir.length + 1)}`)
    : undefined;
}

function fromName(store: Store, word: string): StorePath | undefined {
  if (word === "" || word.includes("/")) return undefined;
  const matching = store.validPaths().filter((path) => path.startsWith(`${STORE_DIR}/${word}`));
  const [first, second] = matching;
  if (second === undefined || first === `${STORE_DIR}/${word}`) return first;
  throw pipeliteError("STORE_ARGUMENT_AMBIGUOUS", { path: word, first, second });
}

/** Before a collection: lets go of folders of stages that failed, and of what no lock file names any more. */
export async function letGo({ layout }: Home, store: Store): Promise<void> {
  removeTree(layout.failed);
  await letGoUnlocked(store, layout.locks);
}
