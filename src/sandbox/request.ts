// What is asked of a sandbox and what comes back.
import type { InputPlaces } from "./places.ts";
import type { Counter } from "./counters.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { SandboxView } from "./seen.ts";

/** `starter`: by a small program of ours that stays (starter/). `none`: not at all. */
export type SandboxKind = "starter" | "bubblewrap" | "unshare" | "none";

export interface SandboxRequest {
  /** Logical path of the program; its base name becomes argv[0]. A byte string, as `args` and `env` are. */
  builder: string;
  args: string[];
  /** The whole environment. */
  env: Map<string, string>;
  /** The closure the process may see, read-only, each under its logical path. */
  inputs: { path: StorePath; physical: string }[];
  /** Host folder that becomes /nix/store. Outputs appear in it under their base names; nothing else is left there. */
  storeDir: string;
  /** Host folder that becomes /build. */
  buildDir: string;
  /** Files that stand in it from the start: name -> content, a byte string. */
  files?: ReadonlyMap<string, string>;
  /** True for fixed-output derivations only. */
  network: boolean;
  /** Show /dev/kvm where this user may use it. */
  kvm: boolean;
  limits: {
    timeoutMs?: number;
    /** Longest time without any output. */
    silentMs?: number;
    logBytes: number;
    /** Processes and threads at a time. */
    processes: number;
    memoryBytes?: number;
    /** Processors, of which a part can be asked for. */
    cpus?: number;
  };
  onLog(chunk: Uint8Array): void;
  signal?: AbortSignal;
  /** What stands in `storeDir` from the stage before, when the folder is kept. */
  places?: InputPlaces;
  /** Where the program that makes the sandbox is looked for, first. */
  programFolders: readonly string[];
  /** The processors that it may run on; all by default. */
  processors?: readonly number[];
  /** What it is shown otherwise than always. */
  seen?: SandboxView;
  /** Name of the cgroup made for this process, where cgroups can be made. */
  cgroupName: string;
}

export type SandboxEnding =
  | { kind: "exited"; code: number }
  | { kind: "signalled"; signal: string }
  | { kind: "timed-out" }
  | { kind: "log-limit" }
  | { kind: "memory-limit" }
  | { kind: "cancelled" };

export type CgroupVersion = "cgroup2" | "cgroup1";
/** `rusage`: what wait4(2) reports of the process and all it waited for. `procfs`: sampled. */
export type UsageSource = CgroupVersion | "rusage" | "procfs" | "unavailable";
/** `affinity`: on so many processors, as sched_setaffinity(2) sets it; a stage can take that back. */
export type LimitSource = CgroupVersion | "rlimit" | "procfs" | "affinity" | "unavailable" | "not-asked";

/** A figure that could not be had is absent and its source is `unavailable`; it is never 0 instead. */
export interface SandboxUsage {
  wallMs: number;
  cpuUserMs?: number;
  cpuSystemMs?: number;
  /** Of a cgroup: with page cache. Of procfs: the largest sum of resident sets seen. */
  peakMemoryBytes?: number;
  ioReadBytes?: number;
  ioWriteBytes?: number;
  /** Processes the kernel killed for want of memory. */
  outOfMemoryKills?: number;
  /** Processes and threads that the kernel refused because the limit was met. */
  refusedProcesses?: number;
  /** Page faults served without and with reading from disk. */
  minorFaults?: number;
  majorFaults?: number;
  /** Context switches: to wait for something, and because the time slice was over. */
  voluntarySwitches?: number;
  involuntarySwitches?: number;
  /** Each with a source of its own; absent where nothing was tried. */
  counters?: Counter[];
  /** `events`: of faults and switches. */
  source: { cpu: UsageSource; memory: UsageSource; io: UsageSource; events?: UsageSource };
}

export interface SandboxResult {
  ending: SandboxEnding;
  usage: SandboxUsage;
  /** What held the limits that were asked for. */
  enforcedBy: { processes: LimitSource; memory: LimitSource; cpus: LimitSource };
  /** A kept folder is not as it was: another must be taken for the next stage. */
  isSpoilt: boolean;
  /** Where stdout and stderr went: a terminal as under Nix, or a socket where no terminal could be had. */
  log: "terminal" | "socket";
}

export interface DetectedSandbox {
  kind: SandboxKind;
  version?: string;
  /** The kinds that were tried before and do not work here, each with the reason. */
  tried: { kind: SandboxKind; reason: string }[];
}
