// Binary caches: paths into them, out of them, and the store of a home as one.
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { messageOf } from "#base/strict-json.ts";
import { readNamedText } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import type { Variables } from "#base/environment.ts";
import type { NarCompression } from "#cache/compression.ts";
import { shownWord } from "#cache/files.ts";
import { openCacheFiles, openSubstituter, type Caches, type OpenCache } from "#cache/open.ts";
export { checkCaches } from "#cache/open.ts";
import { push, type PushedPaths } from "#cache/push.ts";
import { serveCache, type RunningServer } from "#cache/server.ts";
import type { Substituted, SubstituterEvents } from "#cache/substituter.ts";
import { readSecretKey, readTrustedKey } from "#cache/trust.ts";
import { writeKeyPair } from "#keys/key-file.ts";
import { makeSecretKey, writeNixPublicKey, writeSecretKey } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import { namesMachine, pullFromMachine, pushToMachine } from "./machine-store.ts";
import { findStorePath } from "./store.ts";

export interface PushToCache extends OpenCache {
  home: string;
  /** Where it goes: a folder or a URL. */
  to: string;
  /** Words that mean paths; each goes with all it needs. All paths of the store where there are none. */
  words: readonly string[];
  compression: NarCompression;
  keyFile: string | undefined;
  signal: AbortSignal;
  onPath?: (path: StorePath) => void;
}

export async function pushToCache(options: PushToCache): Promise<PushedPaths & { url: string }> {
  const { home, to, words, cwd, keyFile, compression, signal, onPath } = options;
  const key = keyFile === undefined ? undefined : readSecretKey(keyFile);
  using store = openStore(home);
  const paths =
    words.length === 0
      ? store.validPaths()
      : words.map((word) => findStorePath(store, word, resolve(cwd, word)));
  if (namesMachine(to))
    return { url: to, ...(await pushToMachine({ store, uri: to, env: options.env, signal }, paths)) };
  const cache = openCacheFiles(to, options);
  const pushed = await push(store, cache, paths, { compression, key, signal, ...(onPath && { onPath }) });
  return { url: cache.url, ...pushed };
}

export interface PullFromCache extends Caches, OpenCache, SubstituterEvents {
  home: string;
  paths: readonly StorePath[];
  signal: AbortSignal;
}

/** @throws PipeliteError CACHE_PATH_MISSING */
export async function pullFromCaches(options: PullFromCache): Promise<Substituted> {
  using store = openStore(options.home);
  let failure: Error | undefined;
  const onRefused = (url: string, error: Error): void => {
    failure ??= error;
    options.onRefused?.(url, error);
  };
  const { cwd, env, signal } = options;
  const machines = options.caches.filter(namesMachine);
  const caches = options.caches.filter((word) => !namesMachine(word));
  const substituter = openSubstituter(store, { ...options, caches }, signal, { ...options, onRefused });
  const keys = options.trustedKeys.map((word) => readTrustedKey(word, resolve(cwd, word)));
  const all: Substituted = { added: [], bytes: 0 };
  for (const path of options.paths) {
    let taken = await substituter.take(path, signal);
    for (const uri of machines) taken ??= await pullFromMachine({ store, uri, env, signal }, path, keys);
    if (taken === undefined)
      throw (
        failure ??
        pipeliteError("CACHE_PATH_MISSING", { path, caches: options.caches.map(shownWord).join(", ") })
      );
    all.added.push(...taken.added);
    all.bytes += taken.bytes;
  }
  return all;
}

export interface ServeFromHome {
  home: string;
  host: string;
  port: number;
  compression: NarCompression;
  keyFile: string | undefined;
  /** Holds tokens, one a line; whoever has one may upload. */
  tokenFile: string | undefined;
  /** Of the disk, which no upload may take. */
  keptFreeBytes: number;
  onRequest?: (line: string) => void;
}

/** Serves the store of a home until it is stopped. */
export async function serveHome(options: ServeFromHome): Promise<RunningServer> {
  const { home, host, port, compression, keyFile, tokenFile, keptFreeBytes, onRequest } = options;
  const key = keyFile === undefined ? undefined : readSecretKey(keyFile);
  const tokens = tokenFile === undefined ? [] : readTokens(tokenFile);
  const store = openStore(home, { readOnly: tokens.length === 0 });
  const kept = openHome(home);
  const logOf = (path: StorePath) => kept.readLog(path);
  try {
    const server = await serveCache({
      store,
      host,
      port,
      compression,
      key,
      tokens,
      keptFreeBytes,
      logOf,
      ...(onRequest && { onRequest }),
    });
    return { url: server.url, stop: () => server.stop().finally(() => store.close()) };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** A short token is guessed. */
const TOKEN_LENGTH_MIN = 16;

function readTokens(file: string): string[] {
  let text: string;
  try {
    text = readNamedText(file);
  } catch (error) {
    throw pipeliteError("CACHE_TOKEN_UNREADABLE", { file, problem: messageOf(error) }, error);
  }
  const tokens = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const problem =
    tokens.length === 0
      ? "it holds none"
      : tokens.some((token) => token.length < TOKEN_LENGTH_MIN)
        ? `a token has at least ${TOKEN_LENGTH_MIN} characters`
        : undefined;
  if (problem !== undefined) throw pipeliteError("CACHE_TOKEN_UNREADABLE", { file, problem });
  return tokens;
}

/** Tokens of whoever uploads: the first of the file. */
export function readToken(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readTokens(file)[0];
}

/** Makes a key that signs store paths, in the form of Nix: `file`, and its public half beside it. */
export function newPathKey(
  file: string,
  name: string,
): { file: string; publicFile: string; publicKey: string } {
  const key = makeSecretKey(name, randomBytes(32));
  const publicKey = writeNixPublicKey(key.publicKey);
  const { publicFile } = writeKeyPair(file, `${writeSecretKey(key)}\n`, `${publicKey}\n`);
  return { file, publicFile, publicKey };
}

/** Caches and trusted keys that the environment names, between white space. */
export function cachesOfEnvironment(env: Variables): Caches {
  const words = (name: string): string[] => (env[name] ?? "").split(/\s+/).filter(Boolean);
  return { caches: words("PIPELITE_CACHES"), trustedKeys: words("PIPELITE_TRUSTED_KEYS") };
}
