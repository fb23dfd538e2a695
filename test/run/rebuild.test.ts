// What is rebuilt after an edit, and what the plan says about it: the promise of point 5 of the design, seen from outside.
import assert from "node:assert/strict";
import { existsSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "#base/files.ts";
import type { RunEvent } from "#home/events.ts";
import { createPlainView } from "#view/plain.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { gate, param, pipeline, source, stage } from "pipelite";
const table = source("data", { ignore: ["*.tmp"] });
const first = stage(() => import("./stages/first.ts"), { table, factor: param.integer({ default: 2, min: 1 }) });
const second = stage(() => import("./stages/second.ts"), { first });
const third = stage(() => import("./stages/third.ts"), { second });
const apart = stage(() => import("./stages/apart.ts"));
export default pipeline({ first, second, third, apart });
`,
  "data/numbers.txt": "1\n2\n3\n",
  "stages/sum.ts":
    "export const sum = (text: string): number => text.trim().split('\\n').map(Number).reduce((a, b) => a + b, 0);\n",
  "stages/first.ts": `
import type { Source } from "pipelite";
import { readFile } from "node:fs/promises";
import { sum } from "./sum.ts";
export default async function first({ table, factor }: { table: Source; factor: number }) {
  return { "sum.json": { sum: factor * sum(await readFile(table.file("numbers.txt"), "utf8")) } };
}
`,
  "stages/second.ts": `
import type { Input } from "pipelite";
import type first from "./first.ts";
export default async function second({ first }: { first: Input<typeof first> }) {
  const { sum } = await first.json("sum.json");
  return { "sign.txt": sum > 0 ? "positive" : "not positive" };
}
`,
  "stages/third.ts": `
import type { Input } from "pipelite";
import type second from "./second.ts";
export default async function third({ second }: { second: Input<typeof second> }) {
  return { "loud.txt": (await second.text("sign.txt")).toUpperCase() };
}
`,
  "stages/apart.ts": `export default function apart() { return { "constant.txt": "1" }; }\n`,
};

let project: Project;
before(() => {
  project = new Project(files);
});
after(() => project[Symbol.dispose]());

async function reasons(more = {}): Promise<Record<string, string>> {
  const { stages } = await project.plan(more);
  return Object.fromEntries(stages.map(({ name, status, reason }) => [name, reason?.text ?? status]));
}

test("a first run builds everything, and the plan says that nothing was built before", async () => {
  assert.deepEqual(await reasons(), {
    first: "not built before",
    second: "not built before",
    third: "not built before",
    apart: "not built before",
  });
  const { ends, status } = await project.run();
  assert.equal(status, "passed");
  assert.deepEqual(ends, { first: "built", second: "built", third: "built", apart: "built" });
});

test("a second run builds nothing, by the fast way and by the long one", async () => {
  const all = { first: "cached", second: "cached", third: "cached", apart: "cached" };
  assert.deepEqual((await project.run()).ends, all);
  assert.deepEqual((await project.run({ paranoid: true })).ends, all);
  assert.deepEqual(await reasons(), all);
});

test("an edited comment rebuilds nothing", async () => {
  project.write({ "stages/sum.ts": `// adds up\n${files["stages/sum.ts"]}` });
  assert.deepEqual(new Set(Object.values((await project.run()).ends)), new Set(["cached"]));
});

test("an import of a stage that changed is named, and an unchanged output stops the rebuild there", async () => {
  project.write({ "stages/sum.ts": files["stages/sum.ts"].replace(", 0)", ", 0) + 1") });
  assert.deepEqual(await reasons(), {
    first: "stages/sum.ts changed",
    second: "input first may change",
    third: "input second may change",
    apart: "cached",
  });
  const { ends, outputs } = await project.run();
  assert.deepEqual(ends, { first: "built", second: "built", third: "cached", apart: "cached" });
  const again = await project.run();
  assert.deepEqual(again.outputs, outputs);
});

test("a parameter that changed is named with both values", async () => {
  assert.equal((await reasons({ params: { factor: "3" } }))["first"], "param factor: 2 -> 3");
});

test("a source file that changed is named", async () => {
  project.write({ "data/numbers.txt": "1\n2\n4\n" });
  const plan = await reasons();
  assert.equal(plan["first"], "source data changed: numbers.txt");
  assert.equal(plan["apart"], "cached");
  await project.run();
});

test("an ignored file is no part of the source", async () => {
  project.write({ "data/scratch.tmp": "x" });
  assert.deepEqual(new Set(Object.values(await reasons())), new Set(["cached"]));
});

test("one stage alone runs with what it needs", async () => {
  project.write({ "stages/third.ts": files["stages/third.ts"].replace("loud", "louder") });
  project.write({ "stages/apart.ts": files["stages/apart.ts"].replace('"1"', '"2"') });
  const { ends } = await project.run({ stages: ["third"] });
  assert.deepEqual(ends, { first: "cached", second: "cached", third: "built" });
});

test("a file that changes while it is read is read again: nothing made from it is remembered", async () => {
  using racing = new Project(files);
  const stage = join(racing.root, "stages/apart.ts");
  const listener = (event: RunEvent) => {
    // After the code was bundled, before the run is over: the same size, and the time it had is set back.
    if (event.type !== "stage-started" || event.name !== "apart") return;
    const { atime, mtime } = statSync(stage);
    writeFileSync(stage, files["stages/apart.ts"].replace('"1"', '"2"'));
    utimesSync(stage, atime, mtime);
  };
  const first = await racing.run({ listener });
  const second = await racing.run();
  assert.equal(second.ends["apart"], "built");
  assert.notEqual(second.outputs["apart"], first.outputs["apart"]);
});

test("an output that was removed from the disk is built again, by the fast way's leave or not", async () => {
  using damaged = new Project(files);
  const first = await damaged.run();
  removeTree(join(damaged.home, first.outputs["second"] ?? "none"));
  const second = await damaged.run();
  assert.equal(second.ends["second"], "built");
  assert.deepEqual(second.outputs, first.outputs);
  assert.ok(existsSync(join(damaged.home, first.outputs["second"] ?? "none")));
});

test("a parameter is the reason even where a comment of the stage changed as well", async () => {
  using edited = new Project(files);
  await edited.run();
  edited.write({ "stages/first.ts": `// a comment\n${files["stages/first.ts"]}` });
  const { stages } = await edited.plan({ params: { factor: "7" } });
  assert.equal(stages[0]?.reason?.text, "param factor: 2 -> 7");
});

test("a value that a stage found out of its limits fails the run, gate or none", async () => {
  using judged = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n`,
    "a.ts": `export default () => ({ "verdict.json": { status: "failed", checks: [{ id: "x", statement: "x is small", status: "failed" }] } });\n`,
  });
  const { status, exitCode, ends } = await judged.run();
  assert.deepEqual([status, exitCode, ends["a"]], ["failed", 1, "built"]);
});

test("a project in a folder whose name no store path can have runs all the same", async () => {
  using spaced = new Project({
    "z \u00fc/pipeline.ts": `import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n`,
    "z \u00fc/a.ts": `export default () => ({ "x.txt": "1" });\n`,
  });
  const { status } = await spaced.run({ pipeline: join(spaced.root, "z \u00fc") });
  assert.equal(status, "passed");
});

test("a plan knows what a run isolates its builds with, and says so of what was built without", async () => {
  using weak = new Project({
    "pipeline.ts":
      'import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n',
    "a.ts": 'export default () => ({ "a.txt": "a" });\n',
  });
  await weak.run({ sandbox: "none" });
  const planned = async (more: Parameters<typeof weak.plan>[0]) => {
    const [{ status, reason } = { status: "none" }] = (await weak.plan(more)).stages;
    return [status, reason?.text];
  };
  assert.deepEqual(await planned({ sandbox: "none" }), ["cached", undefined]);
  assert.deepEqual((await weak.run({ sandbox: "none" })).ends, { a: "cached" });
  assert.deepEqual(await planned({}), ["build", "it was built without a sandbox"]);
  const again = await weak.run({ paranoid: true });
  assert.deepEqual(again.ends, { a: "built" });
  assert.equal(weak.record().stages[0]?.reason?.text, "it was built without a sandbox");
  assert.deepEqual(await planned({}), ["cached", undefined]);
});

test("a stage that is another module, or a command, by now says which and which it was", async () => {
  const pipelineOf = (value: string) =>
    `import { command, pipeline, stage, tool } from "pipelite";\nexport default pipeline({ s: ${value} });\n`;
  using other = new Project({
    "pipeline.ts": pipelineOf('stage(() => import("./d.ts"))'),
    "d.ts": 'export default () => ({ "a.txt": "a" });\n',
    "summary.ts": 'export default () => ({ "a.txt": "b" });\n',
  });
  await other.run();
  const reason = async (value: string) => {
    other.write({ "pipeline.ts": pipelineOf(value) });
    return (await other.plan()).stages[0]?.reason?.text;
  };
  assert.equal(await reason('stage(() => import("./summary.ts"))'), "it is summary.ts now, and was d.ts");
});

test("what takes the place of another, comes or goes is told as that, and nothing that is there is called gone", async () => {
  const pipelineOf = (value: string) =>
    `import { command, out, pipeline, source, stage, tool } from "pipelite";
const other = stage(() => import("./d.ts"), {}, { name: "other" });
export default pipeline({ other, s: ${value} });
`;
  const given = (inputs: string, options = "{}") => `stage(() => import("./d.ts"), ${inputs}, ${options})`;
  using moved = new Project({
    "pipeline.ts": pipelineOf(given("{}")),
    "d.ts": 'import { K } from "./c.ts";\nexport default (_: object) => ({ "a.txt": K });\n',
    "c.ts": 'export const K = "k";\n',
    "data/a.csv": "1\n",
    "data/b.csv": "2\n",
  });
  const reason = async (before: string, value: string, code = "") => {
    moved.write({ "pipeline.ts": pipelineOf(before) });
    await moved.run();
    moved.write({ "pipeline.ts": pipelineOf(value), ...(code && { "d.ts": code }) });
    return (await moved.plan()).stages.find(({ name }) => name === "s")?.reason?.text;
  };
  const read = (file: string, n: number) => given(`{ x: source("data/${file}.csv"), n: ${n} }`);
  assert.equal(await reason(read("a", 1), read("b", 1)), "source data/b.csv takes the place of data/a.csv");
  assert.equal(await reason(read("b", 2), given("{ n: 2 }")), "source data/b.csv is no longer read");
  assert.equal(await reason(given("{ n: 3 }"), read("a", 3)), "source data/a.csv is new");
  assert.equal(
    await reason(given("{ x: other, n: 4 }"), given("{ n: 4 }")),
    "input other is no longer taken",
  );
  const byInputs = given("{ n: 5 }", '{ addressing: "input" }');
  assert.equal(await reason(given("{ n: 5 }"), byInputs), "its inputs name its output now");
  const program = (name: string) => `command(tool("${name}"), ["x"], { stdout: out })`;
  assert.equal(await reason(program("echo"), program("printf")), "tool printf takes the place of echo");
  const plain = 'export default (_: object) => ({ "a.txt": "b" });\n';
  assert.equal(await reason(given("{ n: 6 }"), given("{ n: 6 }"), plain), "c.ts is no longer used");
});

test("stages that never started because the run was stopped are one line at its end", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  using many = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
const first = stage(() => import("./first.ts"));
${names.map((name) => `const ${name} = stage(() => import("./first.ts"));`).join("\n")}
export default pipeline({ first, ${names.join(", ")} });
`,
    "first.ts": "export default () => new Promise((resolve) => setTimeout(resolve, 60_000));\n",
  });
  const stop = new AbortController();
  const lines: string[] = [];
  const view = createPlainView(
    { write: (text) => lines.push(text) },
    { color: false, unicode: false, verbosity: "normal", cwd: many.root, now: () => performance.now() },
  );
  const { ends } = await many.run({
    signal: stop.signal,
    jobs: 1,
    listener: (event) => {
      view.listener(event);
      if (event.type === "stage-started") stop.abort();
    },
  });
  view.close();
  assert.equal(Object.values(ends).filter((status) => status === "cancelled").length, 41);
  const about = lines
    .join("")
    .split("\n")
    .filter((line) => /\bs\d+\b/.test(line));
  assert.equal(about.length, 1, about.join("\n"));
  assert.match(about[0] ?? "", /^ {2}cancelled first, s0, s1, .* and \d+ more/);
});
