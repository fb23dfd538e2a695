// Unlinking many files. Each unlink waits for the disk, which may discard every block at once; several in flight share the wait.
// Handing one file at a time to the threads of libuv takes longer than a file itself, so many files go to threads of ours, a
// handful in one message.
import { unlink } from "node:fs";
import type { Worker } from "node:worker_threads";

/** So many of a process are unlinked by libuv: threads would take longer to start. */
const FEW = 512;
/** Files in one message. */
export const HANDFUL = 32;
const THREADS = 4;
/** Written out here, as what is bundled has no file for it. */
const THREAD = `
const { unlinkSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
parentPort.on("message", (paths) => {
  try {
    for (const path of paths) unlinkSync(typeof path === "string" ? path : Buffer.from(path));
    parentPort.postMessage(undefined);
  } catch (error) {
    parentPort.postMessage({ message: error.message, code: error.code, path: error.path });
  }
});
`;

interface Handful {
  paths: readonly (string | Buffer)[];
  done: (failure: unknown) => void;
}

export class Unlinking {
  #count = 0;
  readonly #waiting: Handful[] = [];
  readonly #idle: Worker[] = [];
  readonly #threads = new Map<Worker, Handful | undefined>();

  /** Unlinks these files. @throws what went wrong first; the others may be gone or not */
  async unlink(paths: readonly (string | Buffer)[]): Promise<void> {
    this.#count += paths.length;
    if (this.#count <= FEW) return void (await Promise.all(paths.map(unlinked)));
    return new Promise((resolve, reject) => {
      const done = (failure: unknown): void => (failure === undefined ? resolve() : reject(failure));
      this.#waiting.push({ paths, done });
      this.#next();
    });
  }

  /** Nothing may be asked of it afterwards. */
  close(): void {
    for (const thread of this.#threads.keys()) void thread.terminate();
  }

  #next(): void {
    if (this.#idle.length === 0 && this.#threads.size < THREADS) this.#idle.push(this.#start());
    const thread = this.#idle.pop();
    if (thread === undefined) return;
    const handful = this.#waiting.shift();
    if (handful === undefined) return void this.#idle.push(thread);
    this.#threads.set(thread, handful);
    thread.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
    thread.postMessage(handful.paths);
  }

  #start(): Worker {
    const threads = process.getBuiltinModule("node:worker_threads");
    const thread = new threads.Worker(THREAD, { eval: true, execArgv: [] });
    thread.on("message", (failure: Failure | undefined) => {
      this.#end(thread, failure && Object.assign(new Error(failure.message), failure));
      this.#idle.push(thread);
      this.#next();
    });
    thread.on("error", (error) => this.#end(thread, error));
    this.#threads.set(thread, undefined);
    return thread;
  }

  #end(thread: Worker, failure: unknown): void {
    thread.unref();
    const handful = this.#threads.get(thread);
    this.#threads.set(thread, undefined);
    handful?.done(failure);
  }
}

interface Failure {
  message: string;
  code: string;
  path: string;
}

function unlinked(path: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    unlink(path, (error) => (error === null ? resolve() : reject(error)));
  });
}
