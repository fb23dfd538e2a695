// Why a build failed, in words: from how it ended, what it used and what the machine was short of.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { PipeliteError } from "#base/errors.ts";
import { formatSetSize } from "#base/quantities.ts";
import type { SandboxEnding, SandboxKind, SandboxResult } from "#sandbox/sandbox.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { pipeliteError } from "./errors.ts";
import type { StageLimits } from "./limits.ts";

/** What was looked at when it had ended. */
interface MachineState {
  isDiskFull: boolean;
  /** The kernel ended processes for want of memory meanwhile, wherever they were. */
  isMemoryFull: boolean;
}

/** How many processes the kernel ended so far because the machine had no memory left. */
export function countMemoryKills(): number {
  lastCount = { atMs: performance.now(), kills: readMemoryKills() };
  return lastCount.kills;
}

/** The kernel adds up all that it counts for whoever asks: of stages that start one after the other one does. */
const RECENT_MS = 100;
let lastCount: { atMs: number; kills: number } | undefined;

/** The same as of a moment ago at most. */
export function recentMemoryKills(): number {
  if (lastCount === undefined || performance.now() - lastCount.atMs > RECENT_MS) return countMemoryKills();
  return lastCount.kills;
}

function readMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function failure(
  job: BuildJob,
  kind: SandboxKind,
  result: SandboxResult,
  limits: StageLimits & MachineState,
): Extract<BuildOutcome, { status: "failed" }> {
  const ending = kind === "bubblewrap" ? throughBubblewrap(result.ending) : result.ending;
  return { status: "failed", error: failureOf(job, { ...result, ending }, limits), ending };
}

/** bubblewrap tells an ending by signal n as exit code 128 + n; it is hardly ever anything else. */
function throughBubblewrap(ending: SandboxEnding): SandboxEnding {
  if (ending.kind !== "exited") return ending;
  const signal = Object.entries(constants.signals).find(([, number]) => number === ending.code - 128)?.[0];
  return signal === undefined ? ending : { kind: "signalled", signal };
}

function failureOf(
  job: BuildJob,
  { ending, usage }: SandboxResult,
  limits: StageLimits & MachineState,
): PipeliteError {
  const stage = job.name;
  const wasKilledForMemory = ending.kind === "memory-limit" || (usage.outOfMemoryKills ?? 0) > 0;
  // Far from its own limit it met that of the machine, or of the container that we are in.
  const isFarFromLimit = (usage.peakMemoryBytes ?? limits.memoryBytes) < 0.9 * limits.memoryBytes;
  if (wasKilledForMemory && isFarFromLimit && ending.kind !== "memory-limit")
    return pipeliteError("STAGE_MACHINE_MEMORY", { stage });
  if (wasKilledForMemory && ["memory-limit", "exited", "signalled"].includes(ending.kind))
    return pipeliteError("STAGE_MEMORY_LIMIT", { stage, limit: formatSetSize(limits.memoryBytes) });
  if (ending.kind === "exited" && (usage.refusedProcesses ?? 0) > 0)
    return pipeliteError("STAGE_PROCESS_LIMIT", { stage, code: ending.code, limit: limits.processes });
  switch (ending.kind) {
    case "exited":
      if (limits.isDiskFull) return pipeliteError("STAGE_DISK_FULL", { stage, code: ending.code });
      return pipeliteError("STAGE_FAILED", { stage, code: ending.code });
    case "signalled":
      if (ending.signal === "SIGKILL" && limits.isMemoryFull)
        return pipeliteError("STAGE_MACHINE_MEMORY", { stage });
      return pipeliteError("STAGE_KILLED", { stage, signal: ending.signal });
    case "timed-out":
      return pipeliteError("STAGE_TIMED_OUT", { stage, timeoutMs: limits.timeoutMs });
    case "log-limit":
      return pipeliteError("STAGE_LOG_LIMIT", { stage, limit: formatSetSize(limits.logBytes) });
    default:
      throw new Error(`a build that ended as ${ending.kind} is no failure of its stage`);
  }
}
