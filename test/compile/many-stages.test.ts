// Stages made in a loop: their names, and lists and records of them as one input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Project } from "../rig/project.ts";

const one = "export default ({ seed, kind }) => ({ 'r.json': { seed, kind } });\n";

async function namesOf(lines: string[], files: Record<string, string> = {}): Promise<string[]> {
  using project = new Project({
    "one.ts": one,
    ...files,
    "pipeline.ts": ['import { pipeline, source, stage } from "pipelite";', ...lines].join("\n"),
  });
  const { stages } = await project.plan();
  return stages.map(({ name }) => name);
}

const loop = (seeds: string, last = "all") => [
  `const parts = ${seeds}.map((seed) => stage(() => import("./one.ts"), { seed, kind: "x" }));`,
  `const ${last} = stage(() => import("./collect.ts"), { parts });`,
  `export default pipeline({ ${last} });`,
];
const collect = { "collect.ts": "export default () => ({});\n" };

test("a stage of a loop is named by what differs, and keeps its name when others are added", async () => {
  assert.deepEqual(await namesOf(loop("[3, 1]"), collect), ["one-3", "one-1", "all"]);
  assert.deepEqual(await namesOf(loop("[3, 7, 1]"), collect), ["one-3", "one-7", "one-1", "all"]);
  assert.deepEqual(await namesOf(loop("[3]"), collect), ["one", "all"]);
});

test("words that no name may hold are replaced, and names that would be the same are told apart", async () => {
  const names = await namesOf(loop('["a b", "a/b", "a b c"]'), collect);
  assert.equal(names[0], "one-a-b");
  assert.match(names[1] ?? "", /^one-a-b-[0-9a-f]{6}$/);
  assert.equal(names[2], "one-a-b-c");
  const long = await namesOf(loop('["x".repeat(300), "y".repeat(300)]'), collect);
  for (const name of long.slice(0, 2)) assert.match(name, /^one-[xy]{69}-[0-9a-f]{6}$/);
});

test("a stage has the name it is given, and one that another has is told apart", async () => {
  const lines = [
    'const a = stage(() => import("./one.ts"), { seed: 1 }, { name: "first" });',
    'const one = stage(() => import("./one.ts"), { seed: 2, a });',
    'const other = stage(() => import("./one.ts"), { seed: 3, one });',
    'const last = stage(() => import("./one.ts"), { seed: 4, other });',
    "export default pipeline({ one, last });",
  ];
  const [first, second, third, fourth] = await namesOf(lines);
  assert.deepEqual([first, second, fourth], ["first", "one", "last"]);
  assert.match(third ?? "", /^one-[0-9a-f]{6}$/);
});

test("lists and records of nodes are read in their order, by their names", async () => {
  using project = new Project({
    "one.ts": one,
    "data.txt": "text",
    "collect.ts": `export default async ({ parts, byName, plain }) => ({ "all.json": {
      parts: await Promise.all(parts.map((part) => part.json("r.json"))),
      names: Object.keys(byName),
      text: await byName.data.text(),
      file: (await byName.file.text()).length,
      plain,
    } });\n`,
    "pipeline.ts": `
import { pipeline, source, stage } from "pipelite";
const parts = [5, 2, 9].map((seed) => stage(() => import("./one.ts"), { seed, kind: "x" }));
const byName = { data: source("data.txt"), file: parts[1].file("r.json") };
const all = stage(() => import("./collect.ts"), { parts, byName, plain: [1, 2] });
export default pipeline({ all });
`,
  });
  const { status, outputs } = await project.run();
  assert.equal(status, "passed");
  const all: unknown = JSON.parse(readFileSync(join(project.home, outputs["all"] ?? "", "all.json"), "utf8"));
  assert.deepEqual(all, {
    parts: [5, 2, 9].map((seed) => ({ seed, kind: "x" })),
    names: ["data", "file"],
    text: "text",
    file: readFileSync(join(project.home, outputs["one-2"] ?? "", "r.json")).length,
    plain: [1, 2],
  });
});

test("a file that a stage did not make is named with those that it made", async () => {
  const files = {
    "a.ts": 'export default () => ({ "x.json": 1 });\n',
    "b.ts": 'export default async ({ a }) => ({ "y.txt": await a.text("z.txt") });\n',
  };
  const head =
    'import { gate, pipeline, stage } from "pipelite";\nconst a = stage(() => import("./a.ts"));\n';
  using gated = new Project({
    ...files,
    "pipeline.ts": `${head}export default pipeline({ g: gate(a, "verdict.json") });`,
  });
  const { events } = await gated.run();
  const failed = events.find((event) => event.type === "stage-finished" && event.name === "a");
  assert.match(JSON.stringify(failed), /stage 'a' made no file 'verdict.json': it made x.json/);
  using reading = new Project({
    ...files,
    "pipeline.ts": `${head}export default pipeline({ b: stage(() => import("./b.ts"), { a }) });`,
  });
  const { events: read } = await reading.run();
  assert.match(JSON.stringify(read), /the input 'a' has no file 'z.txt': 'a' made x.json/);
  reading.write({ "b.ts": 'export default async ({ a }) => ({ "y.txt": await a.text() });\n' });
  const { events: whole } = await reading.run();
  assert.match(JSON.stringify(whole), /the input 'a' is a folder: name a file of it \(x\.json\)/);
});

test("what no variable of a program may hold is given in a file", async () => {
  using project = new Project({
    "one.ts": "export default () => ({ 'r.txt': 'r' });\n",
    "long.ts": `export default async ({ one, many }) => ({ "all.json": [many.length, await one.text("r.txt"), process.env.stage ?? null] });\n`,
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"));
export default pipeline({ all: stage(() => import("./long.ts"), { one, many: "x".repeat(300_000) }) });
`,
  });
  const { outputs } = await project.run();
  const all: unknown = JSON.parse(readFileSync(join(project.home, outputs["all"] ?? "", "all.json"), "utf8"));
  assert.deepEqual(all, [300_000, "r", null]);
});
