// The process around a command: signals, broken pipes, exit codes. Together with app.ts the only place that ends it.
import { writeSync } from "node:fs";
import { EXIT, systemErrorCode } from "#base/errors.ts";
import { runApp } from "./app.ts";
import type { Host } from "./context.ts";

export async function runProcess(argv: readonly string[]): Promise<void> {
  // Streams take milliseconds to set up: each is when it is first asked for.
  const host: Host = {
    get stdout() {
      return withoutBrokenPipe(process.stdout);
    },
    get stderr() {
      return withoutBrokenPipe(process.stderr);
    },
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    cwd: process.cwd(),
    writeBytes: (bytes) => writeAll(process.stdout.fd, bytes),
    interruption: takeOverInterrupt,
    onExit: (callback) => void process.on("exit", callback),
  };
  process.exitCode = await runApp(argv, host);
}

/** Whoever reads our output may stop when it has seen enough (`| head`): no error, the command goes on to its own end. */
function withoutBrokenPipe<STREAM extends NodeJS.WritableStream>(stream: STREAM): STREAM {
  if (!stream.listeners("error").includes(ignoreBrokenPipe)) stream.on("error", ignoreBrokenPipe);
  return stream;
}

function ignoreBrokenPipe(error: Error): void {
  if (systemErrorCode(error) !== "EPIPE") throw error;
}

let interruption: AbortSignal | undefined;

/** From the first call on, the first Ctrl-C asks to stop and the second stops at once. */
function takeOverInterrupt(): AbortSignal {
  if (interruption !== undefined) return interruption;
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  interruption = controller.signal;
  return interruption;
}

/** A pipe that somebody made non-blocking is full: look again after this time. */
const FULL_PIPE_WAIT_MS = 5;

/** Writes past the streams of Node; returns when all is written. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
