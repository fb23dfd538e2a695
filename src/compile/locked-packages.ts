// Installed packages against the lock of npm: what a stage takes is what package-lock.json says. Name and version are told by
// package.json; the bytes, where npm still has the archive of that integrity in its cache.
import { own } from "#base/own.ts";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { bytesOfFile } from "#base/files.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { readTar } from "#package/tar-reader.ts";

/** What is wrong with an installed package. */
export interface Unlocked {
  /** As the lock calls it: `node_modules/sharp`. */
  name: string;
  lock: string;
  problem: string;
}

interface Entry {
  version?: string;
  integrity?: string;
  link?: boolean;
}

/**
 * The first of these packages that is not what its lock says.
 * @param folders where packages are
 * @param cache npm's cache; undefined where nobody knows
 * @returns also the locks that were read; a package without one is as it is installed
 */
export function unlockedPackage(
  folders: Iterable<string>,
  cache: string | undefined,
): { wrong: Unlocked | undefined; locks: string[] } {
  const locks = new Map<string, Readonly<Record<string, unknown>> | undefined>();
  let wrong: Unlocked | undefined;
  for (const folder of folders) {
    const at = folder.indexOf("/node_modules/");
    if (at < 0) continue;
    const lock = join(folder.slice(0, at), "package-lock.json");
    if (!locks.has(lock)) locks.set(lock, readLock(lock));
    const packages = locks.get(lock);
    if (packages === undefined || wrong !== undefined) continue;
    const name = relative(dirname(lock), folder);
    const problem = problemOf(folder, own(packages, name), cache);
    if (problem !== undefined) wrong = { name, lock, problem };
  }
  return { wrong, locks: [...locks.keys()] };
}

/** `packages` of a lock of npm 7 or later; undefined where there is none. */
function readLock(file: string): Readonly<Record<string, unknown>> | undefined {
  if (!existsSync(file)) return undefined;
  const lock = parseStrictJson(readFileSync(file));
  const packages = isObject(lock) ? lock["packages"] : undefined;
  return isObject(packages) ? packages : undefined;
}

function problemOf(folder: string, found: unknown, cache: string | undefined): string | undefined {
  if (!isObject(found)) return "the lock does not have it";
  const { version, integrity, link } = found as Entry;
  // A link leads to a folder of the project itself.
  if (link === true) return undefined;
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const installed = isObject(manifest) ? manifest["version"] : undefined;
  if (installed !== version) return `the lock has ${version}, installed is ${String(installed)}`;
  const archive = cache === undefined || integrity === undefined ? undefined : cached(cache, integrity);
  return archive && differenceOf(folder, archive);
}

/** The archive that npm keeps under an integrity, if it is that. */
function cached(cache: string, integrity: string): Uint8Array | undefined {
  const [, algorithm = "", digest = ""] = /^(sha512|sha1)-([0-9a-zA-Z+/=]+)$/.exec(integrity) ?? [];
  if (algorithm === "") return undefined;
  const hex = Buffer.from(digest, "base64").toString("hex");
  const file = join(cache, "_cacache/content-v2", algorithm, hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
  const bytes = bytesOfFile(file);
  if (bytes === undefined) return undefined;
  return createHash(algorithm).update(bytes).digest("hex") === hex ? bytes : undefined;
}

/** The first file of an archive that is another where it is installed; what its scripts made beside is not known. */
function differenceOf(folder: string, archive: Uint8Array): string | undefined {
  for (const { kind, path, content } of readTar(gunzipSync(archive))) {
    const name = Buffer.from(path, "latin1")
      .toString("utf8")
      .replace(/^[^/]+\//, "");
    // npm leaves out what is no file, and renames these.
    if (kind !== "file" || name.endsWith(".gitignore")) continue;
    const installed = bytesOfFile(join(folder, name));
    if (installed === undefined) return `${name} of it is not there`;
    if (!isSame(content, installed)) return `${name} of it is not that of the archive`;
  }
  return undefined;
}

/** The first line of a program may have lost its carriage return. */
function isSame(content: Uint8Array, installed: Uint8Array): boolean {
  if (Buffer.compare(content, installed) === 0) return true;
  const text = Buffer.from(content).toString("latin1");
  return text.startsWith("#!") && text.replace(/\r\n/, "\n") === Buffer.from(installed).toString("latin1");
}
