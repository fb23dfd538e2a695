// `builtin:fetchurl`: a file from http, https or file, whose hash is known in advance. Done by the engine itself, as in
// Nix; the bytes count only when their hash is right, so where they came from need not be trusted.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { textOf } from "#base/bytes.ts";
import { Arrived, downloadOnce, isFullDisk, pause, pauseAfter, Refused, webProblem } from "#base/web.ts";
import { formatHash } from "#nix/hash.ts";
import type { PathLocks } from "#store/locks.ts";
import type { Store } from "#store/store.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { NO_SECRETS, type Secrets } from "#secrets/secrets.ts";
import { leakIn } from "./guard.ts";
import { pipeliteError } from "./errors.ts";
import type { HeldLimits } from "./limits.ts";

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
  const arrived = new Arrived();
  for (let attempt = 1; ; attempt++) {
    try {
      if (isPrivate && !isProtected(request.url)) throw new Refused("a secret is sent by https only");
      return await downloadOnce(request.url, { file, headers: request.headers, signal, arrived });
    } catch (error) {
      if (signal.aborted || isFullDisk(error)) throw error;
      const problem = secrets.redact(webProblem(error));
      // The cause has what was sent.
      const cause = secrets.isEmpty ? error : undefined;
      const pauseMs = pauseAfter(error, attempt);
      if (pauseMs === undefined) throw pipeliteError("FETCH_FAILED", { stage, url, problem }, cause);
      onLog(Buffer.from(`cannot fetch ${url}: ${problem}; trying again in ${pauseMs} ms\n`));
      await pause(pauseMs, signal);
    }
  }
}

/** What is sent by https, or stays on this machine, is seen by no one between. */
function isProtected(url: string): boolean {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "https:", hostname: "" };
  return protocol !== "http:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
