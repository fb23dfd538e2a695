// What holds a stage to its limits while it runs, whoever started it: time, silence, log, memory where no cgroup holds it, and
// the wish of the caller to stop.
import type { Cgroup } from "./cgroup.ts";
import { proportionalBytes, sampleTree, sharedBytesOfMachine } from "./process-tree.ts";
import type { TreeSample } from "./process-tree.ts";
import type { SandboxEnding, SandboxRequest } from "./request.ts";

export interface Watch {
  /** Why it was ended, when it was. */
  readonly killed: SandboxEnding | undefined;
  /** First bytes of the log: for the message when the sandbox itself failed. */
  readonly firstWords: string;
  /** Largest figures seen, when there is no memory cgroup. */
  readonly peak: TreeSample | undefined;
  /** Takes a piece of the log. */
  log(chunk: Uint8Array): void;
  /** The stage has ended: nothing ends it any more. Takes a last sample. */
  over(): void;
  stop(): void;
}

export interface Watched {
  request: SandboxRequest;
  cgroup: Pick<Cgroup, "versions" | "limited"> | undefined;
  /** The process below which all processes of the stage are. */
  pid: number | undefined;
  /** Ends the stage; called once at most. */
  end: () => void;
}

export function startWatch({ request, cgroup, pid, end }: Watched): Watch {
  const { limits, signal } = request;
  let isOver = false;
  const watch = {
    killed: undefined as SandboxEnding | undefined,
    firstWords: "",
    peak: undefined as TreeSample | undefined,
  };
  const kill = (ending: SandboxEnding) => {
    if (watch.killed !== undefined || isOver) return;
    watch.killed = ending;
    end();
  };
  const silence = startTimer(limits.silentMs, () => kill({ kind: "timed-out" }));
  const timeout = startTimer(limits.timeoutMs, () => kill({ kind: "timed-out" }));
  const onAbort = () => kill({ kind: "cancelled" });
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  const sampler =
    pid !== undefined && isMemorySampled(request, cgroup)
      ? startSampling(pid, limits.memoryBytes, watch, () => kill({ kind: "memory-limit" }))
      : undefined;
  const log = logReader(request, watch, kill);
  return Object.assign(watch, {
    log: (chunk: Uint8Array) => {
      silence.refresh();
      log(chunk);
    },
    over: () => {
      isOver = true;
      sampler?.take();
    },
    stop: () => {
      sampler?.stop();
      silence.stop();
      timeout.stop();
      signal?.removeEventListener("abort", onAbort);
    },
  });
}

function logReader(
  request: SandboxRequest,
  watch: { killed: SandboxEnding | undefined; firstWords: string },
  kill: (ending: SandboxEnding) => void,
): (chunk: Uint8Array) => void {
  const FIRST_WORDS_MAX = 2000;
  let left = request.limits.logBytes;
  return (chunk) => {
    if (watch.killed?.kind === "log-limit") return;
    const allowed = chunk.subarray(0, left);
    left -= allowed.length;
    if (watch.firstWords.length < FIRST_WORDS_MAX)
      watch.firstWords += Buffer.from(allowed).toString("latin1");
    if (allowed.length > 0) request.onLog(allowed);
    if (allowed.length < chunk.length) kill({ kind: "log-limit" });
  };
}

/** Where no cgroup measures memory, or none took the limit. */
function isMemorySampled({ limits }: SandboxRequest, cgroup: Watched["cgroup"]): boolean {
  if (cgroup?.versions.memory === undefined) return true;
  return limits.memoryBytes !== undefined && !cgroup.limited.memory;
}

function startSampling(
  pid: number,
  limitBytes = Number.POSITIVE_INFINITY,
  watch: { peak: TreeSample | undefined },
  onTooMuch: () => void,
): { take(): void; stop(): void } {
  const INTERVAL_MS = 20;
  const take = () => {
    const now = sampleTree(pid);
    const before = watch.peak ?? now;
    watch.peak = {
      residentBytes: Math.max(before.residentBytes, now.residentBytes),
      largestPeakBytes: Math.max(before.largestPeakBytes, now.largestPeakBytes),
      ioReadBytes: Math.max(before.ioReadBytes, now.ioReadBytes),
      ioWriteBytes: Math.max(before.ioWriteBytes, now.ioWriteBytes),
    };
    if (now.residentBytes + sharedBytesOfMachine() <= limitBytes) return;
    // A resident page that several processes share is in the sum of each.
    if ((proportionalBytes(pid) ?? now.residentBytes) > limitBytes) onTooMuch();
  };
  const timer = setInterval(take, INTERVAL_MS);
  return { take, stop: () => clearInterval(timer) };
}

function startTimer(durationMs: number | undefined, action: () => void): { refresh(): void; stop(): void } {
  if (durationMs === undefined) return { refresh: () => {}, stop: () => {} };
  const timer = setTimeout(action, durationMs);
  return { refresh: () => timer.refresh(), stop: () => clearTimeout(timer) };
}
