// A cache behind a web server. What may pass (a server's trouble, a connection that breaks) is tried again, each time
// after a longer pause; a download goes on where it broke off.
import { Readable } from "node:stream";
import { isPipeliteError } from "#base/errors.ts";
import {
  BadAnswer,
  fetchFollowing,
  Pace,
  pause,
  pauseAfter,
  Refused,
  WEB_SILENCE,
  SilentServer,
  webProblem,
} from "#base/web.ts";
import { pipeliteError } from "./errors.ts";
import { shownUrl, type Body, type CacheFiles, type AsyncChunks } from "./files.ts";

/** An answer to a question is no larger; that of a closure of 100,000 paths is some 60 MB. A longer one is as none. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

/** Until a server that has all of a file says so: it may unpack and hash it first. */
const UPLOADED_MAX_MS = 5 * 60_000;

/** What a server says to an upload. */
const REMARK_MAX_BYTES = 64 * 1024;

export interface HttpRequest {
  method: "GET" | "HEAD" | "PUT" | "POST";
  /** Of the whole cache and the file's name. */
  url: URL;
  headers: Record<string, string>;
  body?: Body | undefined;
}

/** Adds what the server wants to know of who asks. */
export type Authorise = (request: HttpRequest) => Promise<Record<string, string>> | Record<string, string>;

export function httpFiles(base: URL, token: string | undefined): CacheFiles {
  const user = userOf(base);
  return webFiles(base, shownUrl(base), () => {
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    return user === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
  });
}

function userOf(base: URL): string | undefined {
  const { username, password } = base;
  if (username === "") return undefined;
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch (error) {
    const problem = "its user or password has a % that is not of URL encoding";
    throw pipeliteError("CACHE_URL_INVALID", { url: shownUrl(base), problem }, error);
  }
}

export function webFiles(base: URL, url: string, authorise: Authorise): CacheFiles {
  const at = (name: string): URL => {
    const file = new URL(base);
    file.username = "";
    file.password = "";
    file.search = "";
    file.pathname = `${base.pathname.replace(/\/$/, "")}/${name.split("/").map(encodeSegment).join("/")}`;
    return file;
  };
  const client = new Client(url, authorise);
  return {
    url,
    async has(name, signal) {
      const response = await client.send(name, { method: "HEAD", url: at(name), headers: {} }, signal);
      return response !== undefined;
    },
    read: (name, signal, from = 0) => client.read(name, at(name), from, signal),
    async write(name, body, signal) {
      const headers = { "content-type": typeOf(name) };
      const response = await client.send(name, { method: "PUT", url: at(name), headers, body }, signal);
      if (response === undefined)
        throw pipeliteError("CACHE_WRITE_FAILED", { url, file: name, problem: "it answered 404" });
      // It took the file: what else it says does not matter, but is read, so that the connection can be used again.
      await client.text(name, response, REMARK_MAX_BYTES, signal).catch(() => undefined);
    },
    async ask(name, question, signal) {
      const bytes = Buffer.from(question);
      const body = { sizeBytes: bytes.length, chunks: () => [bytes] };
      const headers = { "content-type": "text/plain" };
      const method = question === "" ? "GET" : "POST";
      try {
        const request = { method, url: at(name), headers, ...(method === "POST" && { body }) } as const;
        const response = await client.send(name, request, signal);
        if (response === undefined) return undefined;
        return await client.text(name, response, ANSWER_MAX_BYTES, signal);
      } catch (error) {
        // A server that knows no such question: 403 of a bucket, 405 of a static host.
        if (isPipeliteError(error, "CACHE_REFUSED") || isPipeliteError(error, "CACHE_FAILED"))
          return undefined;
        throw error;
      }
    },
  };
}

class Client {
  readonly #url: string;
  readonly #authorise: Authorise;

  constructor(url: string, authorise: Authorise) {
    this.#url = url;
    this.#authorise = authorise;
  }

  /** The answer; undefined where there is no such file. */
  async send(name: string, request: HttpRequest, signal: AbortSignal): Promise<Response | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#sendOnce(name, request, signal);
      } catch (error) {
        await this.#pause(name, error, attempt, request.method === "PUT", signal);
      }
    }
  }

  async #sendOnce(name: string, request: HttpRequest, signal: AbortSignal): Promise<Response | undefined> {
    const { method, url, body } = request;
    const headers = { ...request.headers, ...(await this.#authorise(request)) };
    if (body !== undefined) headers["content-length"] = String(body.sizeBytes);
    const response = await answerTo({ method, url, headers, body }, signal);
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.headers.has("location"))
      throw new Refused(`it leads to another place (${response.status}), which must be named itself`);
    // A bucket whose list nobody may read answers 403 for what is not there.
    const isAbsent = response.status === 404 || response.status === 410;
    const isHidden = response.status === 403 && (method === "GET" || method === "HEAD");
    if (isAbsent || isHidden) return undefined;
    if (response.status === 401 || response.status === 403)
      throw pipeliteError("CACHE_REFUSED", { url: this.#url, file: name, status: response.status });
    throw new BadAnswer(response.status, response.headers);
  }

  /** The whole of a short answer. @throws PipeliteError CACHE_FAILED where it breaks off, or is longer than `max` */
  async text(name: string, response: Response, max: number, signal: AbortSignal): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const pace = new Pace();
    try {
      for await (const chunk of bodyFrom(response, 0, signal)) {
        pace.came(chunk.length);
        size += chunk.length;
        if (size > max) throw new RangeError(`an answer of more than ${max} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      throw pipeliteError("CACHE_FAILED", { url: this.#url, file: name, problem: webProblem(error) }, error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The file from a byte on; what breaks off is taken up where it broke off. */
  async read(name: string, url: URL, from: number, signal: AbortSignal): Promise<AsyncChunks | undefined> {
    const first = await this.send(name, { method: "GET", url, headers: rangeFrom(from) }, signal);
    if (first === undefined) return undefined;
    return this.#resuming(name, url, first, from, signal);
  }

  async *#resuming(name: string, url: URL, first: Response, from: number, signal: AbortSignal): AsyncChunks {
    let at = from;
    let response: Response | undefined = first;
    const pace = new Pace();
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const chunk of bodyFrom(response, at, signal)) {
          pace.came(chunk.length);
          at += chunk.length;
          attempt = 1;
          yield chunk;
          pace.wait();
        }
        return;
      } catch (error) {
        await this.#pause(name, error, attempt, false, signal);
      }
      response = await this.send(name, { method: "GET", url, headers: rangeFrom(at) }, signal);
      if (response === undefined)
        throw pipeliteError("CACHE_FAILED", { url: this.#url, file: name, problem: "it is gone" });
    }
  }

  async #pause(
    file: string,
    error: unknown,
    attempt: number,
    isWrite: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) throw signal.reason;
    if (isPipeliteError(error)) throw error;
    const pauseMs = pauseAfter(error, attempt);
    if (pauseMs === undefined) {
      const code = isWrite ? "CACHE_WRITE_FAILED" : "CACHE_FAILED";
      throw pipeliteError(code, { url: this.#url, file, problem: webProblem(error) }, error);
    }
    await pause(pauseMs, signal);
  }
}

/** The head of an answer, unless the server is silent before it; of an upload each part that is taken is a sign of life. */
async function answerTo({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<Response> {
  const ended = new AbortController();
  let silence: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = (ms: number): void => {
    clearTimeout(silence);
    if (!isOver) silence = setTimeout(() => ended.abort(new SilentServer(ms)), ms);
  };
  wait(WEB_SILENCE.maxMs);
  const either = AbortSignal.any([signal, ended.signal]);
  const whenSent = method === "PUT" ? UPLOADED_MAX_MS : WEB_SILENCE.maxMs;
  const sent =
    body && Readable.from(heard(body.chunks(), (isLast) => wait(isLast ? whenSent : WEB_SILENCE.maxMs)));
  try {
    if (method === "GET" || method === "HEAD") return await fetchFollowing(url, headers, either, method);
    const sending = sent && { body: sent, duplex: "half" as const };
    return await fetch(url, { method, headers, redirect: "manual", signal: either, ...sending });
  } catch (error) {
    sent?.destroy();
    throw error;
  } finally {
    isOver = true;
    clearTimeout(silence);
  }
}

/** The same chunks; says when one is taken, and when the last one was. */
async function* heard(
  chunks: Iterable<Uint8Array> | AsyncChunks,
  onTaken: (isLast: boolean) => void,
): AsyncChunks {
  for await (const chunk of chunks) {
    yield chunk;
    onTaken(false);
  }
  onTaken(true);
}

/** Bytes as they are: what a server packs on the way can't be taken up by a range. */
function rangeFrom(from: number): Record<string, string> {
  return { "accept-encoding": "identity", ...(from > 0 && { range: `bytes=${from}-` }) };
}

/** The bytes of an answer from `from` on, also from a server that does not know ranges. */
async function* bodyFrom(response: Response, from: number, signal: AbortSignal): AsyncChunks {
  let skip = response.status === 206 ? 0 : from;
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), signal);
      if (done) return;
      const rest = value.subarray(Math.min(skip, value.length));
      skip -= value.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function withinSilence<T>(read: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilentServer()), WEB_SILENCE.maxMs);
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([read, silent]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** All but letters, digits and `-._~`, as signatures of S3 want it. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Media types of a cache's files, as Nix sends them. */
export function typeOf(name: string): string {
  if (name.endsWith(".narinfo")) return "text/x-nix-narinfo";
  if (name === "nix-cache-info") return "text/x-nix-cache-info";
  if (name.endsWith(".doi") || name.endsWith(".ls")) return "application/json";
  return name.startsWith("log/") ? "text/plain; charset=utf-8" : "application/x-nix-nar";
}
