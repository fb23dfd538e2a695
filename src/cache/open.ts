// The cache that a word means: a folder, a web server or a bucket.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Variables } from "#base/environment.ts";
import { pipeliteError } from "./errors.ts";
import { shownUrl, shownWord, type CacheFiles } from "./files.ts";
import { folderFiles } from "./folder.ts";
import { httpFiles } from "./http.ts";
import { s3Files } from "./s3.ts";
import { BinaryCache } from "./binary-cache.ts";
import { Substituter, type SubstituterEvents } from "./substituter.ts";
import { readTrustedKey } from "./trust.ts";
import type { Store } from "#store/store.ts";

/** From which caches something may come, and whose word counts. */
export interface Caches {
  /** Folders and URLs. */
  caches: readonly string[];
  /** Each `NAME:KEY`, or a file that holds it. */
  trustedKeys: readonly string[];
}

/** @throws PipeliteError CACHE_URL_INVALID, CACHE_KEY_UNREADABLE */
export function openSubstituter(
  store: Store,
  { caches, trustedKeys, ...open }: Caches & OpenCache,
  signal: AbortSignal,
  events: SubstituterEvents,
): Substituter {
  const keys = trustedKeys.map((word) => readTrustedKey(word, resolve(open.cwd, word)));
  const opened = caches.map((word) => new BinaryCache(openCacheFiles(word, open), keys));
  return new Substituter(store, opened, signal, events);
}

/** @throws PipeliteError what `openSubstituter` throws, also where nothing will be asked of a cache */
export function checkCaches({ caches, trustedKeys, ...open }: Caches & OpenCache): void {
  for (const word of trustedKeys) readTrustedKey(word, resolve(open.cwd, word));
  for (const word of caches) openCacheFiles(word, open);
}

export interface OpenCache {
  /** Where `folder` and relative words start. */
  cwd: string;
  /** Keys for S3 and its token are looked for here. */
  env: Variables;
  /** Sent to a web server as `Authorization: Bearer`. */
  token?: string | undefined;
}

/**
 * The cache that a word of the command line means.
 * @throws PipeliteError CACHE_URL_INVALID
 */
export function openCacheFiles(word: string, { cwd, env, token }: OpenCache): CacheFiles {
  if (!/^[a-z][a-z0-9+.-]*:/.test(word)) return folderFiles(resolve(cwd, word));
  const url = URL.parse(word);
  if (url === null) {
    const problem = "it is not a URL";
    throw pipeliteError("CACHE_URL_INVALID", { url: shownWord(word), problem });
  }
  switch (url.protocol) {
    case "file:":
      return folderFiles(folderOf(url));
    case "http:":
    case "https:":
      return httpFiles(url, token);
    case "s3:":
      return s3Files(url, env);
    default:
      throw pipeliteError("CACHE_URL_INVALID", {
        url: shownUrl(url),
        problem: `nothing here speaks ${url.protocol.slice(0, -1)}`,
      });
  }
}

function folderOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw pipeliteError(
      "CACHE_URL_INVALID",
      { url: shownUrl(url), problem: "it names no local folder" },
      error,
    );
  }
}
