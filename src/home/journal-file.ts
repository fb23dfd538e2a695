// The file of the journal: it grows by one line at a time, under a lock, and a line that a killed process has begun gives way.
import { writeAll } from "#base/file-pieces.ts";
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "#base/files.ts";
import { pipeliteError } from "#base/base-errors.ts";
import { monotonicMs } from "#base/clock.ts";
import { tryFlock } from "#base/libc.ts";

const LOCK_TIMEOUT_MS = 10_000;
const WINDOW = 16 * 1024;

/**
 * The file of the journal, to be written by us alone. Where it was moved away, or another was put in its place, while we waited for
 * the others, it is the one that is there now: what is written to the other nobody would read.
 * @throws LOCK_TIMEOUT
 */
export function openLocked(file: string): number {
  for (;;) {
    const fd = openForAppending(file);
    try {
      lockJournal(fd);
      const [locked, there] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })];
      if (locked.ino === there?.ino && locked.dev === there.dev) return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

function openForAppending(file: string): number {
  try {
    // Not "a": writes then go to the end whatever offset is given.
    return openSync(file, "r+");
  } catch {
    makeFolder(dirname(file));
    // Made without being cut off: another process may have made it, and written to it, meanwhile.
    closeSync(openSync(file, "a"));
    return openSync(file, "r+");
  }
}

function lockJournal(fd: number): void {
  const start = monotonicMs();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!tryFlock(fd, "exclusive")) {
    if (monotonicMs() - start > LOCK_TIMEOUT_MS)
      throw pipeliteError("LOCK_TIMEOUT", { timeoutMs: LOCK_TIMEOUT_MS });
    Atomics.wait(clock, 0, 0, 2);
  }
}

export interface End {
  /** The last whole line, without its end. */
  last: string | undefined;
  /** Where the next line goes. */
  end: number;
  torn: string;
}

export function readEnd(fd: number): End {
  const { size } = fstatSync(fd);
  for (let window = WINDOW; ; window *= 2) {
    const start = Math.max(0, size - window);
    const bytes = Buffer.alloc(size - start);
    for (let read = 0; read < bytes.length;) {
      const got = readSync(fd, bytes, read, bytes.length - read, start + read);
      if (got === 0) throw new Error("the journal was cut off while its lock was held");
      read += got;
    }
    const lineEnd = bytes.lastIndexOf("\n");
    const lineStart = lineEnd < 1 ? -1 : bytes.lastIndexOf("\n", lineEnd - 1);
    if (lineStart === -1 && start > 0) continue;
    return {
      last: lineEnd === -1 ? undefined : bytes.toString("utf8", lineStart + 1, lineEnd),
      end: start + lineEnd + 1,
      torn: bytes.toString("utf8", lineEnd + 1),
    };
  }
}

/** Nothing of what is torn stays behind. */
export function writeAt(fd: number, line: string, position: number): void {
  const bytes = Buffer.from(line);
  writeAll(fd, bytes, position);
  ftruncateSync(fd, position + bytes.length);
}

/** After a write that failed: what was there before it, as far as the disk lets us. */
export function takeBack(fd: number, { end, torn }: End): void {
  try {
    writeAt(fd, torn, end);
  } catch {
    // Of two failures the first is told. The line stays, or a part of it, and whoever reads it finds out which.
  }
}
