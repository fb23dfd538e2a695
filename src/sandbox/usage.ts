// What a stage used, each figure from the best source there is: its cgroup, else what the kernel reports to whoever waits
// for a process (getrusage(2)), else samples of procfs.
import { readFileSync } from "node:fs";
import { countableScope, readCounters } from "./counters.ts";
import type { Cgroup, CgroupFigures } from "./cgroup.ts";
import type { SandboxUsage } from "./request.ts";
import type { Outcome } from "./supervisor.ts";

type Measured = Pick<Cgroup, "versions"> & { figures: CgroupFigures };

export function measureUsage(outcome: Outcome, cgroup: Measured | undefined): SandboxUsage {
  const figures = cgroup?.figures ?? {};
  const usage: SandboxUsage = {
    wallMs: outcome.wallMs,
    ...figures,
    source: { cpu: "unavailable", memory: "unavailable", io: "unavailable" },
  };
  addCpu(usage, outcome, cgroup);
  addMemory(usage, outcome, cgroup);
  addIo(usage, outcome, cgroup);
  addEvents(usage, outcome);
  usage.counters = readCounters(outcome.done?.counters, countableScope());
  return usage;
}

function addCpu(usage: SandboxUsage, { done }: Outcome, cgroup: Measured | undefined): void {
  if (
    usage.cpuUserMs !== undefined &&
    usage.cpuSystemMs !== undefined &&
    cgroup?.versions.cpu !== undefined
  ) {
    usage.source.cpu = cgroup.versions.cpu;
  } else if (done !== undefined) {
    usage.cpuUserMs = timeval(done.rusage, 0);
    usage.cpuSystemMs = timeval(done.rusage, 16);
    usage.source.cpu = "rusage";
  }
}

function addMemory(usage: SandboxUsage, { done, peak }: Outcome, cgroup: Measured | undefined): void {
  if (usage.peakMemoryBytes !== undefined && cgroup?.versions.memory !== undefined) {
    usage.source.memory = cgroup.versions.memory;
    return;
  }
  const sampled = Math.max(peak?.residentBytes ?? 0, peak?.largestPeakBytes ?? 0);
  const largestOfOne = done === undefined ? 0 : 1024 * longOf(done.rusage, "largestResidentKilobytes");
  if (sampled === 0 && largestOfOne === 0) return;
  usage.peakMemoryBytes = Math.max(sampled, largestOfOne);
  usage.source.memory = sampled >= largestOfOne ? "procfs" : "rusage";
}

function addIo(usage: SandboxUsage, { done }: Outcome, cgroup: Measured | undefined): void {
  if (
    usage.ioReadBytes !== undefined &&
    usage.ioWriteBytes !== undefined &&
    cgroup?.versions.io !== undefined
  ) {
    usage.source.io = cgroup.versions.io;
  } else if (done !== undefined) {
    const BLOCK_BYTES = 512;
    usage.ioReadBytes = BLOCK_BYTES * longOf(done.rusage, "inputBlocks");
    usage.ioWriteBytes = BLOCK_BYTES * longOf(done.rusage, "outputBlocks");
    usage.source.io = "rusage";
  }
}

function addEvents(usage: SandboxUsage, { done }: Outcome): void {
  if (done === undefined) {
    usage.source.events = "unavailable";
    return;
  }
  usage.minorFaults = longOf(done.rusage, "minorFaults");
  usage.majorFaults = longOf(done.rusage, "majorFaults");
  usage.voluntarySwitches = longOf(done.rusage, "voluntarySwitches");
  usage.involuntarySwitches = longOf(done.rusage, "involuntarySwitches");
  usage.source.events = "rusage";
}

/** Fields of struct rusage behind its two times, each a long: which one. */
const LONGS = {
  largestResidentKilobytes: 0,
  minorFaults: 4,
  majorFaults: 5,
  inputBlocks: 7,
  outputBlocks: 8,
  voluntarySwitches: 12,
  involuntarySwitches: 13,
} as const;

function longOf(rusage: DataView, field: keyof typeof LONGS): number {
  const TIMES_BYTES = 32;
  return Number(rusage.getBigInt64(TIMES_BYTES + 8 * LONGS[field], true));
}

/** struct timeval -> milliseconds. */
function timeval(rusage: DataView, offset: number): number {
  return Number(rusage.getBigInt64(offset, true)) * 1e3 + Number(rusage.getBigInt64(offset + 8, true)) / 1e3;
}

/** Hard limit of core files of this process: a child cannot set a larger one. */
export function readCoreHardLimit(): number {
  const line = /^Max core file size\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
  return line?.[1] === undefined || line[1] === "unlimited" ? Number.POSITIVE_INFINITY : Number(line[1]);
}
