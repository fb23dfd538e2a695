// `builtin:fetchurl`: a file from http, https or file, whose hash is known beforehand. Done by the engine itself, as in
// Nix; the bytes count only when their hash is right, so where they came from need not be trusted.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { textOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { formatHash } from "#nix/hash.ts";
import type { PathLocks } from "#store/locks.ts";
import type { Store } from "#store/store.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { NO_SECRETS, type Secrets } from "#secrets/secrets.ts";
import { leakIn } from "./guard.ts";
import { pipeliteError } from "./errors.ts";
import type { HeldLimits } from "./limits.ts";

/** As many tries as Nix makes (`download-attempts`), each after a pause twice as long as the last. */
const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 250;
/** A server may be silent for this long, before its answer and within it. */
const SILENCE_MAX_MS = 30_000;

/** @throws PipeliteError FETCH_FAILED, FETCH_HASH_MISMATCH, STAGE_TIMED_OUT, those of Store.addFixedFile */
export async function fetchUrl(job: BuildJob, store: Store, held: PathLocks): Promise<BuildOutcome> {
  const start = performance.now();
  const output = job.derivation.outputs.get("out");
  const url = textOf(job.derivation.env.get("url") ?? "");
  if (output?.kind !== "fixed") {
    throw pipeliteError("DERIVATION_UNSUPPORTED", {
      drvPath: job.drvPath,
      problem: "a fetch has no hash",
    });
  }
  const folder = store.temporaryDir;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `fetch-${process.pid}-${Math.trunc(start * 1000)}`);
  const timeoutMs = job.limits?.timeoutMs;
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([job.signal, ...(deadline ? [deadline] : [])]);
  try {
    const { request = { url, headers: {} }, secrets = NO_SECRETS } = job;
    const found = await download(url, { file, stage: job.name, signal, onLog: job.onLog, request, secrets });
    if (!found.equals(output.hash.bytes)) {
      const got = formatHash({ algorithm: "sha256", bytes: found }, "sri");
      throw pipeliteError("FETCH_HASH_MISMATCH", { url, wanted: formatHash(output.hash, "sri"), got });
    }
    const leak = await leakIn(job, file);
    if (leak !== undefined) throw leak;
    const { name } = job.derivation;
    const { path } = await store.addFixedFile(file, { name, hash: output.hash, held, signal });
    const wallMs = performance.now() - start;
    const source = { wall: "monotonic clock", cpu: "unavailable", memory: "unavailable", io: "unavailable" };
    const limits: HeldLimits =
      timeoutMs === undefined ? {} : { timeoutMs: { limit: timeoutMs, by: "pipelite" } };
    return { status: "built", outPath: path, usage: { wallMs, source }, limits };
  } catch (error) {
    if (job.signal.aborted) return { status: "cancelled" };
    if (deadline?.aborted !== true) throw error;
    throw pipeliteError("STAGE_TIMED_OUT", { stage: job.name, timeoutMs }, error);
  } finally {
    rmSync(file, { force: true });
  }
}

interface Download extends Pick<BuildJob, "signal" | "onLog"> {
  file: string;
  stage: string;
  request: Request;
  secrets: Secrets;
}

interface Request {
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** Downloads to a file; what may be different the next time is tried again. @returns the sha256 */
async function download(
  url: string,
  { file, stage, signal, onLog, request, secrets }: Download,
): Promise<Buffer> {
  const isPrivate = secrets.in(JSON.stringify(request)) !== undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      if (isPrivate && !isProtected(request.url)) throw new Refused("a secret is sent by https only");
      return await downloadOnce(request, file, signal);
    } catch (error) {
      if (signal.aborted || isOwnDisk(error)) throw error;
      const problem = secrets.redact(reasonOf(error));
      // The cause has what was sent.
      const cause = secrets.isEmpty ? error : undefined;
      if (attempt === ATTEMPTS_MAX || !isTransient(error))
        throw pipeliteError("FETCH_FAILED", { stage, url, problem }, cause);
      const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1);
      onLog(Buffer.from(`cannot fetch ${url}: ${problem}; trying again in ${pauseMs} ms\n`));
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

async function downloadOnce(request: Request, file: string, signal: AbortSignal): Promise<Buffer> {
  const silence = new AbortController();
  const silent = setTimeout(() => silence.abort(new SilentServer()), SILENCE_MAX_MS);
  const either = AbortSignal.any([signal, silence.signal]);
  const digest = createHash("sha256");
  try {
    await pipeline(
      await openUrl(request, either),
      async function* hashing(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          silent.refresh();
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

async function openUrl({ url, headers }: Request, signal: AbortSignal): Promise<Readable> {
  if (!URL.canParse(url)) throw new Refused("it is no URL");
  const { protocol } = new URL(url);
  if (protocol === "file:") {
    const path = fileURLToPath(url);
    if (!statSync(path).isFile()) throw new Refused("it is not a file");
    return createReadStream(path);
  }
  if (protocol !== "http:" && protocol !== "https:") throw new Refused(`cannot fetch by ${protocol}`);
  const response = await followed(new URL(url), headers, signal);
  if (!response.ok || response.body === null) throw new BadAnswer(response.status);
  return Readable.fromWeb(response.body);
}

/** Nobody between sees what is sent by https, or stays on this machine. */
function isProtected(url: string): boolean {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "https:", hostname: "" };
  return protocol !== "http:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Headers of the pipeline go to the server that it names: to others that this one leads to they are not sent. */
async function followed(url: URL, headers: Request["headers"], signal: AbortSignal): Promise<Response> {
  const REDIRECTS_MAX = 20;
  if (Object.keys(headers).length === 0) return fetch(url, { signal });
  let [at, sent] = [url, headers];
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const response = await fetch(at, { headers: sent, redirect: "manual", signal });
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

/** What trying again would not change. */
class Refused extends Error {}

class SilentServer extends Error {
  constructor() {
    super(`the server was silent for ${SILENCE_MAX_MS / 1000} s`);
  }
}

class BadAnswer extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/** As Nix takes them: a server's trouble, and 408 and 429, may pass; what it refuses it refuses again. */
function isTransient(error: unknown): boolean {
  if (error instanceof Refused) return false;
  if (!(error instanceof BadAnswer)) return !isOfFile(error);
  const { status } = error;
  return status === 408 || status === 429 || (status >= 500 && ![501, 505, 511].includes(status));
}

/** A file that cannot be read: there is no network between. */
function isOfFile(error: unknown): boolean {
  return ["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EPERM", "ERR_INVALID_FILE_URL_HOST"].includes(
    systemErrorCode(error) ?? "",
  );
}

function isOwnDisk(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EROFS"].includes(systemErrorCode(error) ?? "");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error.cause instanceof Error ? error.cause : error;
  // What undici says of a connection that ends in the middle of an answer.
  return message === "terminated" || message === "other side closed"
    ? "the connection was closed before all of it had come"
    : message;
}
