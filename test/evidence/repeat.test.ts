// A run that had nothing to do: what it tells while it runs, what its file holds, and the record that follows from that.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { readJournal } from "#evidence/journal.ts";
import { listRuns, readRun } from "#run/records.ts";
import { Project } from "../rig/project.ts";

let project: Project;
before(() => {
  project = new Project({
    "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"), { n: param.integer({ default: 1 }) });
export default pipeline({ a });
`,
    "a.ts": `export default ({ n }: { n: number }) => ({
  "verdict.json": { status: "passed", checks: [{ id: "n", statement: "n", status: "passed", value: n }] },
});
`,
  });
});
after(() => project[Symbol.dispose]());

async function settled() {
  const first = await project.run();
  // A file that was written this very moment may change again within the same time stamp.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = await project.run();
  return { first, second, again: await project.run() };
}

test("a repeated run has the claims of the first, its own times, and a file that holds no more than those", async () => {
  const { first, second, again } = await settled();
  const file = readFileSync(join(project.home, `pipelite/runs/${again.runId}.json`), "utf8");
  assert.deepEqual(Object.keys(JSON.parse(file) as object).toSorted(), [
    "durationMs",
    "finishedAt",
    "repeats",
    "runId",
    "schema",
    "startedAt",
  ]);
  const record = readRun(project.home, again.runId);
  assert.ok([first.runId, second.runId].includes(record.repeats?.runId ?? ""));
  assert.deepEqual(record.counts, {
    built: 0,
    cached: 1,
    substituted: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
  });
  const told = again.events.flatMap((event) => (event.type === "claim" ? [event] : []));
  assert.deepEqual(
    told,
    record.claims.map((claim) => ({ type: "claim", ...claim })),
  );
  const valueOf = (id: string) => record.claims.find((claim) => claim.id === id)?.value;
  assert.equal(valueOf("a/n"), 1);
  assert.equal(valueOf("run/started-at"), record.startedAt);
  assert.equal(valueOf("run/duration"), record.durationMs);
  assert.equal(valueOf("run/stages-cached"), 1);
  assert.equal(listRuns(project.home).length, 3);
  assert.deepEqual(
    readJournal(project.home).map(({ kind, subject }) => [kind, subject]),
    [first, second, again].map(({ runId }) => ["run", runId]),
  );
});

test("a run that repeats one whose record is gone is not read as anything else", async () => {
  const { again } = await settled();
  const { repeats } = readRun(project.home, again.runId);
  rmSync(join(project.home, `pipelite/runs/${repeats?.runId}.json`));
  assert.throws(
    () => readRun(project.home, again.runId),
    (error) => isPipeliteError(error, "RUN_RECORD_INVALID"),
  );
  const next = await project.run();
  assert.equal(readRun(project.home, next.runId).repeats, undefined);
});
