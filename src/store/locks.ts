// The locks of a store, all of them flock(2) locks on the files where Nix takes them, so that both can work
// on one store: db/big-lock (shared while a store is open), `<path>.lock` (exclusive while a path is made),
// gc.lock (exclusive during a collection). Specification: Nix `src/libstore/unix/pathlocks.cc`,
// `local-store.cc`.
import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from "node:fs";
import { flock, tryFlock, type WaitForLock } from "#base/libc.ts";
import { systemErrorCode } from "#base/errors.ts";
import { sortPaths, type StorePath } from "#nix/store-path.ts";
import { createDatabase, hasDatabase } from "./database.ts";
import { BUSY_TIMEOUT_MS } from "./failure.ts";
import { physicalPath, type Layout } from "./layout.ts";
import type { LockFile, LockFiles } from "./lock-files.ts";
import { pipeliteError } from "./errors.ts";

const LOCK_FLAGS = constants.O_RDWR | constants.O_CREAT;
const LOCK_MODE = 0o600;

export function openLockFile(file: string): number {
  return openSync(file, LOCK_FLAGS, LOCK_MODE);
}

/**
 * Takes the big lock, shared, and makes the database first where there is none. Returns the open lock file.
 */
export function takeBigLock(layout: Layout): number {
  const fd = openLockFile(layout.bigLock);
  try {
    // Whoever else opens a new store makes its database and then keeps the lock, shared: hence the second
    // look.
    waitUntil(layout, () => hasDatabase(layout) || tryFlock(fd, "exclusive"));
    if (!hasDatabase(layout)) createDatabase(layout);
    waitUntil(layout, () => tryFlock(fd, "shared"));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Takes the big lock of a store that is only read; undefined where even the lock file may not be opened. */
export function takeBigLockReadOnly(layout: Layout): number | undefined {
  try {
    const fd = openSync(layout.bigLock, "r");
    waitUntil(layout, () => tryFlock(fd, "shared"));
    return fd;
  } catch (error) {
    if (["EACCES", "ENOENT"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** Locks that are held until they are given back. */
export interface PathLocks extends Disposable {
  readonly paths: ReadonlySet<StorePath>;
  release(): void;
}

/**
 * Takes the locks of these paths, in order, so that two who want the same ones cannot wait for each other.
 */
export async function lockPaths(
  { layout, lockFiles }: { layout: Layout; lockFiles: LockFiles },
  wanted: Iterable<StorePath>,
  wait: WaitForLock = {},
): Promise<PathLocks> {
  const paths = sortPaths(wanted);
  const held: { name: string; file: LockFile }[] = [];
  const release = (): void => {
    for (const { name, file } of held.splice(0)) lockFiles.give(name, file);
  };
  try {
    for (const path of paths) {
      const name = `${physicalPath(layout, path)}.lock`;
      held.push({ name, file: await takeLock(lockFiles, name, wait) });
    }
  } catch (error) {
    release();
    throw error;
  }
  return { paths: new Set(paths), release, [Symbol.dispose]: release };
}

/** Runs `action` with one lock, by the name of its file, which goes with it. */
export async function withNamedLock<T>(
  { lockFiles }: { lockFiles: LockFiles },
  name: string,
  action: () => T | Promise<T>,
): Promise<T> {
  const file = await takeLock(lockFiles, name, {});
  try {
    return await action();
  } finally {
    lockFiles.give(name, file);
  }
}

async function takeLock(lockFiles: LockFiles, name: string, wait: WaitForLock): Promise<LockFile> {
  return lockFiles.take(name) ?? { fd: await takePathLock(name, wait) };
}

async function takePathLock(file: string, wait: WaitForLock): Promise<number> {
  for (;;) {
    const fd = openLockFile(file);
    try {
      await flock(fd, "exclusive", wait);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    // A file with a size is one that its last holder has unlinked: somebody may hold a new one of that name.
    const { size, ino } = fstatSync(fd);
    if (size === 0) return fd;
    // One that kept its name all the same would be found so for ever.
    if (lstatSync(file, { throwIfNoEntry: false })?.ino === ino) unlinkSync(file);
    closeSync(fd);
  }
}

function waitUntil(layout: Layout, isDone: () => boolean): void {
  const start = performance.now();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!isDone()) {
    if (performance.now() - start > BUSY_TIMEOUT_MS) {
      throw pipeliteError("STORE_BUSY", { home: layout.home, timeoutMs: BUSY_TIMEOUT_MS });
    }
    Atomics.wait(clock, 0, 0, 10);
  }
}

/** Runs `action` while no collection runs. Where even the lock file may not be opened, nothing can be collected either. */
export async function withSharedGcLock<T>(layout: Layout, action: () => T): Promise<T> {
  const fd = openGcLockShared(layout);
  try {
    if (fd !== undefined) await flock(fd, "shared");
    return action();
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function openGcLockShared(layout: Layout): number | undefined {
  try {
    return openLockFile(layout.gcLock);
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS"].includes(systemErrorCode(error) ?? "")) throw error;
  }
  try {
    return openSync(layout.gcLock, "r");
  } catch (error) {
    if (!["EACCES", "ENOENT"].includes(systemErrorCode(error) ?? "")) throw error;
    return undefined;
  }
}

/** Runs `action`, a collection, while nobody adds roots but through its socket. */
export async function withExclusiveGcLock<T>(
  layout: Layout,
  wait: WaitForLock,
  action: () => Promise<T>,
): Promise<T> {
  const fd = openLockFile(layout.gcLock);
  try {
    await flock(fd, "exclusive", wait);
    return await action();
  } finally {
    closeSync(fd);
  }
}
