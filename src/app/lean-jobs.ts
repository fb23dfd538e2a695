// Declarations of an export judged by several threads, which share one table of expressions. Verdicts are taken in the
// order of the export, so that nothing that is said depends on how many threads there are.
import { Worker } from "node:worker_threads";
import { ownModule } from "#base/own-code.ts";
import { Checker, type ExportCheckOptions } from "#lean/check.ts";
import { Fault, type FaultKind, type Reason } from "#lean/fault.ts";
import type { SharedDevelopment } from "#lean/declare/judge.ts";
import type { Report } from "#lean/index.ts";

/** What a thread begins with. */
export interface Assignment {
  readonly shared: SharedDevelopment;
  /** Its number, from 1. */
  readonly thread: number;
  /** The next declaration that nobody has taken. */
  readonly next: SharedArrayBuffer;
  readonly portion: number;
  readonly workMax: number;
  readonly memoryMax: number;
  /** By the clock that all threads share, in milliseconds since 1970; undefined for no limit. */
  readonly endMs: number | undefined;
  readonly timeMessage: string;
}

/** What it says of declarations that it took: those that are not accepted. */
export interface Portion {
  readonly start: number;
  readonly end: number;
  readonly faults: readonly { order: number; kind: FaultKind; reason: Reason; message: string }[];
  /** What is no fault of the export, unless a declaration before it has one. */
  readonly bug: { readonly order: number; readonly error: unknown } | undefined;
}

const PORTION_MAX = 64;

export interface JobOptions extends ExportCheckOptions {
  readonly workMax: number;
  readonly memoryMax: number;
  readonly jobs: number;
  readonly endMs: number | undefined;
  readonly timeMessage: string;
}

/** As `checkStream`, with so many threads. */
export async function checkWithJobs(
  input: AsyncIterable<Uint8Array | string>,
  options: JobOptions,
): Promise<Report> {
  const checker = new Checker(options);
  try {
    for await (const chunk of input) if (!checker.push(chunk, false)) break;
    checker.end(false);
  } catch (error) {
    checker.fail(error);
  }
  if (checker.count > 0) await judgeAll(checker, options);
  return checker.finish();
}

async function judgeAll(checker: Checker, options: JobOptions): Promise<void> {
  const { jobs, workMax, memoryMax, endMs, timeMessage } = options;
  const { count } = checker;
  const shared = checker.share(jobs);
  const next = new SharedArrayBuffer(4);
  const portion = Math.max(1, Math.min(PORTION_MAX, Math.floor(count / (jobs * 8))));
  const workers: Worker[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const settler = createSettler(checker, resolve, reject);
      for (let thread = 1; thread <= jobs; thread++) {
        const workerData: Assignment = {
          shared,
          thread,
          next,
          portion,
          workMax,
          memoryMax,
          endMs,
          timeMessage,
        };
        const worker = new Worker(ownModule("app/lean-worker"), { workerData });
        workers.push(worker);
        worker.on("message", settler);
        worker.on("error", reject);
      }
    });
  } finally {
    await Promise.all(workers.map(async (worker) => worker.terminate()));
  }
}

/** Takes portions as they come, and settles them in order until all are or one is not accepted. */
function createSettler(
  checker: Checker,
  done: () => void,
  fail: (error: unknown) => void,
): (portion: Portion) => void {
  const waiting = new Map<number, Portion>();
  let order = 0;
  let isOver = false;
  return (portion) => {
    waiting.set(portion.start, portion);
    for (let ready = waiting.get(order); ready !== undefined && !isOver; ready = waiting.get(order)) {
      waiting.delete(ready.start);
      const faults = new Map(ready.faults.map((fault) => [fault.order, fault]));
      for (; order < ready.end && !isOver; order++) {
        if (ready.bug?.order === order) {
          isOver = true;
          fail(ready.bug.error);
          return;
        }
        const fault = faults.get(order);
        const verdict = fault && new Fault(fault.kind, fault.reason, fault.message);
        isOver = !checker.settle(verdict);
      }
    }
    if (isOver || order >= checker.count) {
      isOver = true;
      done();
    }
  };
}
