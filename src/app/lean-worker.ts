// A thread that judges declarations of an export (see lean-jobs.ts).
import { parentPort, workerData } from "node:worker_threads";
import { Judge } from "#lean/declare/judge.ts";
import { giveUp } from "#lean/fault.ts";
import type { Assignment, Portion } from "./lean-jobs.ts";

const { shared, thread, next, portion, workMax, memoryMax, endMs, timeMessage } = workerData as Assignment;
const counter = new Int32Array(next);
const look = (): void => {
  if (endMs !== undefined && Date.now() > endMs) giveUp(timeMessage);
};
const judge = Judge.attach(shared, thread, { workMax, memoryMax, look });
const { count } = judge.declarations;

for (;;) {
  const start = Atomics.add(counter, 0, portion);
  if (start >= count) break;
  const end = Math.min(start + portion, count);
  const faults: Portion["faults"][number][] = [];
  let bug: Portion["bug"];
  for (let order = start; order < end && faults.length === 0 && bug === undefined; order++) {
    try {
      const fault = judge.judge(order);
      if (fault === undefined) continue;
      const { kind, reason, message } = fault;
      faults.push({ order, kind, reason, message });
    } catch (error) {
      // Another thread may refuse what this declaration rests on: then this failure does not matter.
      bug = { order, error };
    }
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
  parentPort?.postMessage({ start, end, faults, bug } satisfies Portion);
}
