// The few system calls Node has no function for, through node:ffi. Node is pinned (tools/runtime), so the experimental
// mark of node:ffi is no risk; its warning is silenced by bin/pipelite.
import { dlopen } from "node:ffi";
import { PipeliteError } from "./errors.ts";

const LOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NON_BLOCKING = 4;

interface Libc {
  flock(fd: number, operation: number): number;
}

let libc: Libc | undefined;

function load(): Libc {
  libc ??= dlopen("libc.so.6", {
    flock: { arguments: ["i32", "i32"], return: "i32" },
  }).functions as Libc;
  return libc;
}

/** Takes, changes or gives back an flock(2) lock without waiting; false when somebody else holds it. */
export function tryFlock(fd: number, mode: keyof typeof LOCK): boolean {
  return load().flock(fd, LOCK[mode] | LOCK_NON_BLOCKING) === 0;
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
    if (performance.now() - start > timeoutMs) throw new PipeliteError("LOCK_TIMEOUT", { timeoutMs });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
