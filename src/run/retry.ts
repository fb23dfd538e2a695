// A stage that failed is tried again, as often as it may be.
import { setTimeout as sleep } from "node:timers/promises";
import type { BuildNode } from "#compile/nodes.ts";
import type { BuildJob, BuildOutcome } from "#engine/engine.ts";
import type { RunListener } from "#home/events.ts";
import type { FailedAttempt } from "#home/run-record.ts";
import { LogLines } from "./log-lines.ts";

const [FIRST_PAUSE_MS, PAUSE_MAX_MS] = [1000, 60_000];

/** What may be otherwise the next time. A limit that a stage met, it meets again. */
const RETRIED = new Set(["STAGE_FAILED", "STAGE_KILLED", "STAGE_TIMED_OUT", "STAGE_MACHINE_MEMORY"]);

export interface Tries {
  node: BuildNode;
  retries: number;
  signal: AbortSignal;
  mapTrace: (line: string) => string;
  emit: RunListener;
}

/** What is another for each try. */
export type Try = Pick<BuildJob, "onLog"> & { startedAt: string };

export interface Tried {
  /** Of the last try. */
  outcome: BuildOutcome;
  logTail: string[];
  /** Those before it; absent when there were none. */
  failedAttempts?: FailedAttempt[];
}

/** Builds until it succeeds or the tries are over. */
export async function buildWithRetries(
  build: (attempt: Try) => Promise<BuildOutcome>,
  { node, retries, signal, mapTrace, emit }: Tries,
): Promise<Tried> {
  const { name } = node;
  const failedAttempts: FailedAttempt[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const start = performance.now();
    const lines = new LogLines(mapTrace, {
      onLine: (line) => emit({ type: "stage-log", name, line }),
      onProgress: (line) => emit({ type: "stage-progress", name, line }),
    });
    const outcome = await build({
      onLog: (chunk) => lines.push(chunk),
      startedAt: new Date().toISOString(),
    }).finally(() => lines.end());
    const logTail = lines.tail();
    // A gate says what it says.
    const isOver = outcome.status !== "failed" || attempt > retries || node.kind === "gate";
    if (isOver || !RETRIED.has(outcome.error.code))
      return { outcome, logTail, ...(failedAttempts.length > 0 && { failedAttempts }) };
    const { code, message } = outcome.error;
    const { ending, usage } = outcome;
    const failure = { code, message, ...(ending && { ending }), logTail };
    const durationMs = performance.now() - start;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), PAUSE_MAX_MS);
    failedAttempts.push({ failure, durationMs, pauseMs, ...(usage && { usage }) });
    emit({ type: "stage-retry", name, code, message, attempt: attempt + 1, attempts: retries + 1, pauseMs });
    await sleep(pauseMs, undefined, { signal });
  }
}
