// Unlinking many files. Each unlink may wait for the disk, which may discard every block at once; several in flight share the wait.
// Handing one file at a time to the threads of libuv takes longer than a file itself, so many files go to a thread of ours, a
// handful in one message, and to more such threads where the disk turns out to be slow.
import * as fs from "node:fs";
import type { Worker } from "node:worker_threads";

/** So many of a process are unlinked by libuv: a thread would take longer to start. */
const FEW = 512;
/** Files in one message. */
export const HANDFUL = 64;
/** Handfuls that a thread is told of: it goes on while this one is busy otherwise. */
const AHEAD = 32;
/** The same while this one helps, and soon has time for it. */
const AHEAD_OF_HELP = 2;
const THREADS = 4;
/** A file that takes longer waits for the disk. */
const SLOW_FILE_MS = 0.06;

/** Written out here, as what is bundled has no file for it. */
const THREAD = `
const fs = require("node:fs");
const { parentPort } = require("node:worker_threads");
const unlink = ${unlinkFiles.toString()};
parentPort.on("message", (paths) => {
  const start = performance.now();
  try {
    parentPort.postMessage({ gone: unlink(fs, paths), tookMs: performance.now() - start });
  } catch (error) {
    parentPort.postMessage({ failure: { message: error.message, code: error.code, path: error.path } });
  }
});
`;

export type DiskPath = string | Buffer;

/** What came of some paths. */
export interface Unlinked {
  /** Bytes that no longer take space: files that have another hard link do not count. */
  bytes: number;
  /** Those that are folders, and still there. */
  folders: DiskPath[];
}

interface Handful {
  paths: readonly DiskPath[];
  done: (gone: Gone) => void;
  failed: (reason: unknown) => void;
}

interface Gone {
  bytes: number;
  /** Which of the paths are folders. */
  folders: number[];
}

interface Reply {
  gone?: Gone;
  tookMs?: number;
  failure?: { message: string; code: string; path: string };
}

export class Unlinking {
  #count = 0;
  #ahead = AHEAD;
  readonly #waiting: Handful[] = [];
  /** What each thread has been told of, the first of which it is at. */
  readonly #threads = new Map<Worker, Handful[]>();

  /** So many files will have to go: a thread that is worth its start starts now. */
  expect(count: number): void {
    if (count > FEW && this.#threads.size === 0) this.#start();
  }

  /** Unlinks these files; nothing there is fine. @throws what went wrong first; the others may be gone or not */
  async unlink(paths: readonly DiskPath[]): Promise<Unlinked> {
    this.#count += paths.length;
    this.expect(this.#count);
    const { bytes, folders } =
      this.#threads.size === 0
        ? await unlinkFew(paths)
        : await new Promise<Gone>((done, failed) => {
            this.#ahead = AHEAD;
            this.#waiting.push({ paths, done, failed });
            this.#hand();
          });
    return { bytes, folders: folders.flatMap((at) => paths[at] ?? []) };
  }

  /** Unlinks a handful here that no thread has been told of; false when there is none. */
  help(): boolean {
    this.#ahead = AHEAD_OF_HELP;
    const handful = this.#waiting.shift();
    if (handful === undefined) return false;
    try {
      handful.done(unlinkFiles(fs, handful.paths));
    } catch (error) {
      handful.failed(error);
    }
    return true;
  }

  /** Nothing may be asked of it afterwards. */
  close(): void {
    for (const thread of this.#threads.keys()) void thread.terminate();
  }

  #hand(): void {
    for (const [thread, told] of this.#threads) {
      while (told.length < this.#ahead) {
        const handful = this.#waiting.shift();
        if (handful === undefined) return;
        if (told.length === 0) thread.ref();
        told.push(handful);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
        thread.postMessage(handful.paths);
      }
    }
  }

  #start(): void {
    const threads = process.getBuiltinModule("node:worker_threads");
    // Streams of its own: those of the process take longer to get than the thread to start.
    const thread = new threads.Worker(THREAD, { eval: true, execArgv: [], stdout: true, stderr: true });
    const told: Handful[] = [];
    this.#threads.set(thread, told);
    thread.unref();
    thread.on("message", ({ gone, tookMs = 0, failure }: Reply) => {
      const handful = told.shift();
      if (told.length === 0) thread.unref();
      const isSlow = tookMs > SLOW_FILE_MS * (handful?.paths.length ?? 0);
      if (isSlow && this.#waiting.length > 0 && this.#threads.size < THREADS) this.#start();
      this.#hand();
      if (gone !== undefined) handful?.done(gone);
      else handful?.failed(Object.assign(new Error(failure?.message), failure));
    });
    thread.on("error", (error) => {
      this.#threads.delete(thread);
      for (const { failed } of told.splice(0)) failed(error);
    });
  }
}

/** Unlinks what is no folder. A thread runs the text of this function, which knows only what it is given. */
function unlinkFiles({ lstatSync, unlinkSync }: typeof fs, paths: readonly DiskPath[]): Gone {
  const gone: Gone = { bytes: 0, folders: [] };
  for (let at = 0; at < paths.length; at += 1) {
    const path = paths[at];
    const stat = path && lstatSync(path, { throwIfNoEntry: false });
    if (!path || !stat) continue;
    if (stat.isDirectory()) {
      gone.folders.push(at);
      continue;
    }
    if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
    unlinkSync(path);
  }
  return gone;
}

async function unlinkFew(paths: readonly DiskPath[]): Promise<Gone> {
  const gone: Gone = { bytes: 0, folders: [] };
  const unlinked = paths.map((path, at) => {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) gone.folders.push(at);
    if (stat === undefined || stat.isDirectory()) return Promise.resolve();
    if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
    return new Promise<void>((resolve, reject) => {
      fs.unlink(path, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  await Promise.all(unlinked);
  return gone;
}
