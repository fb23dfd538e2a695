// The first stage is built while the code of the others is prepared. Until all is prepared nobody knows of a run.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { openStore } from "#store/store.ts";
import { Project } from "../rig/project.ts";

const PIPELINE = `import { pipeline, stage } from "pipelite";
const first = stage(() => import("./first.ts"));
const second = stage(() => import("./second.ts"), { first });
const aside = stage(() => import("./aside.ts"));
const third = stage(() => import("./third.ts"), { aside });
export default pipeline({ first, second, aside, third });
`;

const FILES = {
  "pipeline.ts": PIPELINE,
  "first.ts": 'export default () => { console.log("said"); return { "first.txt": "first" }; };\n',
  "second.ts": 'export default ({ first }: { first: string }) => ({ "second.txt": `after ${first}` });\n',
  "third.ts": 'export default ({ aside }: { aside: string }) => ({ "third.txt": `after ${aside}` });\n',
  "aside.ts": 'export default () => ({ "aside.txt": "aside" });\n',
};

test("what is wrong with the code of a later stage is told as if none had started, and no output stays", async () => {
  using project = new Project({ ...FILES, "second.ts": "export default () => {" });
  const told: string[] = [];
  const listener = ({ type }: { type: string }) => void told.push(type);
  await assert.rejects(project.run({ listener }), (error) => isPipeliteError(error, "STAGE_BUNDLE_FAILED"));
  assert.deepEqual([...new Set(told)].toSorted(), ["preparing", "run-preparing"]);
  assert.deepEqual(project.door.runs.list(), []);
  assert.deepEqual(eventLogs(project), []);
  using store = openStore(project.home);
  assert.deepEqual(
    store.validPaths().filter((path) => /-(first|aside)$/.test(path)),
    [],
  );
  assert.equal((await store.verify({ checkContents: true })).problems.length, 0);
});

test("the plan is told before the stages, whatever was built before it was whole", async () => {
  using project = new Project(FILES);
  const { events, ends, status } = await project.run();
  assert.equal(status, "passed");
  assert.deepEqual(ends, { first: "built", second: "built", aside: "built", third: "built" });
  const types = events.map(({ type }) => type);
  assert.ok(types.indexOf("run-started") < types.indexOf("stage-planned"));
  assert.ok(types.lastIndexOf("stage-planned") < types.indexOf("stage-started"));
  const planned = events.flatMap((event) => (event.type === "stage-planned" ? [event.name] : []));
  assert.deepEqual(planned.toSorted(), ["aside", "first", "second", "third"]);
  const said = events.findIndex((event) => event.type === "stage-log" && event.line === "said");
  assert.ok(said > types.indexOf("stage-started"));
});

test("a first stage that fails leaves what is there as it is", async () => {
  using project = new Project(FILES);
  await project.run();
  project.write({ "first.ts": 'export default () => { throw new Error("no"); };\n' });
  const { ends, status, events } = await project.run();
  assert.equal(status, "failed");
  assert.deepEqual(ends, { first: "failed", second: "skipped", aside: "cached", third: "cached" });
  const finished = events.filter(({ type }) => type === "stage-finished");
  assert.equal(finished.length, 4);
});

function eventLogs({ home }: Project): string[] {
  const folder = `${home}/pipelite/events`;
  return existsSync(folder) ? readdirSync(folder) : [];
}
