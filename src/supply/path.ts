// A path of the store by itself: that it, and all it refers to, has the bytes that the store says, and what of it was built.
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { isPlainDirectory } from "#base/files.ts";
import { formatCount } from "#base/numbers.ts";
import { isStorePath, STORE_DIR, storePathBase, storePathName, type StorePath } from "#nix/store-path.ts";
import { fails, holds, type Finding } from "./finding.ts";
import type { StoreBytes } from "./store-bytes.ts";
import { isTrustedSource, type Trust } from "./trust.ts";

/** Every path that one refers to, itself included, against what the store says of it. */
export function contentsFindings(path: StorePath, bytes: StoreBytes): Finding[] {
  const { store } = bytes;
  const what = "contents";
  if (!store.isPresent(path)) return [fails(what, `${path} is not in this store`)];
  const closure = store.closure([path]);
  const wrong = closure.flatMap((each) => {
    const known = store.info(each);
    if (known === undefined || !store.isPresent(each)) return [fails(what, `${each} is gone`)];
    return bytes.narHash(each) === hex(known.narHash)
      ? []
      : [fails(what, `${each} has other bytes than the store says`)];
  });
  return wrong.length > 0
    ? wrong
    : [holds(what, `${formatCount(closure.length, "path")}, with the bytes that the store says`)];
}

/** What a path leads to: outputs that must have been built, and sources that whoever verifies trusts by their hash. */
export interface Below {
  /** Names in the store. */
  built: string[];
  sources: StorePath[];
}

/**
 * What a result tree leads to, each output under its own name. What holds anything but such links, beside the folder
 * `evidence`, is no tree: it must have been built itself. So is one that calls an output by the name of another.
 * @param sources name -> hashes that a path of this name may have
 */
export function below(path: StorePath, bytes: StoreBytes, sources: Trust["sources"]): Below {
  const { store } = bytes;
  const itself = { built: [storePathBase(path)], sources: [] };
  const isSource = (each: StorePath): boolean =>
    Object.hasOwn(sources, storePathName(each)) &&
    store.isPresent(each) &&
    isTrustedSource(sources, each, bytes.narHash(each));
  if (isSource(path)) return { built: [], sources: [path] };
  const folder = store.physical(path);
  if (!isPlainDirectory(folder)) return itself;
  const found: Below = { built: [], sources: [] };
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "evidence" && entry.isDirectory()) continue;
    const [up, base = "", inside] = entry.isSymbolicLink()
      ? readlinkSync(join(folder, entry.name)).split("/")
      : [];
    const output = `${STORE_DIR}/${base}`;
    if (up !== ".." || inside !== undefined || !isStorePath(output)) return itself;
    if (isSource(output)) found.sources.push(output);
    else if (storePathName(output) === entry.name) found.built.push(base);
    else return itself;
  }
  return found.built.length + found.sources.length === 0 ? itself : found;
}
