// The few system calls Node has no function for, through node:ffi. Node is pinned (package.json), so the experimental
// mark of node:ffi is no risk; its warning is silenced by bin/pipelite.
import { closeSync, openSync, writeSync } from "node:fs";
import { pipeliteError } from "./base-errors.ts";

const LOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NON_BLOCKING = 4;

interface Libc {
  flock(fd: number, operation: number): number;
  isatty(fd: number): number;
  memfd_create(name: Uint8Array, flags: number): number;
  llistxattr(path: Uint8Array, list: Uint8Array, size: bigint): bigint;
  lremovexattr(path: Uint8Array, name: Uint8Array): number;
  posix_fallocate(fd: number, offset: bigint, length: bigint): number;
  lseek(fd: number, offset: bigint, whence: number): bigint;
  fcntl(fd: number, command: number, argument: bigint): number;
  sync_file_range(fd: number, offset: bigint, length: bigint, flags: number): number;
}

let libc: Libc | undefined;

function load(): Libc {
  // Asked for here: loading it warns, also where nothing is called.
  libc ??= process.getBuiltinModule("node:ffi").dlopen("libc.so.6", {
    flock: { arguments: ["i32", "i32"], return: "i32" },
    isatty: { arguments: ["i32"], return: "i32" },
    memfd_create: { arguments: ["pointer", "u32"], return: "i32" },
    llistxattr: { arguments: ["buffer", "buffer", "u64"], return: "i64" },
    lremovexattr: { arguments: ["buffer", "buffer"], return: "i32" },
    posix_fallocate: { arguments: ["i32", "i64", "i64"], return: "i32" },
    lseek: { arguments: ["i32", "i64", "i32"], return: "i64" },
    fcntl: { arguments: ["i32", "i32", "i64"], return: "i32" },
    sync_file_range: { arguments: ["i32", "i64", "i64", "u32"], return: "i32" },
  }).functions as Libc;
  return libc;
}

/** Takes, changes or gives back an flock(2) lock without waiting; false when somebody else holds it. */
export function tryFlock(fd: number, mode: keyof typeof LOCK): boolean {
  return load().flock(fd, LOCK[mode] | LOCK_NON_BLOCKING) === 0;
}

/** Whether a descriptor is a terminal. Asking node:tty loads all that a socket needs. */
export function isTerminal(fd: number): boolean {
  return load().isatty(fd) === 1;
}

const SET_LEASE = 1024;
const LEASE = { write: 1n, none: 2n } as const;

/**
 * Whether nobody else has a file open that we have opened to write. The kernel gives a lease only then (fcntl(2)); it is given
 * back at once. False, too, where the file system has no leases.
 */
export function isOpenedByUsAlone(fd: number): boolean {
  const functions = load();
  return (
    functions.fcntl(fd, SET_LEASE, LEASE.write) === 0 && functions.fcntl(fd, SET_LEASE, LEASE.none) === 0
  );
}

export interface WaitForLock {
  signal?: AbortSignal;
  /** Called once, when the lock turns out to be held by somebody else. */
  onWait?: () => void;
  timeoutMs?: number;
}

/** Waits for an flock(2) lock, looking again every few milliseconds so that the event loop goes on. */
export async function flock(
  fd: number,
  mode: "shared" | "exclusive",
  { signal, onWait, timeoutMs = Number.POSITIVE_INFINITY }: WaitForLock = {},
): Promise<void> {
  const start = performance.now();
  for (let waited = false; !tryFlock(fd, mode); waited = true) {
    signal?.throwIfAborted();
    if (!waited) onWait?.();
    if (performance.now() - start > timeoutMs) throw pipeliteError("LOCK_TIMEOUT", { timeoutMs });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const SEEK = { data: 3, hole: 4 } as const;

/** Where the next data of a file begins, at `from` or behind it; undefined where only a hole follows. Moves the descriptor. */
export function nextData(fd: number, from: number): number | undefined {
  return seek(fd, from, SEEK.data);
}

/** Where the next hole begins, or the file ends; undefined behind its end. Moves the descriptor. */
export function nextHole(fd: number, from: number): number | undefined {
  return seek(fd, from, SEEK.hole);
}

function seek(fd: number, from: number, whence: number): number | undefined {
  const found = Number(load().lseek(fd, BigInt(from), whence));
  return found < 0 ? undefined : found;
}

const ATTRIBUTE_NAMES = Buffer.alloc(65_536);

/** Names of a file's extended attributes, access control lists among them; links are not followed. */
export function extendedAttributes(path: Uint8Array): string[] {
  const names = ATTRIBUTE_NAMES;
  const size = Number(load().llistxattr(terminated(path), names, BigInt(names.length)));
  return size <= 0 ? [] : names.toString("latin1", 0, size - 1).split("\0");
}

/** False where the system does not allow it. */
export function removeExtendedAttribute(path: Uint8Array, name: string): boolean {
  return load().lremovexattr(terminated(path), terminated(Buffer.from(name, "latin1"))) === 0;
}

/** Makes sure that the file has this many bytes and disk space for them; false where there is none. */
export function allocate(fd: number, sizeBytes: number): boolean {
  return load().posix_fallocate(fd, 0n, BigInt(sizeBytes)) === 0;
}

/** WAIT_BEFORE, WRITE and WAIT_AFTER of sync_file_range(2). */
const WRITE_BACK = 7;

/**
 * Writes back what a file has in memory alone. Whoever has it mapped and writes to it afterwards changes its times again, which a
 * second write to the same page before that does not. In memory (tmpfs) there is nothing to write back to, and no time is changed.
 */
export function writeBack(fd: number): void {
  load().sync_file_range(fd, 0n, 0n, WRITE_BACK);
}

function terminated(bytes: Uint8Array): Uint8Array {
  const text = Buffer.allocUnsafe(bytes.length + 1);
  text.set(bytes);
  text[bytes.length] = 0;
  return text;
}

/** A file in memory that can be executed as /proc/self/fd/N. @returns a descriptor for reading; the file goes with it. */
export function createExecutable(name: string, content: Uint8Array): number {
  const CLOSE_ON_EXEC = 1;
  const EXECUTABLE = 0x10; // Linux 6.3 and later; older kernels know no other kind
  const text = Buffer.from(`${name}\0`);
  let fd = load().memfd_create(text, CLOSE_ON_EXEC | EXECUTABLE);
  if (fd < 0) fd = load().memfd_create(text, CLOSE_ON_EXEC);
  if (fd < 0) throw pipeliteError("MEMORY_FILE_REFUSED", { name });
  try {
    for (let written = 0; written < content.length;) written += writeSync(fd, content, written);
    // Linux executes no file that is open for writing.
    return openSync(`/proc/self/fd/${fd}`, "r");
  } finally {
    closeSync(fd);
  }
}
