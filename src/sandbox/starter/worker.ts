// A starter as Node has it: a process and a socket. One request at a time; what comes back are pieces of log and a report.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { createExecutable } from "#base/libc.ts";
import { pipeliteError } from "#sandbox/errors.ts";
import { errorName } from "#sandbox/linux.ts";
import { describeCall } from "#sandbox/launcher/system-call.ts";
import type { Processor } from "#sandbox/launcher/system-call.ts";
import { readCoreHardLimit } from "#sandbox/usage.ts";
import { StarterGroups } from "./groups.ts";
import { FRAME, REPORT, REQUEST_BYTES_MAX, STARTER_FD } from "./memory.ts";
import { startCalls } from "./plan.ts";
import { RequestWriter } from "./script.ts";
import type { Script } from "./script.ts";
import { assembleStarter } from "./server.ts";

let starters = 0;

export class Starter {
  readonly groups: StarterGroups;
  readonly machine: Processor;
  /** Of the last stage. */
  readonly requests: RequestWriter;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #start: ReturnType<typeof startCalls>;
  #onLog: (chunk: Uint8Array) => void = () => {};
  #onReport: (report: DataView | undefined) => void = () => {};
  #pending: Buffer = Buffer.alloc(0);
  #isGone = false;
  /** Why it could not be started, or gave up at its start. */
  refusal: string | undefined;

  constructor(machine: Processor) {
    starters += 1;
    this.machine = machine;
    this.requests = new RequestWriter(machine);
    this.groups = new StarterGroups(`${process.pid}-s${starters}`);
    this.#start = startCalls(machine, this.groups, readCoreHardLimit());
    const program = createExecutable("pipelite-starter", assembleStarter(machine, this.#start));
    const PROGRAM_FD = STARTER_FD.socket + 1;
    try {
      this.#child = spawn(`/proc/self/fd/${PROGRAM_FD}`, [], {
        stdio: ["ignore", "ignore", "ignore", "pipe", program],
        env: {},
        cwd: "/",
        detached: true,
      });
    } finally {
      closeSync(program);
    }
    const socket = this.#child.stdio[STARTER_FD.socket];
    if (!(socket instanceof Socket)) throw new Error("spawn gave no socket");
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#gone());
    this.#child.once("error", ({ message }) => {
      this.refusal = message;
      this.#gone();
    });
    this.#rest();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isUsable(): boolean {
    return !this.#isGone;
  }

  /**
   * @returns the report; undefined when the starter died before it could give one
   * @throws SANDBOX_FAILED for a stage that asks for more than the starter has room for
   */
  async run(script: Script, onLog: (chunk: Uint8Array) => void): Promise<DataView | undefined> {
    const request = this.requests.write(script);
    if (request.length > REQUEST_BYTES_MAX) {
      const problem = "its inputs, arguments and environment take more memory than the starter has for them";
      throw pipeliteError("SANDBOX_FAILED", { kind: "starter", problem });
    }
    if (this.#isGone) return undefined;
    this.#onLog = onLog;
    this.#child.ref();
    this.#socket.ref();
    try {
      return await new Promise<DataView | undefined>((resolve) => {
        this.#onReport = resolve;
        this.#socket.write(request);
      });
    } finally {
      this.#rest();
    }
  }

  /** It ends when it has left its groups. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    this.#child.ref();
    this.#child.once("exit", () => resolve());
    this.#socket.destroy();
    return promise;
  }

  /** Nothing is under way: it keeps no process alive. */
  #rest(): void {
    this.#onLog = () => {};
    this.#onReport = () => {};
    this.#child.unref();
    this.#socket.unref();
  }

  #gone(): void {
    this.#isGone = true;
    this.#onReport(undefined);
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 8) {
      const end = 8 + this.#pending.readUInt32LE(4);
      if (this.#pending.length < end) return;
      const frame = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end);
      this.#take(frame);
    }
  }

  #take(frame: Buffer): void {
    const kind = frame.readUInt32LE(0);
    if (kind === FRAME.log) {
      this.#onLog(frame.subarray(8));
    } else if (kind === FRAME.report) {
      this.#onReport(new DataView(frame.buffer, frame.byteOffset, frame.length));
    } else if (kind === FRAME.refusal) {
      const call = this.#start[frame.readUInt32LE(8)];
      const what = call === undefined ? "a system call" : describeCall(call);
      this.refusal = `${what}: ${errorName(-frame.readInt32LE(12))}`;
    }
  }
}

/** Offset in a report of what is at this address in the starter. */
export function offsetOf(address: number): number {
  return address - REPORT.frame;
}
