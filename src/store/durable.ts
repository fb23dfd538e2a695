// What the database says is there must be there after a loss of power, too. Nothing orders the writing of one file before that of
// another but waiting for it: so the files of a path are written to the disk before the rows that name it, and the rows that
// are taken away before the files that they named.
import { once } from "node:events";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { syncFile } from "#base/sync-file.ts";
import { diskPath } from "./disk.ts";
import type { Layout } from "./layout.ts";

/** More files than these are not waited for one by one. */
const FEW = 16;

/**
 * Waits until these trees, and their names in the folder that they are in, are on the disk.
 * @param folder where all of them are
 * @param trees byte strings
 */
export async function makeDurable(folder: string, trees: readonly string[]): Promise<void> {
  if (trees.length === 0) return;
  const found: string[] = [];
  if (!trees.every((tree) => gather(tree, found))) return whole.sync(folder);
  // In any order: until the rows are written that name it, a path is garbage, whole or not.
  await Promise.all([folder, ...found.map(diskPath)].map(syncFile));
}

/** Waits until all that was written to the file system of a folder is on its disk. */
export function makeAllDurable(folder: string): Promise<void> {
  return whole.sync(folder);
}

/** Waits until all that the database says by now outlasts a loss of power. */
export async function settleRows({ databaseFile }: Layout): Promise<void> {
  const log = `${databaseFile}-wal`;
  await syncFile(existsSync(log) ? log : databaseFile);
}

/** @returns false where a tree has too many files */
function gather(bytePath: string, found: string[]): boolean {
  const path = diskPath(bytePath);
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return true;
  found.push(bytePath);
  if (found.length > FEW) return false;
  return (
    !stat.isDirectory() ||
    readdirSync(path, { encoding: "latin1" }).every((name) => gather(`${bytePath}/${name}`, found))
  );
}

/** Node has no syncfs(2), and it may take long: a thread calls it. Written out here, as what is bundled has no file for it. */
const THREAD = `
const { closeSync, openSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
const { syncfs } = process.getBuiltinModule("node:ffi").dlopen(null, {
  syncfs: { arguments: ["i32"], return: "i32" },
}).functions;
parentPort.on("message", (folder) => {
  const fd = openSync(folder, "r");
  const result = syncfs(fd);
  closeSync(fd);
  parentPort.postMessage(result);
});
`;
/** Those of this process may say that it is another kind of code. */
const THREAD_FLAGS = ["--disable-warning=ExperimentalWarning"];
/** It takes some MiB: it goes when nothing was asked of it for so long. */
const IDLE_MS = 500;

/** Loaded now: most runs have few files at a time. */
function newThread(): Worker {
  const threads = process.getBuiltinModule("node:worker_threads");
  return new threads.Worker(THREAD, { eval: true, execArgv: THREAD_FLAGS });
}

class FileSystemSync {
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Waits until all that was written to the file system of a folder is on its disk. */
  sync(folder: string): Promise<void> {
    const done = this.#last.then(() => this.#ask(folder));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #ask(folder: string): Promise<void> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= newThread());
    thread.ref();
    try {
      const answer = once(thread, "message");
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
      thread.postMessage(folder);
      const [result] = (await answer) as [number];
      if (result !== 0) throw Object.assign(new Error(`EIO: i/o error, syncfs '${folder}'`), { code: "EIO" });
    } finally {
      thread.unref();
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
    }
  }

  #end(): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}

const whole = new FileSystemSync();
