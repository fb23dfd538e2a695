// What cache tests share: two stores, keys, a folder cache, and a web server whose every answer the test writes.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { BinaryCache } from "#cache/binary-cache.ts";
import { openCacheFiles } from "#cache/open.ts";
import { push, type PushedPaths } from "#cache/push.ts";
import { Substituter } from "#cache/substituter.ts";
import { makeSecretKey } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { StoreRig } from "../store/rig.ts";

export const KEY = makeSecretKey("test-1", new Uint8Array(32).fill(1));
export const OTHER_KEY = makeSecretKey("test-1", new Uint8Array(32).fill(2));
export const SIGNAL: AbortSignal = new AbortController().signal;

const OPEN = { cwd: "/", env: {} };

export function filesOf(url: string, token?: string) {
  return openCacheFiles(url, { ...OPEN, token });
}

export function pushTo(
  store: Store,
  url: string,
  paths: StorePath[],
  more: { key?: typeof KEY; token?: string; compression?: "none" | "zstd" } = {},
): Promise<PushedPaths> {
  const { key, token, compression = "zstd" } = more;
  return push(store, filesOf(url, token), paths, { compression, key, signal: SIGNAL });
}

export interface Taking {
  substituter: Substituter;
  /** What was said of caches that are asked no more. */
  refused: { url: string; code: string }[];
}

export function takingFrom(store: Store, urls: string[], keys = [KEY.publicKey]): Taking {
  const refused: Taking["refused"] = [];
  const caches = urls.map((url) => new BinaryCache(filesOf(url), keys));
  const substituter = new Substituter(store, caches, SIGNAL, {
    onRefused: (url, error) => refused.push({ url, code: "code" in error ? String(error.code) : "" }),
  });
  return { substituter, refused };
}

/** A store with a path that needs another one, and a home for a second one. */
export class CacheRig extends StoreRig {
  readonly second = new StoreRig();

  get cache(): string {
    return this.path("cache");
  }

  async pair(): Promise<[StorePath, StorePath]> {
    const lower = (await this.store.addTree(this.source("lower"), { name: "lower" })).path;
    return [lower, await this.text("upper", [lower])];
  }

  override [Symbol.dispose](): void {
    this.second[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export class FakeServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server;
  url = "";

  private constructor(handler: Handler) {
    this.#server = createServer((request, response) => {
      const line = `${request.method} ${request.url}`;
      this.requests.push(line);
      handler(request, response, this.requests.filter((each) => each === line).length);
    });
  }

  static async start(handler: Handler): Promise<FakeServer> {
    const server = new FakeServer(handler);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    const address = server.#server.address();
    server.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Answers with files out of a map, by their names. */
export function serving(files: ReadonlyMap<string, string | Uint8Array>): Handler {
  return (request, response) => {
    const body = files.get(decodeURIComponent(request.url ?? "").slice(1));
    if (body === undefined) response.writeHead(404).end();
    else response.end(request.method === "HEAD" ? undefined : body);
  };
}
