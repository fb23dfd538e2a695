// A store served as a binary cache: what Nix asks for, and beside it whole closures and missing paths in one answer each,
// listings, logs, realisations, health and figures. With tokens it takes uploads, too.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { messageOf } from "#base/strict-json.ts";
import { compress } from "./compression.ts";
import { pipeliteError } from "./errors.ts";
import { Metrics } from "./metrics.ts";
import { requestText } from "./request-text.ts";
import { answer, type CacheResponse, type Served } from "./routes.ts";
import { Uploads } from "./uploads.ts";

/** A client that neither sends nor reads for so long is gone. */
const SILENCE_MAX_MS = 60_000;
/** Each may hold some megabytes: what it asks, or what is packed for it. */
const CONNECTIONS_MAX = 500;
/** Who goes on sending what nobody wants still gets to read the answer. */
export const LINGER = { ms: 5_000 };

export interface ServeOptions extends Served {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** A client that has one of these may upload. */
  tokens: readonly string[];
  /** Of the disk, which no upload may take. */
  keptFreeBytes: number;
  onRequest?: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests; returns when those that are being answered are. */
  stop(): Promise<void>;
}

/** @throws PipeliteError CACHE_ADDRESS_TAKEN */
export async function serveCache(options: ServeOptions): Promise<RunningServer> {
  const { host, port, onRequest } = options;
  const metrics = new Metrics();
  const uploads =
    options.tokens.length === 0
      ? undefined
      : new Uploads(options.store, options.tokens, options.keptFreeBytes);
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    const end = metrics.start();
    void respond(request, response, { options, metrics, uploads, signal: stopping.signal }).finally(() => {
      end(response.statusCode, request.method ?? "");
      if (!request.complete) setTimeout(() => hangUp(request), LINGER.ms).unref();
      onRequest?.(`${request.method} ${request.url} ${response.statusCode}`);
    });
  });
  // A NAR may take as long as it takes; only the head of a request must come soon.
  server.requestTimeout = 0;
  server.timeout = SILENCE_MAX_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, host, port);
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${actual}`,
    async stop() {
      // What comes in is not waited for: the client sends it again.
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await closed;
      uploads?.close();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const problem =
        systemErrorCode(error) === "EADDRINUSE" ? "another program listens there" : error.message;
      reject(pipeliteError("CACHE_ADDRESS_TAKEN", { address: `${host}:${port}`, problem }, error));
    });
    server.listen(port, host, resolve);
  });
}

function hangUp(request: IncomingMessage): void {
  if (!request.complete) request.destroy();
}

interface Responding {
  options: ServeOptions;
  metrics: Metrics;
  uploads: Uploads | undefined;
  signal: AbortSignal;
}

async function respond(request: IncomingMessage, response: ServerResponse, to: Responding): Promise<void> {
  try {
    await send(request, response, await answerTo(request, to), to.metrics);
  } catch (error) {
    if (response.headersSent) {
      // The client must not take what has come for the whole.
      response.destroy();
      return;
    }
    const status = isPipeliteError(error, "STORE_NO_SPACE") ? 507 : 500;
    response.writeHead(status, { "content-type": "text/plain" });
    // A message would tell everybody where what is here.
    response.end(`${isPipeliteError(error) ? error.code : "it can't be answered"}\n`);
    to.options.onRequest?.(messageOf(error));
  }
}

async function answerTo(request: IncomingMessage, to: Responding): Promise<CacheResponse> {
  const { method = "GET" } = request;
  const path = pathOf(request.url ?? "/");
  if (path === undefined) return { status: 400, text: "no such name\n" };
  if (method === "PUT") {
    if (to.uploads === undefined) return { status: 405, text: "this cache takes no uploads\n" };
    return to.uploads.put(path, request, to.signal);
  }
  if (path === "metrics" && method === "GET") return { status: 200, text: to.metrics.text(to.options.store) };
  const question = method === "POST" ? await requestText(request, QUESTION_MAX_BYTES) : undefined;
  if (method !== "GET" && method !== "HEAD" && method !== "POST")
    return { status: 405, text: "no such method\n" };
  if (method === "POST" && question === undefined)
    return { status: 413, text: `a question has at most ${QUESTION_MAX_BYTES} bytes\n` };
  return answer(path, question, to.options);
}

/** The path of a request without its slash; undefined where it is not a path of ours. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split("?")[0] ?? "").replace(/^\/+/, "");
    return path.split("/").some((part) => part === ".." || part.includes("\0")) ? undefined : path;
  } catch {
    return undefined;
  }
}

/** Some 30,000 paths; `push` asks of fewer at a time. Anybody may ask, and it is held in memory. */
const QUESTION_MAX_BYTES = 1024 * 1024;

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  found: CacheResponse,
  metrics: Metrics,
): Promise<void> {
  const { status, type = "text/plain; charset=utf-8", etag } = found;
  response.statusCode = status;
  if (etag !== undefined) response.setHeader("etag", `"${etag}"`);
  if (etag !== undefined && request.headers["if-none-match"] === `"${etag}"`) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader("content-type", type);
  if (found.nar === undefined) {
    const bytes = Buffer.from(found.text ?? "", "latin1");
    metrics.sent(bytes.length);
    response.setHeader("content-length", bytes.length);
    response.end(request.method === "HEAD" ? undefined : bytes);
    return;
  }
  const { open, sizeBytes, compression } = found.nar;
  const range = compression === "none" ? rangeOf(request.headers.range, sizeBytes) : undefined;
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${sizeBytes}` }).end();
    return;
  }
  if (compression === "none") {
    response.setHeader("accept-ranges", "bytes");
    response.setHeader("content-length", range === undefined ? sizeBytes : range.end - range.start);
  }
  if (range !== undefined) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${range.start}-${range.end - 1}/${sizeBytes}`);
  }
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const chunks = range === undefined ? open() : cut(open(), range);
  await pipeline(Readable.from(metrics.counted(compress(chunks, compression))), response);
}

interface Range {
  start: number;
  /** Behind the last byte. */
  end: number;
}

/** One range from a start on, as those ask who go on with a download; others get the whole, as RFC 9110 lets a server. */
function rangeOf(header: string | undefined, size: number): Range | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined) return undefined;
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : "unsatisfiable";
}

async function* cut(chunks: AsyncIterable<Uint8Array>, { start, end }: Range): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(start - at, 0), Math.max(end - at, 0));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at >= end) return;
  }
}
