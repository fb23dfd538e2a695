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
import { childrenOf, descendants, killProcesses, scanDescendants } from "./process-tree.ts";
import type { SandboxEnding, SandboxKind, SandboxRequest } from "./request.ts";
import { startWatch } from "./watch.ts";
import type { Watch } from "./watch.ts";
import { pipeliteError } from "./errors.ts";

export interface Programs {
  outer: Uint8Array;
  inner: Uint8Array | undefined;
}

/** What the launcher told. */
export interface Reported {
  /** Index of the launcher's call that failed, and errno. */
  failure: { index: number; errno: number } | undefined;
  /** The builder was about to start. */
  ready: boolean;
  /** Wait status as wait4(2) gives it, struct rusage, counters; absent when even the waiting process was killed. */
  done: { status: number; rusage: DataView; counters: DataView } | undefined;
}

export interface Outcome extends Reported, Pick<Watch, "killed" | "firstWords" | "peak"> {
  wallMs: number;
}

/** The master side of a new terminal, or undefined where there is none to be had. */
export function openTerminal(): number | undefined {
  try {
    return openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

export interface SupervisedRun {
  kind: SandboxKind;
  programs: Programs;
  terminal: number | undefined;
  request: SandboxRequest;
  cgroup: Cgroup | undefined;
}

/** Runs the programs to their end; afterwards no process of theirs is left. */
export async function supervise(watched: SupervisedRun): Promise<Outcome> {
  const { request, cgroup } = watched;
  const start = performance.now();
  const { child, log, reports } = startPrograms(watched);
  const state: Reported = { failure: undefined, ready: false, done: undefined };
  const pid = child.pid;
  const isAlive = () => child.exitCode === null && child.signalCode === null && state.done === undefined;
  const end = () => {
    if (pid !== undefined) void killTree(pid, watched, isAlive);
  };
  const watch = startWatch({ request, cgroup, pid, end });
  const logEnd = readLog(log, (chunk) => watch.log(chunk));
  try {
    const exited = exitOf(child, watched.kind);
    await Promise.race([readReports(reports, state), exited]);
    const wallMs = performance.now() - start;
    watch.over();
    if (pid !== undefined) await endLeftovers(pid, watched);
    reports.destroy();
    await exited;
    await logEnd;
    const { killed, firstWords, peak } = watch;
    return { ...state, killed, firstWords, peak, wallMs };
  } finally {
    watch.stop();
  }
}

function startPrograms({ programs, terminal }: SupervisedRun): {
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
export async function readReports(reports: Readable, state: Reported): Promise<void> {
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
function readLog(log: Readable, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  log.on("data", onChunk);
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
export async function killTree(
  pid: number,
  { kind, cgroup }: { kind: SandboxKind; cgroup: Pick<Cgroup, "processes" | "kill"> | undefined },
  isAlive: () => boolean,
): Promise<void> {
  const PATIENCE_TRIES = 5;
  const KILLING_TRIES = 40;
  let quietTries = 0;
  for (let tries = 1; isAlive(); tries += 1) {
    const around = new Set([pid, ...(hasParentOfBuilder(kind) ? childrenOf(pid) : [])]);
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

/** bubblewrap and unshare each have a process of their own around the stage. */
function hasParentOfBuilder(kind: SandboxKind): boolean {
  return kind === "bubblewrap" || kind === "unshare";
}

/** Without a process namespace, what a stage started may live on after it. */
async function endLeftovers(pid: number, { kind, cgroup }: SupervisedRun): Promise<void> {
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

/** Wait status -> how the process ended (wait(2)). */
export function endingOf(status: number): SandboxEnding {
  const signal = status & 0x7f;
  if (signal === 0) return { kind: "exited", code: (status >> 8) & 0xff };
  const name = Object.entries(osConstants.signals).find(([, number]) => number === signal)?.[0];
  return { kind: "signalled", signal: name ?? `signal ${signal}` };
}
