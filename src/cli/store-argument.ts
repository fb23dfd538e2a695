// How a user may name a store path: whole, by its base name or the start of it, by a file inside it, or by a link.
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { STORE_DIR, isStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore, type Store } from "#store/index.ts";
import { homeOf, pathOf, type Host } from "./context.ts";
import { pipeliteError } from "./errors.ts";

const LINKS_MAX = 40;

/** Opens the user's store to read it, gives it to `action` and closes it. */
export async function readStore<T>(
  host: Host,
  flags: { store: string | undefined },
  action: (store: Store) => T | Promise<T>,
): Promise<T> {
  using store = openStore(homeOf(host, flags.store), { readOnly: true });
  return await action(store);
}

/** The same, to change it; makes a store where there is none. */
export async function changeStore<T>(
  host: Host,
  flags: { store: string | undefined },
  action: (store: Store) => T | Promise<T>,
): Promise<T> {
  using store = openStore(homeOf(host, flags.store));
  return await action(store);
}

/**
 * The store path that a word of the command line means.
 * @throws PipeliteError STORE_ARGUMENT_UNKNOWN, STORE_ARGUMENT_AMBIGUOUS
 */
export function findStorePath(host: Host, store: Store, word: string): StorePath {
  const found = fromLogical(word) ?? fromDisk(pathOf(host, word), store.home) ?? fromName(store, word);
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
