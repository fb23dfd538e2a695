// `builtin:fetchurl`: a file from http, https or file, whose hash is known beforehand. Done by the engine itself, as in
// Nix; the bytes count only when their hash is right, so where they came from need not be trusted.
import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { textOf } from "#base/bytes.ts";
import { formatHash } from "#nix/hash.ts";
import type { Store } from "#store/store.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { pipeliteError } from "./errors.ts";

const CONNECT_TIMEOUT_MS = 30_000;

export async function fetchUrl(job: BuildJob, store: Store): Promise<BuildOutcome> {
  const start = performance.now();
  const output = job.derivation.outputs.get("out");
  const url = textOf(job.derivation.env.get("url") ?? "");
  if (output?.kind !== "fixed") {
    throw pipeliteError("DERIVATION_UNSUPPORTED", {
      drvPath: job.drvPath,
      problem: "a fetch has no hash",
    });
  }
  const folder = join(store.home, "pipelite", "tmp");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `fetch-${process.pid}-${Math.trunc(start * 1000)}`);
  try {
    const digest = createHash("sha256");
    const body = await openUrl(url, job.signal);
    await pipeline(
      body,
      async function* hashing(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          digest.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file),
      { signal: job.signal },
    );
    const found = digest.digest();
    if (!found.equals(output.hash.bytes)) {
      const got = formatHash({ algorithm: "sha256", bytes: found }, "sri");
      throw pipeliteError("FETCH_HASH_MISMATCH", { url, wanted: formatHash(output.hash, "sri"), got });
    }
    const { path } = await store.addFixedFile(file, { name: job.derivation.name, hash: output.hash });
    const wallMs = performance.now() - start;
    const source = { wall: "monotonic clock", cpu: "unavailable", memory: "unavailable", io: "unavailable" };
    return { status: "built", outPath: path, usage: { wallMs, source } };
  } catch (error) {
    if (job.signal.aborted) return { status: "cancelled" };
    throw error;
  } finally {
    rmSync(file, { force: true });
  }
}

async function openUrl(url: string, signal: AbortSignal): Promise<Readable> {
  const { protocol } = new URL(url);
  try {
    if (protocol === "file:") return (await open(fileURLToPath(url))).createReadStream();
    if (protocol !== "http:" && protocol !== "https:") throw new Error(`cannot fetch by ${protocol}`);
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]),
    });
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
    return Readable.fromWeb(response.body);
  } catch (error) {
    if (signal.aborted) throw error;
    throw pipeliteError("FETCH_FAILED", { url, problem: reason(error) }, error);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
