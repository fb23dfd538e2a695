// A stage that makes folders so deep that no path leads to the last: it fails, and leaves nothing that keeps others from running.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { removeTree } from "#base/files.ts";
import { layoutOf } from "#store/layout.ts";
import { openStore } from "#store/store.ts";
import { Project } from "../rig/project.ts";
import { StoreRig } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const DIG = `mkdirSync("dddddddd"); process.chdir("dddddddd");`;

test("a folder that no path leads to is removed", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-deep-"));
  mkdirSync(join(folder, "a"));
  const code = `const { mkdirSync } = require("fs"); for (let n = 0; n < 600; n++) { ${DIG} }`;
  assert.equal(spawnSync(process.execPath, ["-e", code], { cwd: join(folder, "a") }).status, 0);
  removeTree(folder);
  assert.equal(existsSync(folder), false);
});

test("a collection takes one that a killed process left, registered or not", { skip: sweep() }, async () => {
  using rig = new StoreRig();
  const home = rig.path("h".repeat(200));
  let store = openStore(home);
  const { path } = await store.addText("kept", utf8("kept"), []);
  const { storeDir } = layoutOf(home);
  const code = `const { mkdirSync } = require("fs"); for (let n = 0; n < 1500; n++) { ${DIG} }`;
  const dig = (folder: string) => {
    mkdirSync(folder);
    assert.equal(spawnSync(process.execPath, ["-e", code], { cwd: folder }).status, 0);
  };
  dig(join(storeDir, "left"));
  // What was registered as a file, and is a folder now, goes another way.
  const file = store.physical(path);
  rmSync(file);
  dig(file);
  store.close();
  store = openStore(home);
  const { paths, leftovers } = await store.gc();
  store.close();
  assert.deepEqual([paths, leftovers], [[path], ["left"]]);
  assert.deepEqual(readdirSync(storeDir), [".links"]);
});

test("a stage whose output has one fails, and the next run works", async () => {
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts")) });`,
    "one.ts": `import { mkdirSync } from "node:fs";
export default (_: object, { out }: { out: string }) => {
  mkdirSync(out);
  process.chdir(out);
  for (let n = 0; n < 600; n++) { ${DIG} }
};`,
  });
  const deep = await project.run();
  assert.deepEqual([deep.status, deep.ends], ["failed", { one: "failed" }]);
  assert.equal(project.record().stages[0]?.failure?.code, "STORE_OUTPUT_UNSAFE");
  project.write({ "one.ts": 'export default () => ({ "a.json": 1 });' });
  assert.equal((await project.run()).status, "passed");
});

test("an output has as many folders, one in the other, as a NAR takes, and its fault is the stage's", async () => {
  const stage = (depth: number) => `import { mkdirSync } from "node:fs";
export default (_: object, { out }: { out: string }) => void mkdirSync(out + "/d".repeat(${depth}), { recursive: true });`;
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts")) });`,
    "one.ts": stage(63),
  });
  assert.equal((await project.run()).status, "passed");
  project.write({ "one.ts": stage(64) });
  const { status, exitCode } = await project.run();
  assert.deepEqual([status, exitCode], ["failed", 1]);
  assert.equal(project.record().stages[0]?.failure?.code, "STORE_OUTPUT_UNSAFE");
});
