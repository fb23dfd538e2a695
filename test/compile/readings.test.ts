// What a pipeline.ts reads while it is loaded is part of what makes a run up to date: `run` never disagrees with `plan`.
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { pipelite } from "../rig/command.ts";
import { Project } from "../rig/project.ts";
import { sweep } from "../rig/peer.ts";

const STAGE = 'export default () => ({ "n.json": 1 });\n';

/** A pipeline with one stage for each line of `names`, an expression. */
function pipelineOf(imports: string, names: string): string {
  return `import { pipeline, stage } from "pipelite";
${imports}
const names: string[] = ${names};
export default pipeline(
  Object.fromEntries(names.map((name) => [name, stage(() => import("./stage.ts"))])),
);
`;
}

/** Files whose times are no longer of this moment: a run does not go by what may still change unseen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60));
}

async function isUpToDate(project: Project): Promise<boolean> {
  const { runId } = await project.run();
  return project.door.runs.read(runId).repetition !== undefined;
}

const split = '.split(",").filter(Boolean)';
const READERS: Record<string, [imports: string, names: string]> = {
  "readFileSync by name": [
    'import { readFileSync } from "node:fs";',
    `readFileSync(import.meta.dirname + "/names.txt", "utf8")${split}`,
  ],
  "the default export": [
    'import fs from "fs";',
    `fs.readFileSync(import.meta.dirname + "/names.txt", "utf8")${split}`,
  ],
  "fs.promises": [
    'import { readFile } from "node:fs/promises";',
    `(await readFile(import.meta.dirname + "/names.txt", "utf8"))${split}`,
  ],
  require: [
    'import { createRequire } from "node:module";',
    `createRequire(import.meta.url)("fs").readFileSync(new URL("./names.txt", import.meta.url), "utf8")${split}`,
  ],
  getBuiltinModule: [
    "",
    `process.getBuiltinModule("node:fs").readFileSync(import.meta.dirname + "/names.txt").toString()${split}`,
  ],
  "a descriptor": [
    'import { openSync, readFileSync } from "node:fs";',
    `readFileSync(openSync(import.meta.dirname + "/names.txt", "r"), "utf8")${split}`,
  ],
  "a link that leads there": [
    'import { readFileSync } from "node:fs";',
    `readFileSync(import.meta.dirname + "/link.txt", "utf8")${split}`,
  ],
  "whether it is there": [
    'import { existsSync, statSync } from "node:fs";',
    'existsSync(import.meta.dirname + "/names.txt") ? ["s" + statSync(import.meta.dirname + "/names.txt").size] : []',
  ],
  "names in a folder": [
    'import { readdirSync } from "node:fs";',
    'readdirSync(import.meta.dirname + "/folder").map((name) => name.replace(".cfg", ""))',
  ],
  "names in a folder of a folder": [
    'import { readdirSync } from "node:fs";',
    'readdirSync(import.meta.dirname + "/folder", { recursive: true }).map((name) => String(name).replace(/\\W/g, "_"))',
  ],
  "an import of JSON": ['import names_ from "./names.json" with { type: "json" };', "names_"],
};

describe("what was read while the pipeline was loaded", { skip: sweep() }, () => {
  for (const [what, [imports, names]] of Object.entries(READERS)) {
    test(`${what}: a change of it is noticed`, async () => {
      using project = new Project({
        "pipeline.ts": pipelineOf(imports, names),
        "stage.ts": STAGE,
        "names.txt": "a,bb",
        "names.json": '["a", "bb"]',
        "folder/a.cfg": "",
        "folder/deep/b.cfg": "",
      });
      symlinkSync("names.txt", join(project.root, "link.txt"));
      await settle();
      await project.run();
      assert.equal(await isUpToDate(project), true, "nothing changed");
      project.write({
        "names.txt": "a,bb,ccc",
        "names.json": '["a", "bb", "ccc"]',
        "folder/c.cfg": "",
        "folder/deep/d.cfg": "",
      });
      const planned = (await project.plan()).stages.filter(({ status }) => status === "build");
      assert.ok(planned.length > 0);
      const { ends } = await project.run();
      const built = Object.keys(ends).filter((name) => ends[name] === "built");
      assert.deepEqual(built.toSorted(), planned.map(({ name }) => name).toSorted());
    });
  }

  test("a file that was not there, and comes into being", async () => {
    using project = new Project({
      "pipeline.ts": pipelineOf(
        'import { existsSync } from "node:fs";',
        'existsSync(import.meta.dirname + "/more.txt") ? ["a", "b"] : ["a"]',
      ),
      "stage.ts": STAGE,
    });
    await settle();
    await project.run();
    assert.equal(await isUpToDate(project), true);
    project.write({ "more.txt": "" });
    assert.deepEqual((await project.run()).ends, { a: "cached", b: "built" });
  });

  test("a file below a file, which can't be there, is no fault of the run", async () => {
    using project = new Project({
      "pipeline.ts": pipelineOf(
        'import { existsSync } from "node:fs";',
        'existsSync(import.meta.dirname + "/stage.ts/more.txt") ? ["a", "b"] : ["a"]',
      ),
      "stage.ts": STAGE,
    });
    assert.deepEqual((await project.run()).ends, { a: "built" });
  });

  test("a folder that was replaced by another", async () => {
    using project = new Project({
      "pipeline.ts": pipelineOf(
        'import { readFileSync } from "node:fs";',
        `readFileSync(import.meta.dirname + "/folder/names.txt", "utf8")${split}`,
      ),
      "stage.ts": STAGE,
      "folder/names.txt": "a",
    });
    await settle();
    await project.run();
    assert.equal(await isUpToDate(project), true);
    const folder = join(project.root, "folder");
    renameSync(folder, `${folder}.old`);
    rmSync(`${folder}.old`, { recursive: true });
    mkdirSync(folder);
    project.write({ "folder/names.txt": "b" });
    assert.deepEqual((await project.run()).ends, { b: "built" });
  });
});

describe("the environment", () => {
  for (const [how, names] of Object.entries({
    "by name": 'process.env["PIPELITE_TEST_NAMES"] === "2" ? ["a", "b"] : ["a"]',
    "as a question": '"PIPELITE_TEST_MORE" in process.env ? ["a", "b"] : ["a"]',
    "all of it": 'Object.keys(process.env).includes("PIPELITE_TEST_MORE") ? ["a", "b"] : ["a"]',
  })) {
    test(`${how}: another value is another pipeline, and no value stands in the note`, async () => {
      using project = new Project({ "pipeline.ts": pipelineOf("", names), "stage.ts": STAGE });
      process.env["PIPELITE_TEST_NAMES"] = "1-secret";
      delete process.env["PIPELITE_TEST_MORE"];
      try {
        await settle();
        await project.run();
        assert.equal(await isUpToDate(project), true);
        process.env["PIPELITE_TEST_OTHER"] = "x";
        assert.equal(await isUpToDate(project), how !== "all of it", "what was not asked for does not count");
        process.env["PIPELITE_TEST_NAMES"] = "2";
        process.env["PIPELITE_TEST_MORE"] = "";
        assert.deepEqual((await project.run()).ends, { a: "cached", b: "built" });
      } finally {
        for (const name of ["NAMES", "MORE", "OTHER"]) delete process.env[`PIPELITE_TEST_${name}`];
      }
    });
  }
});

describe("clock, randomness and the machine", () => {
  for (const expression of [
    "Date.now()",
    "new Date().getTime()",
    "performance.now()",
    "Math.random()",
    "process.hrtime()[0]",
    "crypto.randomUUID().length",
    'process.getBuiltinModule("node:crypto").randomBytes(1).length',
    'process.getBuiltinModule("node:os").cpus().length',
  ]) {
    test(`${expression}: the pipeline is loaded again each time`, async () => {
      using project = new Project({
        "pipeline.ts": pipelineOf("", `${expression} >= 0 ? ["a"] : []`),
        "stage.ts": STAGE,
      });
      await settle();
      await project.run();
      assert.equal(await isUpToDate(project), false);
      assert.deepEqual((await project.run()).ends, { a: "cached" });
    });
  }

  test("a date that is given is as good as any other constant", async () => {
    using project = new Project({
      "pipeline.ts": pipelineOf(
        "",
        'new Date("2026-01-01") instanceof Date && new Date(0).getTime() === 0 ? ["a"] : []',
      ),
      "stage.ts": STAGE,
    });
    await settle();
    await project.run();
    assert.equal(await isUpToDate(project), true);
  });
});

describe("PIPELINE_REACHES_OUT: programs and the network are refused", () => {
  for (const [imports, expression] of [
    ['import { execSync } from "node:child_process";', 'execSync("echo a").toString().split(",")'],
    ["", 'process.getBuiltinModule("child_process").spawnSync("true") ? ["a"] : []'],
    ["", 'await fetch("http://127.0.0.1:1/").then(() => ["a"])'],
    ["", 'new WebSocket("ws://127.0.0.1:1/") ? ["a"] : []'],
    ['import { get } from "node:http";', 'get("http://127.0.0.1:1/") ? ["a"] : []'],
    ['import { connect } from "net";', 'connect(1) ? ["a"] : []'],
    ['import { lookup } from "node:dns/promises";', 'await lookup("localhost") ? ["a"] : []'],
    ['import { Worker } from "node:worker_threads";', 'new Worker("1", { eval: true }) ? ["a"] : []'],
  ] as const) {
    test(expression, async () => {
      using project = new Project({ "pipeline.ts": pipelineOf(imports, expression), "stage.ts": STAGE });
      await assert.rejects(project.run(), (error) => {
        assert.ok(isPipeliteError(error, "PIPELINE_REACHES_OUT"), String(error));
        assert.equal(error.exitCode, 2);
        assert.match(error.message, /^pipeline\.ts:\d+:\d+: /);
        return true;
      });
    });
  }

  test("the command refuses a socket that it has not looked at", async () => {
    const socket = 'new WebSocket("ws://127.0.0.1:1/") ? ["a"] : []';
    using project = new Project({ "pipeline.ts": pipelineOf("", socket), "stage.ts": STAGE });
    const { code, stderr } = await pipelite(["plan", project.root], {
      env: { PIPELITE_HOME: project.home },
    });
    assert.equal(code, 2);
    assert.match(stderr, /pipeline\.ts:3:\d+: .*WebSocket/);
  });

  test("afterwards everything is as it was before", async () => {
    using project = new Project({ "pipeline.ts": pipelineOf("", '["a"]'), "stage.ts": STAGE });
    const places: [object, string][] = [
      [globalThis, "Date"],
      [globalThis, "fetch"],
      [globalThis, "crypto"],
      [Math, "random"],
      [process, "env"],
      [process, "cwd"],
      [process, "getBuiltinModule"],
      [performance, "now"],
    ];
    const look = () => places.map(([holder, key]) => Object.getOwnPropertyDescriptor(holder, key));
    const before = look();
    await project.plan();
    assert.deepEqual(look(), before);
    const { execSync } = await import("node:child_process");
    assert.equal(execSync("echo a").toString(), "a\n");
  });
});
