// What a stage made is read as it is: a link in it leads to nothing, whatever it says. We would follow it with the rights of
// the user, outside of the sandbox.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { documents } from "#app/documents.ts";
import { removeTree } from "#base/files.ts";
import { auditRun } from "#evidence/audit.ts";
import { Project } from "../rig/project.ts";

let outside: string;
before(() => {
  outside = mkdtempSync(join(tmpdir(), "pipelite-outside-"));
  const checks = [{ id: "stolen", statement: "not to be shown", value: 42, status: "passed" }];
  writeFileSync(join(outside, "verdict.json"), JSON.stringify({ status: "passed", checks }));
  writeFileSync(join(outside, "list.json"), '["not to be shown"]');
  writeFileSync(join(outside, "request.json"), '{"messages":["not to be shown"]}');
  mkdirSync(join(outside, "folder"));
  writeFileSync(join(outside, "folder/not-to-be-shown"), "x");
});
after(() => removeTree(outside));

const made = (code: string) => `
import { mkdirSync, symlinkSync } from "node:fs";
export default (_, { out }) => { ${code.replaceAll("OUTSIDE", outside)} };
`;
const use = "export default async ({ item }) => ({ 'a.txt': String(item) });\n";

test("an output that is a link to a folder has no files and no verdict", async () => {
  using project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ link: stage(() => import("./link.ts")) });
`,
    "link.ts": made('symlinkSync("OUTSIDE", out);'),
  });
  const { status, runId } = await project.run();
  assert.equal(status, "passed");
  const { claims, tree = "" } = project.record(runId);
  assert.deepEqual(
    claims.filter(({ kind }) => kind === "check"),
    [],
  );
  assert.equal(readFileSync(project.door.physical(tree, "evidence/SHA256SUMS"), "utf8"), "");
  const report = await auditRun(project.door, project.door.runs.read(runId), { documents });
  assert.equal(report.status, "holds");
});

test("an output that is a link is one, whether or not the host has what it leads to", async () => {
  using project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const link = stage(() => import("./link.ts"));
const after = stage(() => import("./after.ts"), { link });
export default pipeline({ link, after });
`,
    "link.ts": made('symlinkSync("/not/on/this/host", out);'),
    "after.ts": `
import { readlinkSync } from "node:fs";
export default ({ link }) => ({ "target.txt": readlinkSync(link.path) });
`,
  });
  const { status, runId } = await project.run();
  assert.equal(status, "passed");
  const { tree = "" } = project.record(runId);
  assert.equal(readFileSync(project.door.physical(tree, "after/target.txt"), "utf8"), "/not/on/this/host");
});

test("a verdict that is a link is none", async () => {
  using project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ link: stage(() => import("./link.ts")) });
`,
    "link.ts": made('mkdirSync(out); symlinkSync("OUTSIDE/verdict.json", `${out}/verdict.json`);'),
  });
  const { runId } = await project.run();
  assert.doesNotMatch(JSON.stringify(project.record(runId).claims), /stolen/);
});

for (const [where, code] of [
  ["a link", 'mkdirSync(out); symlinkSync("OUTSIDE/list.json", `${out}/list.json`);'],
  ["behind a link", 'symlinkSync("OUTSIDE", out);'],
] as const) {
  test(`a list that is ${where} gives nothing to make something for`, async () => {
    using project = new Project({
      "pipeline.ts": `
import { each, pipeline, stage } from "pipelite";
const list = stage(() => import("./list.ts"));
export default pipeline({ all: each(list.file("list.json"), (item) => stage(() => import("./use.ts"), { item })) });
`,
      "list.ts": made(code),
      "use.ts": use,
    });
    const { status, events } = await project.run();
    assert.equal(status, "failed");
    assert.match(JSON.stringify(events), /EACH_LIST_INVALID[^]*reached through a link/);
    assert.doesNotMatch(JSON.stringify(events), /not to be shown/);
  });
}

test("a request for a model that is a link is not sent", async () => {
  using project = new Project({
    "pipeline.ts": `
import { answer, pipeline, stage } from "pipelite";
const ask = stage(() => import("./ask.ts"));
export default pipeline({ word: answer(ask.file("request.json"), () => import("./use.ts")) });
`,
    "ask.ts": made('mkdirSync(out); symlinkSync("OUTSIDE/request.json", `${out}/request.json`);'),
    "use.ts": use,
  });
  const model = { name: "m", url: "http://127.0.0.1:9/v1" };
  const { status, events } = await project.run({ model });
  assert.equal(status, "failed");
  assert.match(JSON.stringify(events), /MODEL_REQUEST_INVALID/);
});

test("what is in a folder that an output leads to is not told", async () => {
  using project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const link = stage(() => import("./link.ts"));
export default pipeline({ use: stage(() => import("./use.ts"), { item: link.file("x") }) });
`,
    "link.ts": made('symlinkSync("OUTSIDE/folder", out);'),
    "use.ts": "export default async ({ item }) => ({ 'a.txt': await item.text() });\n",
  });
  const { status, events } = await project.run();
  assert.equal(status, "failed");
  assert.doesNotMatch(JSON.stringify(events), /not-to-be-shown/);
});
