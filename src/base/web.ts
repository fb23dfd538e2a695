// What all that asks web servers has in common: how long to wait, what to try again, and whom to send what.
import { createHash, type Hash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./file-pieces.ts";
import { systemErrorCode } from "./errors.ts";
import { systemReason } from "./system-reason.ts";

/** As many tries as Nix makes (`download-attempts`), each after a pause twice as long as the last. */
const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 250;
/** A server may be silent for this long, before its answer and within it. */
export const WEB_SILENCE = { maxMs: 30_000 };
const REDIRECTS_MAX = 20;
const WEB = ["http:", "https:"];

/** What trying again would not change. */
export class Refused extends Error {}

export class SilentServer extends Error {
  constructor(ms = WEB_SILENCE.maxMs) {
    super(`the server was silent for ${ms / 1000} s`);
  }
}

/** What must come in a while of waiting: a server that gives a byte now and then would hold a download for ever. */
export const PACE = { whileMs: 60_000, bytesMin: 64 * 1024 };

class SlowServer extends Refused {
  constructor() {
    super(`the server gave less than ${PACE.bytesMin} bytes in ${PACE.whileMs / 1000} s`);
  }
}

/** Holds a server to `PACE`, tries that broke off and pauses included. What we take for ourselves does not count. */
export class Pace {
  #waitedMs = 0;
  #bytes = 0;
  #since = performance.now();

  /** Waiting begins. */
  wait(): void {
    this.#since = performance.now();
  }

  /** Something came. @throws SlowServer */
  came(bytes: number): void {
    const now = performance.now();
    this.#waitedMs += now - this.#since;
    this.#since = now;
    this.#bytes += bytes;
    if (this.#waitedMs < PACE.whileMs) return;
    if (this.#bytes < PACE.bytesMin) throw new SlowServer();
    [this.#waitedMs, this.#bytes] = [0, 0];
  }
}

export class BadAnswer extends Error {
  readonly status: number;
  readonly headers: Headers;

  constructor(status: number, headers: Headers = new Headers()) {
    super(`the server answered ${status}`);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * The pause before another try of what failed for the `attempt`th time: as long as the server asks for, if it does.
 * @returns undefined where trying again would not change it, or was tried often enough
 */
export function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (attempt >= ATTEMPTS_MAX || !isTransient(error)) return undefined;
  const asked = error instanceof BadAnswer ? Number(error.headers.get("retry-after")) * 1000 : 0;
  if (asked > WEB_SILENCE.maxMs) return undefined;
  return Math.max(asked || 0, FIRST_PAUSE_MS * 2 ** (attempt - 1));
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}

/** As Nix takes them: a server's trouble, and 408 and 429, may pass; what it refuses it refuses again. */
function isTransient(error: unknown): boolean {
  if (error instanceof Refused || isOfDisk(error) || reasonOf(error) === BAD_PORT) return false;
  if (!(error instanceof BadAnswer)) return true;
  const { status } = error;
  return status === 408 || status === 429 || (status >= 500 && ![501, 505, 511].includes(status));
}

/** Of a file that is read or written here: there is no network between. */
function isOfDisk(error: unknown): boolean {
  const codes = ["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EPERM", "ERR_INVALID_FILE_URL_HOST"];
  return codes.includes(systemErrorCode(error) ?? "") || isFullDisk(error);
}

export function isFullDisk(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EROFS"].includes(systemErrorCode(error) ?? "");
}

/** What undici says where it asks nobody: some ports are those of other protocols. */
const BAD_PORT = "bad port";

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error.cause instanceof Error ? error.cause : error).message;
}

/** What went wrong, in words. */
export function webProblem(error: unknown): string {
  if (isOfDisk(error) && error instanceof Error && "errno" in error) return systemReason(Number(error.errno));
  const reason = reasonOf(error);
  if (reason === BAD_PORT) return "its port is that of another protocol";
  // What undici says of a connection that ends in the middle of an answer.
  return reason === "terminated" || reason === "other side closed"
    ? "the connection was closed before all of it had come"
    : reason || "no connection";
}

/** Headers that say nothing of who asks. */
const FOR_ALL = ["range", "accept-encoding"];

function pairOf(headers: Readonly<Record<string, string>>, name: string): [string, string][] {
  const value = headers[name];
  return value === undefined ? [] : [[name, value]];
}

/**
 * As `fetch`, but headers go to the server that was named: others that this one leads to learn only what is asked for.
 */
export async function fetchFollowing(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  method: "GET" | "HEAD" = "GET",
): Promise<Response> {
  let [at, sent] = [url, headers];
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const response = await fetch(at, { method, headers: sent, redirect: "manual", signal });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, at)) throw new Refused("it leads to what is no URL");
    const next = new URL(location, at);
    if (!WEB.includes(next.protocol))
      throw new Refused(`it leads to ${next.protocol}, which is not followed`);
    // A password of another's choice, which messages would show.
    if (`${next.username}${next.password}` !== "")
      throw new Refused("it leads to an address with a password");
    if (next.origin !== at.origin) sent = Object.fromEntries(FOR_ALL.flatMap((name) => pairOf(sent, name)));
    at = next;
  }
  throw new Refused("it leads from one place to the next without end");
}

/**
 * Where a list in pages goes on (RFC 8288, `rel="next"`); undefined for its end.
 * @param at where this page was
 * @throws Refused where it goes on at another server, which learns nothing of who asks
 */
export function nextPage(headers: Headers, at: URL): URL | undefined {
  for (const [, target = "", parameters = ""] of (headers.get("link") ?? "").matchAll(/<([^>]*)>([^,<]*)/g)) {
    if (!/;\s*rel="?next"?\s*(;|$)/i.test(parameters)) continue;
    const next = URL.parse(target, at);
    if (next?.origin !== at.origin) throw new Refused("its list goes on at another server");
    return next;
  }
  return undefined;
}

/** What has come of a file in tries that broke off: the next one goes on behind it, where the server can. */
export class Arrived {
  size = 0;
  digest: Hash = createHash("sha256");

  forget(): void {
    this.size = 0;
    this.digest = createHash("sha256");
  }
}

export interface Request {
  signal: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** Bytes that the answer may have. */
  most?: number;
  /** Gets the headers of the answer. */
  told?: ((headers: Headers) => void) | undefined;
}

export interface Download extends Request {
  /** Where it is written; made again. */
  file: string;
  /** Handed to each try of one file from one place. */
  arrived?: Arrived;
}

/** One try to get a file from http, https or file. @returns its SHA-256 */
export async function downloadOnce(url: string, download: Download): Promise<Buffer> {
  const { file, arrived = new Arrived() } = download;
  let target: FileHandle | undefined;
  try {
    await receive(url, { ...download, arrived }, async (chunk) => {
      // Opened here, so that what is refused at once leaves no file behind. Written piece by piece: what has been counted
      // is there when a try breaks off.
      target ??= await openFor(file, arrived);
      await writeWhole(target, chunk, file);
    });
    target ??= await openFor(file, arrived);
    return arrived.digest.digest();
  } finally {
    await target?.close();
  }
}

/** What is there before the first byte is removed: through a link that somebody put there another file would be written. */
async function openFor(file: string, { size }: Arrived): Promise<FileHandle> {
  if (size > 0) return open(file, "a");
  await rm(file, { force: true });
  return open(file, "wx");
}

/** A short answer, in memory. What may pass is tried again. */
export async function downloadBytes(url: string, request: Request & { most: number }): Promise<Buffer> {
  return withRetries(request.signal, async () => {
    const chunks: Uint8Array[] = [];
    await receive(url, { ...request, arrived: new Arrived() }, (chunk) => void chunks.push(chunk));
    return Buffer.concat(chunks);
  });
}

/** What may pass is tried again. */
export async function withRetries<T>(signal: AbortSignal, once: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once();
    } catch (error) {
      const pauseMs = pauseAfter(error, attempt);
      if (signal.aborted || pauseMs === undefined) throw error;
      await pause(pauseMs, signal);
    }
  }
}

async function receive(
  url: string,
  { signal, headers = {}, most = Number.POSITIVE_INFINITY, arrived, told }: Request & { arrived: Arrived },
  take: (chunk: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const silence = new AbortController();
  const silent = setTimeout(() => silence.abort(new SilentServer()), WEB_SILENCE.maxMs);
  const either = AbortSignal.any([signal, silence.signal]);
  const pace = new Pace();
  try {
    for await (const chunk of await openUrl(url, { headers, signal: either, told }, arrived)) {
      silent.refresh();
      const bytes = chunk as Uint8Array;
      pace.came(bytes.length);
      if (arrived.size + bytes.length > most) throw new Refused(`it has more than ${most} bytes`);
      await take(bytes);
      arrived.size += bytes.length;
      arrived.digest.update(bytes);
      pace.wait();
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(silent);
  }
}

async function openUrl(
  url: string,
  { headers, signal, told }: Pick<Request, "signal" | "told"> & { headers: Readonly<Record<string, string>> },
  arrived: Arrived,
): Promise<Readable> {
  if (!URL.canParse(url)) throw new Refused("it is no URL");
  const { protocol } = new URL(url);
  if (protocol === "file:") {
    const path = fileURLToPath(url);
    if (!statSync(path).isFile()) throw new Refused("it is not a file");
    arrived.forget();
    return createReadStream(path, { signal });
  }
  if (!WEB.includes(protocol)) throw new Refused(`${protocol} is none of http, https and file`);
  const from = arrived.size;
  const range = from > 0 ? { range: `bytes=${from}-` } : {};
  const response = await fetchFollowing(new URL(url), { ...headers, ...range }, signal);
  const isRest =
    response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${from}-`);
  if (from > 0 && !isRest) arrived.forget();
  if (!response.ok || response.body === null || (response.status === 206 && !isRest)) {
    await response.body?.cancel();
    // It would not go on where it broke off: the next try begins again.
    throw response.status === 416 || response.status === 206
      ? new Error("the server has no more of it")
      : new BadAnswer(response.status, response.headers);
  }
  told?.(response.headers);
  return Readable.fromWeb(response.body);
}
