// A run that had nothing to do: what it tells while it runs, what its file holds, and the record that follows from that.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { planAgain } from "#run/no-op.ts";
import { Project } from "../rig/project.ts";

const FILES = {
  "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"), { n: param.integer({ default: 1 }) });
export default pipeline({ a });
`,
  "a.ts": `export default ({ n }: { n: number }) => ({
  "verdict.json": { status: "passed", checks: [{ id: "n", statement: "n", status: "passed", value: n }] },
});
`,
};

let project: Project;
before(() => {
  project = new Project(FILES);
});
after(() => project[Symbol.dispose]());

/** Runs until there is nothing to do: a file that was written this very moment may change within the same time stamp. */
async function repeated(of: Project) {
  for (;;) {
    const again = await of.run();
    const { runId, repetition } = of.door.runs.read(again.runId);
    if (repetition !== undefined) return { runId, again };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a run that had nothing to do is a line of the journal that names the record it repeats", async () => {
  const { runId, again } = await repeated(project);
  const { runs, journal } = project.door;
  assert.equal(existsSync(runs.pathOf(again.runId)), false);
  const run = runs.read(again.runId);
  assert.equal(run.record.runId, run.runId);
  assert.equal(run.runId, runId);
  assert.equal(run.repetition?.runId, again.runId);
  assert.equal(run.problem, undefined);
  const [newest] = runs.list();
  assert.ok(newest !== undefined && "status" in newest);
  assert.deepEqual([newest.runId, newest.repeats, newest.status], [again.runId, run.runId, "passed"]);
  assert.deepEqual([newest.counts.built, newest.counts.cached], [0, 1]);
  assert.ok(newest.durationMs < run.record.durationMs);
  const told = again.events.flatMap((event) => (event.type === "claim" ? [event] : []));
  const judged = run.record.claims.filter(({ id }) => id === "a/n");
  assert.deepEqual(
    told,
    judged.map((claim) => ({ type: "claim", ...claim })),
  );
  const end = again.events.at(-1);
  assert.equal(end?.type === "run-finished" && end.repeats, run.runId);
  const last = journal.requireWhole().at(-1);
  assert.deepEqual([last?.kind, last?.subject], ["repeat", again.runId]);
});

test("the plan of such a run is what planning gives, and is none when a file, a parameter or an output is another", async () => {
  using other = new Project(FILES);
  await repeated(other);
  assert.deepEqual(planAgain(other.options()), await other.plan());
  assert.equal(planAgain(other.options({ paranoid: true })), undefined);
  assert.equal(planAgain(other.options({ params: { n: "2" } })), undefined);
  const { outPath = "" } = other.record().stages[0] ?? {};
  const place = other.door.physical(outPath);
  renameSync(place, `${place}.away`);
  assert.equal(planAgain(other.options()), undefined);
  renameSync(`${place}.away`, place);
  assert.notEqual(planAgain(other.options()), undefined);
  other.write({ "a.ts": FILES["a.ts"].replace("value: n", "value: n + 1") });
  assert.equal(planAgain(other.options()), undefined);
});

test("a record that a later run repeats, changed, is believed by neither of the two", async () => {
  using other = new Project(FILES);
  const { runId, again } = await repeated(other);
  const file = other.door.runs.pathOf(runId);
  writeFileSync(file, readFileSync(file, "utf8").replace('"n":1', '"n":2'));
  assert.match(other.door.runs.read(runId).problem ?? "", /not the record that the journal has/);
  assert.match(other.door.runs.read(again.runId).problem ?? "", /whose record has changed/);
  const next = await other.run();
  assert.equal(other.door.runs.read(next.runId).repetition, undefined, "a changed record is not repeated");
});

const SPOILT: Record<string, (journal: string, run: string) => void> = {
  "broken after its line": (journal) => appendFileSync(journal, "junk\n"),
  "moved away": (journal) => rmSync(journal),
  "cut off before its line": (journal) => writeFileSync(journal, ""),
  "changed in its line": (journal, run) =>
    writeFileSync(
      journal,
      readFileSync(journal, "utf8").replace(
        `"kind":"run","subject":"${run}"`,
        `"kind":"run","subject":"other"`,
      ),
    ),
};

for (const [what, spoil] of Object.entries(SPOILT)) {
  test(`a record is not repeated when the journal was ${what}`, async () => {
    using other = new Project(FILES);
    const { runId } = await repeated(other);
    spoil(other.door.journal.file, runId);
    const next = other.door.runs.read((await other.run()).runId);
    assert.equal(next.repetition, undefined);
    assert.equal(next.problem, undefined, "the journal vouches for the new one");
  });
}

test("a run that repeats one whose record is gone is not read as anything else", async () => {
  const { runId, again } = await repeated(project);
  rmSync(project.door.runs.pathOf(runId));
  assert.throws(
    () => project.door.runs.read(again.runId),
    (error) => isPipeliteError(error, "RUN_NOT_FOUND"),
  );
  const next = await project.run();
  assert.equal(project.door.runs.read(next.runId).repetition, undefined);
});
