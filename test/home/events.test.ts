// The log of events: the record is its fold; a run that is killed leaves its log, and is shown as what it is.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT, isPipeliteError } from "#base/errors.ts";
import type { RunEvent } from "#home/events.ts";
import { foldEvent, newFold, recordOf } from "#home/fold.ts";
import { pipelite, start } from "../rig/command.ts";
import { Project } from "../rig/project.ts";

const FILES = {
  "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"));
const slow = stage(() => import("./slow.ts"), { a });
export default pipeline({ a, slow });
`,
  "a.ts": 'export default () => ({ "a.txt": "a" });\n',
  "slow.ts": `export default async () => {
  console.log("it goes on");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  return { "b.txt": "b" };
};
`,
};

test("the record of a run is the fold of the events in its log", async () => {
  using project = new Project({
    ...FILES,
    "slow.ts": 'export default () => ({ "verdict.json": { status: "passed", checks: [] } });\n',
  });
  const { runId } = await project.run();
  const log = readFileSync(join(project.home, `pipelite/events/${runId}.ndjson`), "utf8");
  const events = log
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RunEvent);
  const fold = newFold();
  for (const event of events) foldEvent(fold, event);
  const { claims: _, tree, evidenceOfRun: __, documentsBy: ___, tookMs, ...bare } = project.record(runId);
  assert.deepEqual(JSON.parse(JSON.stringify(recordOf(fold))), bare);
  assert.equal(fold.finished?.durationMs, tookMs);
  assert.equal(fold.finished?.tree, project.door.physical(tree ?? ""));
  assert.ok((tookMs ?? 0) > bare.durationMs, "what was done after the stages counts, too");
});

test("a run that is killed is shown as interrupted, with the stages that ended; while it goes on, as running", async () => {
  using project = new Project(FILES);
  const env = { PIPELITE_HOME: project.home };
  const { child, ended } = start(["run", project.root, "--no-link"], { env });
  try {
    let told = "";
    await new Promise<void>((resolve) =>
      child.stderr?.on("data", (chunk: Buffer) => {
        told += chunk.toString();
        if (/slow +started/.test(told)) resolve();
      }),
    );
    const [running] = project.door.runs.list();
    assert.ok(running !== undefined && "status" in running);
    assert.equal(running.status, "running");
    const { runId } = running;
    // Its log is written in batches.
    while (project.door.runs.readLog(runId).stages.size === 0)
      await new Promise((wait) => setTimeout(wait, 20));
    child.kill("SIGKILL");
    await ended;
    const [left] = project.door.runs.list();
    assert.ok(left !== undefined && "status" in left);
    assert.deepEqual([left.runId, left.status, left.counts.built], [runId, "interrupted", 1]);
    assert.throws(
      () => project.door.runs.read(runId),
      (error) => isPipeliteError(error, "RUN_INTERRUPTED"),
    );
    const shown = await pipelite(["show", runId], { env });
    assert.equal(shown.code, EXIT.ok, shown.stderr);
    assert.match(shown.stdout, /^status +interrupted/m);
    assert.match(shown.stdout, /^a +built/m);
    assert.match(shown.stdout, /^slow +no end/m);
    const audited = await pipelite(["audit", runId], { env });
    assert.equal(audited.code, EXIT.usage);
    assert.match(audited.stderr, /it has no record/);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a log that was put in the place of a record makes no run: the journal knows that there was one", async () => {
  using project = new Project({ ...FILES, "slow.ts": FILES["a.ts"] });
  const { runId } = await project.run();
  const { runs } = project.door;
  const record = readFileSync(runs.pathOf(runId));
  unlinkSync(runs.pathOf(runId));
  assert.deepEqual(readdirSync(join(project.home, "pipelite/events")), [`${runId}.ndjson`]);
  assert.throws(
    () => runs.read(runId),
    (error) => isPipeliteError(error, "RUN_NOT_FOUND"),
  );
  const [first] = runs.list();
  assert.match(first?.problem ?? "", /Cannot find the run/);
  writeFileSync(runs.pathOf(runId), record);
  assert.equal(runs.read(runId).problem, undefined);
});
