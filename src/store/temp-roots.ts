// Temporary roots: what this process works with and no collection may take, valid or not yet. They stand in
// temproots/<pid>, locked while the process lives; a collector also spares whatever shares their hash part,
// hence lock files and scratch files named after them. While a collection runs, its socket is told of new
// ones. Specification: Nix `src/libstore/gc.cc`.
import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAll } from "#base/file-pieces.ts";
import { tryFlock } from "#base/libc.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Layout } from "./layout.ts";
import { openLockFile } from "./locks.ts";

export interface TempRoots {
  /** Returns once no collection can take these paths. */
  add(paths: Iterable<StorePath>): Promise<void>;
  close(): void;
}

interface Registry {
  file: string;
  fd: number;
  gcLockFd: number;
  users: number;
  roots: Set<StorePath>;
}

/** One file for a process and a store, however many times the store is open. */
const registries = new Map<string, Registry>();

export function openTempRoots(layout: Layout): TempRoots {
  let registry: Registry | undefined;
  return {
    async add(paths) {
      registry ??= openRegistry(layout);
      await addRoots(layout, registry, paths);
    },
    close() {
      if (registry !== undefined) closeRegistry(layout, registry);
      registry = undefined;
    },
  };
}

function openRegistry(layout: Layout): Registry {
  let registry = registries.get(layout.stateDir);
  if (registry === undefined) {
    registry = {
      ...openRootsFile(layout),
      gcLockFd: openLockFile(layout.gcLock),
      users: 0,
      roots: new Set(),
    };
    registries.set(layout.stateDir, registry);
  }
  registry.users++;
  return registry;
}

function closeRegistry(layout: Layout, registry: Registry): void {
  if (--registry.users > 0) return;
  registries.delete(layout.stateDir);
  try {
    unlinkSync(registry.file);
  } catch {
    // A collector removes what a process leaves.
  }
  closeSync(registry.fd);
  closeSync(registry.gcLockFd);
}

/**
 * The name must be a number that fits a process id. Where it is taken, by a thread of this process or by a
 * process of another PID namespace, a number beyond every process id is used.
 */
function openRootsFile(layout: Layout): { file: string; fd: number } {
  const pidMax = 2 ** 22;
  for (let name = process.pid; ;) {
    const file = join(layout.tempRootsDir, String(name));
    const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600);
    const isMine = tryFlock(fd, "exclusive");
    if (isMine && fstatSync(fd).size === 0) return { file, fd };
    // With content it was left by a process that is dead, unless a collector has removed it just now.
    if (isMine && isAt(file, fd)) unlinkSync(file);
    if (!isMine) name += pidMax;
    closeSync(fd);
  }
}

/** Whether the open file is the one of that name. As long as we hold its lock, nobody else removes it. */
function isAt(file: string, fd: number): boolean {
  const named = lstatSync(file, { throwIfNoEntry: false });
  const { ino, dev } = fstatSync(fd);
  return named?.ino === ino && named.dev === dev;
}

async function addRoots(layout: Layout, registry: Registry, paths: Iterable<StorePath>): Promise<void> {
  const wanted = [...new Set(paths)].filter((path) => !registry.roots.has(path));
  if (wanted.length === 0) return;
  for (;;) {
    if (tryFlock(registry.gcLockFd, "shared")) {
      writeRoots(registry, wanted);
      tryFlock(registry.gcLockFd, "unlock");
      return;
    }
    if (await tellCollector(layout, wanted)) {
      writeRoots(registry, wanted);
      return;
    }
    await sleep(10);
  }
}

function writeRoots(registry: Registry, paths: StorePath[]): void {
  writeAll(registry.fd, Buffer.from(paths.map((path) => `${path}\0`).join("")));
  for (const path of paths) registry.roots.add(path);
}

/** Tells a running collection; false where it has just ended or cannot be reached. */
function tellCollector(layout: Layout, paths: StorePath[]): Promise<boolean> {
  return new Promise((resolve) => {
    let acknowledged = 0;
    const socket = connect(layout.gcSocket, () => {
      socket.write(paths.map((path) => `${path}\n`).join(""));
    });
    socket.on("data", (data) => {
      acknowledged += data.length;
      if (acknowledged >= paths.length) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(acknowledged >= paths.length));
  });
}
