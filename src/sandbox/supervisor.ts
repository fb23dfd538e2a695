// Watches over one sandbox: reads its log and its reports, holds it to its limits, and ends it with all its processes.
import { closeSync, constants, openSync } from "node:fs";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants as osConstants } from "node:os";
import type { Readable } from "node:stream";
import { ReadStream } from "node:tty";
import { setTimeout as delay } from "node:timers/promises";
import { createExecutable } from "#base/libc.ts";
import { systemErrorCode } from "#base/errors.ts";
import type { Cgroup } from "./cgroup.ts";
import { FD, READY_MARK } from "./inside.ts";
import { COUNTERS_OFFSET, DONE_MARK, DONE_RECORD_BYTES } from "./launcher/program.ts";
import { childrenOf, descendants, killProcesses, proportionalBytes } from "./process-tree.ts";
import { sampleTree, scanDescendants } from "./process-tree.ts";
import type { TreeSample } from "./process-tree.ts";
import type { SandboxEnding, SandboxKind, SandboxRequest } from "./request.ts";
import { pipeliteError } from "./errors.ts";

export interface Programs {
  outer: Uint8Array;
  inner: Uint8Array | undefined;
}

export interface Outcome {
  /** Why it was killed, when it was. */
  killed: SandboxEnding | undefined;
  /** Index of the launcher's call that failed, and errno. */
  failure: { index: number; errno: number } | undefined;
  /** The builder was about to start. */
  ready: boolean;
  /** Wait status as wait4(2) gives it, struct rusage, counters; absent when even the waiting process was killed. */
  done: { status: number; rusage: DataView; counters: DataView } | undefined;
  /** First bytes of the log: for the message when the sandbox itself failed. */
  firstWords: string;
  wallMs: number;
  /** Largest figures seen, when there is no memory cgroup. */
  peak: TreeSample | undefined;
}

/** The master side of a new terminal, or undefined where there is none to be had. */
export function openTerminal(): number | undefined {
  try {
    return openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

export interface Watched {
  kind: SandboxKind;
  programs: Programs;
  terminal: number | undefined;
  request: SandboxRequest;
  cgroup: Cgroup | undefined;
}

/** Runs the programs to their end; afterwards no process of theirs is left. */
export async function supervise(watched: Watched): Promise<Outcome> {
  const { request, cgroup } = watched;
  const start = performance.now();
  const { child, log, reports } = startPrograms(watched);
  const state: Outcome = {
    killed: undefined,
    failure: undefined,
    ready: false,
    done: undefined,
    firstWords: "",
    wallMs: 0,
    peak: undefined,
  };
  const pid = child.pid;
  const kill = (ending: SandboxEnding) => {
    if (state.killed !== undefined || state.done !== undefined) return;
    state.killed = ending;
    const isAlive = () => child.exitCode === null && child.signalCode === null && state.done === undefined;
    if (pid !== undefined) void killTree(pid, watched, isAlive);
  };
  const silence = startTimer(request.limits.silentMs, () => kill({ kind: "timed-out" }));
  const timeout = startTimer(request.limits.timeoutMs, () => kill({ kind: "timed-out" }));
  const onAbort = () => kill({ kind: "cancelled" });
  request.signal?.addEventListener("abort", onAbort, { once: true });
  if (request.signal?.aborted === true) onAbort();
  const sampler =
    pid !== undefined && isMemorySampled(request, cgroup)
      ? startSampling(pid, state, request.limits.memoryBytes, kill)
      : undefined;
  const logEnd = readLog(log, request, state, () => silence.refresh(), kill);
  try {
    const exited = exitOf(child, watched.kind);
    await Promise.race([readReports(reports, state), exited]);
    state.wallMs = performance.now() - start;
    sampler?.take();
    if (pid !== undefined) await endLeftovers(pid, watched);
    reports.destroy();
    await exited;
    await logEnd;
    return state;
  } finally {
    sampler?.stop();
    silence.stop();
    timeout.stop();
    request.signal?.removeEventListener("abort", onAbort);
  }
}

function startPrograms({ programs, terminal }: Watched): {
  child: ChildProcess;
  log: Readable;
  reports: Readable;
} {
  const outer = createExecutable("pipelite-outer", programs.outer);
  const inner = programs.inner && createExecutable("pipelite-inner", programs.inner);
  try {
    const child = spawn(`/proc/self/fd/${FD.outer}`, [], {
      stdio: [
        "ignore",
        "ignore",
        terminal === undefined ? "pipe" : "ignore",
        "pipe",
        inner ?? outer, // never free: the programs count on what the next descriptor will be
        outer,
        ...(terminal === undefined ? [] : [terminal]),
      ],
      env: {},
      cwd: "/",
      detached: true,
    });
    const log = terminal === undefined ? child.stderr : new ReadStream(terminal);
    const reports = child.stdio[FD.report];
    if (log === null || reports === null || reports === undefined || !("read" in reports)) {
      throw new Error("spawn gave no streams");
    }
    return { child, log, reports };
  } finally {
    closeSync(outer);
    if (inner !== undefined) closeSync(inner);
  }
}

function exitOf(child: ChildProcess, kind: SandboxKind): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", (error) =>
      reject(pipeliteError("SANDBOX_FAILED", { kind, problem: error.message }, error)),
    );
  });
}

/** Ends with the record of the waiting process. */
async function readReports(reports: Readable, state: Outcome): Promise<void> {
  let pending = Buffer.alloc(0);
  try {
    // Not destroyed at the end: the waiting process takes that for the sign to go.
    const chunks: AsyncIterable<Buffer> = reports.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 8) {
        const mark = pending.readUInt32LE(0);
        const size = mark === DONE_MARK ? DONE_RECORD_BYTES : 8;
        if (pending.length < size) break;
        const record = pending.subarray(0, size);
        pending = pending.subarray(size);
        if (mark === READY_MARK) {
          state.ready = true;
        } else if (mark === DONE_MARK) {
          const viewOf = (from: number, to: number) =>
            new DataView(record.buffer, record.byteOffset + from, to - from);
          const rusage = viewOf(8, COUNTERS_OFFSET);
          const counters = viewOf(COUNTERS_OFFSET, size);
          state.done = { status: record.readUInt32LE(4), rusage, counters };
          return;
        } else {
          state.failure = { index: mark, errno: -record.readInt32LE(4) };
        }
      }
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

/** Hands on the log until the last process has closed it. */
function readLog(
  log: Readable,
  request: SandboxRequest,
  state: Outcome,
  onOutput: () => void,
  kill: (ending: SandboxEnding) => void,
): Promise<void> {
  const FIRST_WORDS_MAX = 2000;
  let left = request.limits.logBytes;
  log.on("data", (chunk: Buffer) => {
    onOutput();
    if (state.killed?.kind === "log-limit") return;
    const allowed = chunk.subarray(0, left);
    left -= allowed.length;
    if (state.firstWords.length < FIRST_WORDS_MAX) state.firstWords += allowed.toString("latin1");
    if (allowed.length > 0) request.onLog(allowed);
    if (allowed.length < chunk.length) kill({ kind: "log-limit" });
  });
  return new Promise((resolve, reject) => {
    log.once("close", resolve);
    log.once("error", (error) => {
      // Reading a terminal whose other side has been closed by all.
      if (systemErrorCode(error) === "EIO") resolve();
      else reject(error);
    });
  });
}

/**
 * Kills the stage. First what is inside, so that the processes around it can still report what was used; if that does not
 * end it soon, everything.
 */
async function killTree(pid: number, { kind, cgroup }: Watched, isAlive: () => boolean): Promise<void> {
  const PATIENCE_TRIES = 5;
  const KILLING_TRIES = 40;
  let quietTries = 0;
  for (let tries = 1; isAlive(); tries += 1) {
    const around = new Set([pid, ...(kind === "none" ? [] : childrenOf(pid))]);
    const inside = new Set([...(cgroup?.processes() ?? []), ...descendants(pid)]).difference(around);
    killProcesses(inside);
    quietTries = inside.size === 0 ? quietTries + 1 : 0;
    if (quietTries > PATIENCE_TRIES || tries > KILLING_TRIES) {
      cgroup?.kill();
      killProcesses([...scanDescendants(pid), pid]);
    }
    await delay(Math.min(5 * tries, 50));
  }
}

/** Without a process namespace, what a stage started may live on after it. */
async function endLeftovers(pid: number, { kind, cgroup }: Watched): Promise<void> {
  if (kind !== "none") return;
  // A process that is just being started shows up at the second look.
  const EMPTY_LOOKS = 2;
  const DELAY_MS = 2;
  for (let empty = 0; empty < EMPTY_LOOKS;) {
    cgroup?.kill();
    const left = scanDescendants(pid);
    killProcesses(left);
    empty = left.length === 0 ? empty + 1 : 0;
    if (empty < EMPTY_LOOKS) await delay(DELAY_MS);
  }
}

function startTimer(durationMs: number | undefined, action: () => void): { refresh(): void; stop(): void } {
  if (durationMs === undefined) return { refresh: () => {}, stop: () => {} };
  const timer = setTimeout(action, durationMs);
  return { refresh: () => timer.refresh(), stop: () => clearTimeout(timer) };
}

/** Where no cgroup measures memory, or none took the limit. */
export function isMemorySampled(
  { limits }: Pick<SandboxRequest, "limits">,
  cgroup: Cgroup | undefined,
): boolean {
  if (cgroup?.versions.memory === undefined) return true;
  return limits.memoryBytes !== undefined && !cgroup.limited.memory;
}

function startSampling(
  pid: number,
  state: Outcome,
  limitBytes = Number.POSITIVE_INFINITY,
  kill: (ending: SandboxEnding) => void,
): { take(): void; stop(): void } {
  const INTERVAL_MS = 20;
  const take = () => {
    const now = sampleTree(pid);
    const before = state.peak ?? now;
    state.peak = {
      residentBytes: Math.max(before.residentBytes, now.residentBytes),
      largestPeakBytes: Math.max(before.largestPeakBytes, now.largestPeakBytes),
      ioReadBytes: Math.max(before.ioReadBytes, now.ioReadBytes),
      ioWriteBytes: Math.max(before.ioWriteBytes, now.ioWriteBytes),
    };
    // A resident page that several processes share is in the sum of each.
    if (now.residentBytes > limitBytes && (proportionalBytes(pid) ?? now.residentBytes) > limitBytes)
      kill({ kind: "memory-limit" });
  };
  const timer = setInterval(take, INTERVAL_MS);
  return { take, stop: () => clearInterval(timer) };
}

/** Wait status -> how the process ended (wait(2)). */
export function endingOf(status: number): SandboxEnding {
  const signal = status & 0x7f;
  if (signal === 0) return { kind: "exited", code: (status >> 8) & 0xff };
  const name = Object.entries(osConstants.signals).find(([, number]) => number === signal)?.[0];
  return { kind: "signalled", signal: name ?? `signal ${signal}` };
}
