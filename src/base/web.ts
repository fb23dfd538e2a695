// What all that asks web servers has in common: how long to wait, what to try again, and whom to send what.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, openSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "./errors.ts";

/** As many tries as Nix makes (`download-attempts`), each after a pause twice as long as the last. */
const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 250;
/** A server may be silent for this long, before its answer and within it. */
export const SILENCE_MAX_MS = 30_000;
const REDIRECTS_MAX = 20;

/** What trying again would not change. */
export class Refused extends Error {}

export class SilentServer extends Error {
  constructor() {
    super(`the server was silent for ${SILENCE_MAX_MS / 1000} s`);
  }
}

export class BadAnswer extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/**
 * The pause before another try of what failed for the `attempt`th time.
 * @returns undefined where trying again would not change it, or was tried often enough
 */
export function pauseAfter(error: unknown, attempt: number): number | undefined {
  return attempt < ATTEMPTS_MAX && isTransient(error) ? FIRST_PAUSE_MS * 2 ** (attempt - 1) : undefined;
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}

/** As Nix takes them: a server's trouble, and 408 and 429, may pass; what it refuses it refuses again. */
function isTransient(error: unknown): boolean {
  if (error instanceof Refused || isOfDisk(error)) return false;
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

/** What went wrong, in words. */
export function webProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error.cause instanceof Error ? error.cause : error;
  // What undici says of a connection that ends in the middle of an answer.
  return message === "terminated" || message === "other side closed"
    ? "the connection was closed before all of it had come"
    : message || "no connection";
}

/** As `fetch`, but headers go to the server that was named: to others that this one leads to they are not sent. */
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
    if (next.origin !== at.origin) sent = {};
    at = next;
  }
  throw new Refused("it leads from one place to the next without end");
}

export interface Download {
  /** Where it is written; made anew. */
  file: string;
  signal: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** Bytes that it may have. */
  most?: number;
}

/** One try to get a file from http, https or file. @returns its SHA-256 */
export async function downloadOnce(url: string, download: Download): Promise<Buffer> {
  const { file, signal, headers = {}, most = Number.POSITIVE_INFINITY } = download;
  const silence = new AbortController();
  const silent = setTimeout(() => silence.abort(new SilentServer()), SILENCE_MAX_MS);
  const either = AbortSignal.any([signal, silence.signal]);
  const digest = createHash("sha256");
  let size = 0;
  try {
    await pipeline(
      await openUrl(url, headers, either),
      async function* hashing(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          silent.refresh();
          size += chunk.length;
          if (size > most) throw new Refused(`it has more than ${most} bytes`);
          digest.update(chunk);
          yield chunk;
        }
      },
      // Opened here, not by the stream when it gets to it: a download that fails at once would leave the file behind.
      createWriteStream(file, { fd: openSync(file, "w") }),
      { signal: either },
    );
    return digest.digest();
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(silent);
  }
}

async function openUrl(url: string, headers: Download["headers"], signal: AbortSignal): Promise<Readable> {
  if (!URL.canParse(url)) throw new Refused("it is no URL");
  const { protocol } = new URL(url);
  if (protocol === "file:") {
    const path = fileURLToPath(url);
    if (!statSync(path).isFile()) throw new Refused("it is not a file");
    return createReadStream(path);
  }
  if (protocol !== "http:" && protocol !== "https:") throw new Refused(`cannot fetch by ${protocol}`);
  const response = await fetchFollowing(new URL(url), headers ?? {}, signal);
  if (!response.ok || response.body === null) throw new BadAnswer(response.status);
  return Readable.fromWeb(response.body);
}
