// What a thread that is waited for may end in, besides an answer.
import type { Worker } from "node:worker_threads";
import { pipeliteError } from "./base-errors.ts";
import { systemErrorCode } from "./errors.ts";

/** Tells when a thread ends without an answer: it threw, ran out of memory, or exited. @returns what stops that */
export function onThreadEnd(thread: Worker, work: string, tell: (error: unknown) => void): () => void {
  const failed = (error: unknown): void => {
    const isFull = systemErrorCode(error) === "ERR_WORKER_OUT_OF_MEMORY";
    tell(isFull ? pipeliteError("THREAD_ENDED", { work, problem: "it ran out of memory" }, error) : error);
  };
  const exited = (code: number): void =>
    tell(pipeliteError("THREAD_ENDED", { work, problem: `it exited with ${code}` }));
  thread.once("error", failed).once("exit", exited);
  return () => void thread.off("error", failed).off("exit", exited);
}
