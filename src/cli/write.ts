// Writing to a file descriptor at once, past the streams of Node: they take milliseconds to set up.
import { writeSync } from "node:fs";
import { systemErrorCode } from "#base/errors.ts";

/** A pipe that somebody made non-blocking is full: look again after this time. */
const FULL_PIPE_WAIT_MS = 5;

/** Returns when all is written. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
