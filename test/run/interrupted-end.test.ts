// Who asks to stop is heard at the end of a run, too: while formulas are computed, and while documents are made.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { EXIT, isPipeliteError } from "#base/errors.ts";
import type { RunEvent } from "#home/events.ts";
import { Project } from "../rig/project.ts";

let project: Project;
before(() => {
  project = new Project({
    "pipeline.ts": `import { param, pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts"), { n: param.integer({ default: 1 }) }) });\n`,
    "a.ts": `export default ({ n }: { n: number }) => {
  const values = Array.from({ length: 60_000 }, (_, index) => [50 + n + (index % 7)]);
  const evidence = "a/values.json#/values";
  const check = { id: "cpk", statement: "-", value: 0, formula: "0 * cpk($1, 0, 100)", evidence, status: "passed" };
  return { "values.json": { values }, "verdict.json": { status: "passed", checks: [check] } };
};\n`,
  });
});
after(() => project[Symbol.dispose]());

/** A run to whose end this happens when it starts this thread: the first computes formulas, the second makes documents. */
function interruptedIn(
  thread: number,
  n: string,
  happens: (worker: Worker, stopped: AbortController) => void = (_, stopped) => stopped.abort(),
) {
  const stopped = new AbortController();
  let runId = "";
  let started = 0;
  const count = (worker: Worker): void => {
    started += 1;
    if (started === thread) happens(worker, stopped);
  };
  const listener = (event: RunEvent): void => {
    if (event.type === "run-started") runId = event.runId;
    if (event.type === "phase-finished" && event.phase === "build") process.on("worker", count);
  };
  const ended = project.run({ params: { n }, signal: stopped.signal, listener });
  return ended
    .then(
      (outcome) => ({ runId, outcome, error: undefined }),
      (error: unknown) => ({ runId, outcome: undefined, error }),
    )
    .finally(() => process.off("worker", count));
}

test("while what the outputs show is computed: the run is left as interrupted", async () => {
  const { runId, error } = await interruptedIn(1, "1");
  assert.ok(error instanceof Error && error.name === "AbortError", String(error));
  assert.throws(
    () => project.door.runs.read(runId),
    (problem) => isPipeliteError(problem, "RUN_INTERRUPTED"),
  );
});

test("while documents are made: the run is recorded as cancelled, and the next one has its result", async () => {
  const { runId, outcome, error } = await interruptedIn(2, "2");
  assert.equal(error, undefined);
  assert.deepEqual([outcome?.status, outcome?.exitCode], ["cancelled", EXIT.interrupted]);
  const { record, problem } = project.door.runs.read(runId);
  assert.deepEqual([record.status, record.tree, problem], ["cancelled", undefined, undefined]);
  const { status, ends } = await project.run({ params: { n: "2" } });
  assert.deepEqual([status, ends], ["passed", { a: "cached" }]);
});

for (const [thread, what] of [
  [1, "formulas"],
  [2, "documents"],
] as const)
  test(`a thread of ${what} that ends without an answer ends the run`, { timeout: 120_000 }, async () => {
    const n = String(thread + 10);
    const { error } = await interruptedIn(thread, n, (worker) => void worker.terminate());
    assert.ok(isPipeliteError(error, "THREAD_ENDED"), String(error));
  });
