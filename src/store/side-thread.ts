// A thread beside the main one for calls of the system that would keep it waiting. It loads nothing of ours: it runs the text of a few
// functions, each of which knows only what it is given, as what is bundled has no file for it.
import type { Worker } from "node:worker_threads";
import { readOpenFiles, type OpenFiles } from "./live-processes.ts";
import { unlinkFiles, type Gone, type Handful } from "./unlink-files.ts";

/** What can be asked of it, and what it answers. */
interface Questions {
  unlink: { given: Handful; answer: Gone };
  openFiles: { given: readonly string[]; answer: OpenFiles[] };
}

interface Reply {
  answer: Questions[keyof Questions]["answer"];
  tookMs: number;
  failure?: { message: string; code: string; path: string };
}

const TEXT = `
const fs = require("node:fs");
const { parentPort } = require("node:worker_threads");
const functions = { unlink: ${unlinkFiles.toString()}, openFiles: ${readOpenFiles.toString()} };
parentPort.on("message", ({ what, given }) => {
  const start = performance.now();
  try {
    const answer = functions[what](fs, given);
    parentPort.postMessage({ answer, tookMs: performance.now() - start });
  } catch (error) {
    parentPort.postMessage({ failure: { message: error.message, code: error.code, path: error.path } });
  }
});
`;

interface Waiting {
  done: (reply: Reply) => void;
  failed: (reason: unknown) => void;
}

export class SideThread {
  readonly #worker: Worker;
  #failure: { reason: unknown } | undefined;
  /** Those who wait for an answer, the first of whom it is at. */
  readonly #waiting: Waiting[] = [];

  constructor() {
    const threads = process.getBuiltinModule("node:worker_threads");
    // Streams of its own: those of the process take longer to get than the thread to start.
    this.#worker = new threads.Worker(TEXT, { eval: true, execArgv: [], stdout: true, stderr: true });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => {
      const first = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#worker.unref();
      const { failure } = reply;
      if (failure === undefined) first?.done(reply);
      else first?.failed(Object.assign(new Error(failure.message), failure));
    });
    this.#worker.on("error", (error) => {
      this.#failure = { reason: error };
      for (const { failed } of this.#waiting.splice(0)) failed(error);
    });
  }

  /** False once it has ended by itself. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** How many questions have no answer yet. */
  get behind(): number {
    return this.#waiting.length;
  }

  /** @returns the answer, and how long the thread was at it. @throws what went wrong in it */
  async ask<Q extends keyof Questions>(
    what: Q,
    given: Questions[Q]["given"],
  ): Promise<{ answer: Questions[Q]["answer"]; tookMs: number }> {
    if (this.#failure !== undefined) throw this.#failure.reason;
    return new Promise<Reply>((done, failed) => {
      if (this.#waiting.length === 0) this.#worker.ref();
      this.#waiting.push({ done, failed });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
      this.#worker.postMessage({ what, given });
    });
  }

  /** Nothing may be asked of it afterwards. */
  close(): void {
    void this.#worker.terminate();
  }
}
