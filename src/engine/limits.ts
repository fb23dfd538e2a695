// What a stage may take of the machine. The defaults are for a stage that has run wild, not for one that works.
import { availableParallelism, totalmem } from "node:os";
import type { LimitSource, SandboxResult } from "#sandbox/sandbox.ts";

/** Each can be set for a stage. */
export interface StageLimits {
  /** All its processes together. */
  memoryBytes: number;
  /** Processors, of which a part can be asked for; undefined: all there are. */
  cpus?: number | undefined;
  /** From its start; undefined: as long as it takes. */
  timeoutMs?: number | undefined;
  /** Processes and threads at a time. */
  processes: number;
  /** Apparent size of its output: holes count, because a reader of the output reads them. */
  outputBytes: number;
  logBytes: number;
}

/**
 * One limit of a build, and what held it: of the kernel, `pipelite` itself, or `nix`. `told`: the stage knows it, and nothing
 * holds it to it. `nothing`: the engine has no such limit.
 */
export interface HeldLimit {
  limit: number;
  by: Exclude<LimitSource, "not-asked"> | "pipelite" | "nix" | "told" | "nothing";
}

/** Those of one build that were not left to the machine. */
export type HeldLimits = Partial<Record<keyof StageLimits, HeldLimit>>;

const MIB = 1024 * 1024;
const TIB = 1024 ** 4;

export function limitsOf(given: Partial<StageLimits> = {}): StageLimits {
  return {
    memoryBytes: defaultMemoryBytes(),
    processes: 4096,
    outputBytes: TIB,
    logBytes: 64 * MIB,
    ...given,
  };
}

const CORES = availableParallelism();

/** How many processors a stage is told that it may use. */
export function coresFor({ cpus }: Pick<StageLimits, "cpus">): number {
  return cpus === undefined ? CORES : Math.max(1, Math.ceil(cpus));
}

/** What held a build in the sandbox. */
export function heldLimits(limits: StageLimits, by: SandboxResult["enforcedBy"]): HeldLimits {
  const { timeoutMs, outputBytes, logBytes } = limits;
  const byKernel = (limit: number | undefined, source: LimitSource): HeldLimit | undefined =>
    limit === undefined || source === "not-asked" ? undefined : { limit, by: source };
  const held: { [K in keyof StageLimits]: HeldLimit | undefined } = {
    memoryBytes: byKernel(limits.memoryBytes, by.memory),
    cpus: byKernel(limits.cpus, by.cpus),
    processes: byKernel(limits.processes, by.processes),
    timeoutMs: timeoutMs === undefined ? undefined : { limit: timeoutMs, by: "pipelite" },
    outputBytes: { limit: outputBytes, by: "pipelite" },
    logBytes: { limit: logBytes, by: "pipelite" },
  };
  return Object.fromEntries(Object.entries(held).filter(([, each]) => each !== undefined));
}

let memoryBytes: number | undefined;

/** What this machine, or the container that we are in, has, less 10 %. Asked once. */
export function defaultMemoryBytes(): number {
  return (memoryBytes ??= machineMemoryBytes());
}

function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
  return Math.floor((available * 9) / 10);
}
