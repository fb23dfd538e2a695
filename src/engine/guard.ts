// What is kept of what a stage says and makes: nothing that holds a secret of the run, and no log without end.
import type { PipeliteError } from "#base/errors.ts";
import { formatSetSize } from "#base/quantities.ts";
import { findInTree } from "#secrets/tree.ts";
import { secretFound } from "#secrets/sources.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { pipeliteError } from "./errors.ts";

export interface LeakFound {
  status: "failed";
  error: PipeliteError;
}

/**
 * Builds with a log that is searched as it comes: what may be part of a secret is not handed on before that is known, and
 * when it is one the build is ended.
 */
export async function withSearchedLog<T>(
  job: BuildJob,
  build: (job: BuildJob) => Promise<T>,
): Promise<T | LeakFound> {
  const { secrets } = job;
  if (secrets === undefined || secrets.isEmpty) return build(job);
  const stream = secrets.stream();
  const stop = new AbortController();
  const state: { found?: string } = {};
  const onLog = (chunk: Uint8Array): void => {
    if (state.found !== undefined) return;
    const { found, safe } = stream.pass(chunk);
    if (found !== undefined) {
      state.found = found;
      stop.abort();
    } else if (safe.length > 0) job.onLog(safe);
  };
  const signal = AbortSignal.any([job.signal, stop.signal]);
  const outcome = await build({ ...job, onLog, signal }).catch((error: unknown) => {
    if (state.found === undefined) throw error;
    return undefined;
  });
  if (state.found !== undefined || outcome === undefined)
    return { status: "failed", error: secretFound(state.found ?? "", `the log of the stage '${job.name}'`) };
  const rest = stream.rest();
  if (rest.length > 0) job.onLog(rest);
  return outcome;
}

/** Builds with a log of at most so many bytes; who says more is ended, whether it is the stage or the machine that builds it. */
export async function withLogLimit(
  job: BuildJob,
  bytesMax: number,
  build: (job: BuildJob) => Promise<BuildOutcome>,
): Promise<BuildOutcome> {
  let bytes = 0;
  const stop = new AbortController();
  const onLog = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    if (bytes > bytesMax) stop.abort();
    else job.onLog(chunk);
  };
  const outcome = await build({ ...job, onLog, signal: AbortSignal.any([job.signal, stop.signal]) });
  if (!stop.signal.aborted || outcome.status !== "cancelled") return outcome;
  const limit = formatSetSize(bytesMax);
  return { status: "failed", error: pipeliteError("STAGE_LOG_LIMIT", { stage: job.name, limit }) };
}

/** @returns what is wrong with an output, when a secret is in it */
export async function leakIn(
  { secrets, name, signal }: BuildJob,
  path: string,
): Promise<PipeliteError | undefined> {
  if (secrets === undefined) return undefined;
  const leak = await findInTree(secrets, path, { signal });
  if (leak === undefined) return undefined;
  const file = leak.file === "" ? "" : `the file ${leak.file} of `;
  return secretFound(leak.secret, `${file}the output of the stage '${name}'`);
}
