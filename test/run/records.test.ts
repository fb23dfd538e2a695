// What is kept of runs, and how it is asked for.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { openHome } from "#home/home.ts";
import { diffRuns, readStageLog } from "#run/records.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"), { n: param.integer({ default: 1 }) });
const b = stage(() => import("./b.ts"));
export default pipeline({ a, b });
`,
  "a.ts":
    'export default function a({ n }: { n: number }) { console.log("n is", n); return { "n.json": n }; }\n',
  "b.ts": 'export default function b() { return { "b.txt": "b" }; }\n',
};

let project: Project;
let ids: string[];
before(async () => {
  project = new Project(files);
  const first = await project.run();
  const second = await project.run({ params: { n: "2" } });
  ids = [first.runId, second.runId];
});
after(() => project[Symbol.dispose]());

function refuses(code: ErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => isPipeliteError(error, code));
}

test("runs are listed newest first, and found by id, by a beginning of it, or as the latest", () => {
  const [first = "", second = ""] = ids;
  assert.deepEqual(
    project.door.runs.list().map(({ runId }) => runId),
    [second, first],
  );
  assert.equal(project.record().runId, second);
  assert.equal(project.record(first.slice(0, -2)).runId, first);
  refuses("RUN_NOT_FOUND", () => project.record("1999"));
  refuses("RUN_AMBIGUOUS", () => project.record("2"));
});

test("a record says what was built, from which derivation, with what it took and where each figure comes from", () => {
  const { stages, status, params, counts } = project.record();
  const a = stages.find(({ name }) => name === "a");
  assert.equal(status, "passed");
  assert.deepEqual(params, { n: 2 });
  assert.deepEqual([counts.built, counts.cached], [1, 1]);
  assert.equal(a?.reason?.text, "param n: 1 -> 2");
  assert.match(a.drvPath ?? "", /^\/nix\/store\/[0-9a-z]{32}-a\.drv$/);
  assert.ok((a.usage?.wallMs ?? 0) > 0);
  for (const source of Object.values(a.usage?.source ?? {})) assert.notEqual(source, "");
});

test("the log of a stage is that of the build of its output, whichever run that was", () => {
  const [first = ""] = ids;
  assert.match(readStageLog(project.door, project.record(), "a").text, /n is .*2/);
  assert.match(readStageLog(project.door, project.record(first), "a").text, /n is .*1/);
  refuses("RUN_STAGE_NOT_FOUND", () => readStageLog(project.door, project.record(first), "c"));
  const { tree: _, ...rest } = project.record(first);
  const stages = rest.stages.map(({ drvPath: __, ...stage }) => stage);
  refuses("STAGE_LOG_MISSING", () => readStageLog(project.door, { ...rest, stages }, "a"));
});

test("two runs differ in the parameter and in the output that follows from it", () => {
  const [first = "", second = ""] = ids;
  const { params, stages } = diffRuns(project.record(first), project.record(second));
  assert.deepEqual(params, [{ name: "n", a: 1, b: 2 }]);
  assert.deepEqual(
    stages.map(({ name, output }) => [name, output]),
    [
      ["a", "different"],
      ["b", "same"],
    ],
  );
});

test("a damaged record is refused with its file: RUN_RECORD_INVALID", () => {
  const home = join(project.folder, "damaged");
  mkdirSync(join(home, "pipelite/runs"), { recursive: true });
  writeFileSync(join(home, "pipelite/runs/20260101T000000000Z-abcdef.json"), "{");
  refuses("RUN_RECORD_INVALID", () => openHome(home).runs.find({ word: "latest" }));
  const record = readFileSync(join(project.home, "pipelite/runs", `${ids[0]}.json`), "utf8");
  writeFileSync(
    join(home, "pipelite/runs/20260101T000000000Z-abcdef.json"),
    record.replace('"schema":2', '"schema":99'),
  );
  refuses("RUN_RECORD_INVALID", () => openHome(home).runs.find({ word: "latest" }));
});

test("a number that 64 bits can't hold is none in a record", () => {
  const home = join(project.folder, "infinite");
  mkdirSync(join(home, "pipelite/runs"), { recursive: true });
  const [runId = ""] = ids;
  const record = readFileSync(join(project.home, "pipelite/runs", `${runId}.json`), "utf8");
  const changed = record.replace(/"value":\d+(\.\d+)?/, '"value":1e400');
  assert.notEqual(changed, record);
  writeFileSync(join(home, "pipelite/runs", `${runId}.json`), changed);
  refuses("RUN_RECORD_INVALID", () => openHome(home).runs.find({ word: runId }));
});

test("a result link never replaces what is not a link: RESULT_LINK_TAKEN", async () => {
  const taken = join(project.folder, "taken");
  writeFileSync(taken, "mine");
  await assert.rejects(project.run({ out: taken }), (error) => isPipeliteError(error, "RESULT_LINK_TAKEN"));
  assert.equal(readFileSync(taken, "utf8"), "mine");
});
