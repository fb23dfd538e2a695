// What a run is asked for every day: parameters from a file, a stage built again, the pipeline of a folder above.
import assert from "node:assert/strict";
import { chownSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { findFolderAbove } from "#compile/find-pipeline.ts";
import type { RunEvent } from "#home/events.ts";
import { warm } from "../rig/warm-home.ts";
import { createRig } from "./rig.ts";

// One home for all: the first run captures Node into the store, the others find it there.
const rig = createRig();
warm(rig.home);
after(() => rig[Symbol.dispose]());

const STAGE = `export default ({ n, mode }) => {
  const bytes = mode === "safe" ? String(n) : String(process.hrtime.bigint());
  return { "a.txt": "same", "b.txt": bytes };
};
`;
const TWO = 'export default async ({ text }) => ({ "c.txt": await text.text() });\n';
const PIPELINE = `import { param, pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"), {
  n: param.integer({ default: 1, max: 100 }),
  mode: param.choice(["safe", "clock"], { default: "safe" }),
});
const two = stage(() => import("./two.ts"), { text: one.file("a.txt") });
export default pipeline({ one, two });
`;

function write(folder: string, files: Record<string, string> = {}): void {
  mkdirSync(join(rig.folder, folder), { recursive: true });
  for (const [name, text] of Object.entries({
    "one.ts": STAGE,
    "two.ts": TWO,
    "pipeline.ts": PIPELINE,
    ...files,
  }))
    writeFileSync(join(rig.folder, folder, name), text);
}

type StageEnd = Extract<RunEvent, { type: "stage-finished" }>;

/** Runs, and gives the events by type. */
async function run(...words: string[]) {
  const { code, stdout, stderr } = await rig("run", ...words, "--json");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  const ends = events.filter((event): event is StageEnd => event.type === "stage-finished");
  return { code, stderr, events, ends, one: ends.find(({ name }) => name === "one") };
}

test("the home may be a link that leads elsewhere, or lie below one", async () => {
  write("linked");
  symlinkSync(rig.home, join(rig.folder, "home-link"));
  symlinkSync(dirname(rig.home), join(rig.folder, "folder-link"));
  for (const home of ["home-link", join("folder-link", basename(rig.home))]) {
    const store = join(rig.folder, home);
    const { code, one, stderr } = await run("linked", "--no-link", "--force", "one", "--store", store);
    assert.equal(code, EXIT.ok, stderr);
    assert.equal(one?.status, "built");
  }
});

test("--params reads values from a file; --param comes first; `plan` reads it, too", async () => {
  write("params", { "p.json": '{ "n": 7, "mode": "safe" }' });
  const file = join(rig.folder, "params/p.json");
  const paramsOf = async (...words: string[]) => {
    const { code, events, stderr } = await run("params", "--no-link", ...words);
    assert.equal(code, EXIT.ok, stderr);
    const [started] = events.filter((event) => event.type === "run-started");
    return started?.params;
  };
  assert.deepEqual(await paramsOf("--params", file), { n: 7, mode: "safe" });
  assert.deepEqual(await paramsOf("--params", file, "--param", "n=8"), { n: 8, mode: "safe" });
  // The run with other values is another run, also where there is nothing to do.
  assert.deepEqual(await paramsOf(), { n: 1, mode: "safe" });
  assert.deepEqual(await paramsOf("--params", file), { n: 7, mode: "safe" });
  writeFileSync(file, '{ "n": 9 }');
  const { stdout } = await rig("plan", "params", "--params", file);
  assert.match(stdout, /param n: 1 -> 9|param n: 7 -> 9/);
});

test("a file of parameters that can't be read for sure is refused, with the reason", async () => {
  write("params");
  const refused: [text: string, code: string, says: RegExp][] = [
    ["[1]", "PARAMS_FILE_INVALID", /it is not an object/],
    ['{ "n": 1, "n": 2 }', "PARAMS_FILE_INVALID", /the name "n" stands twice/],
    ['{ "n": null }', "PARAMS_FILE_INVALID", /'n' is not text, number, true or false/],
    ['{ "n": 1 ', "PARAMS_FILE_INVALID", /JSON/],
    ['{ "n": "7" }', "PARAM_INVALID", /to '7': it must be an integer up to 100/],
    ['{ "n": 7.5 }', "PARAM_INVALID", /to 7\.5: it must be an integer/],
    ['{ "n": 101 }', "PARAM_INVALID", /to 101/],
    ['{ "mode": true }', "PARAM_INVALID", /to true: it must be one of safe, clock/],
    ['{ "modee": "safe" }', "PARAM_UNKNOWN", /'modee'/],
  ];
  for (const [text, code, says] of refused) {
    writeFileSync(join(rig.folder, "params/p.json"), text);
    const { code: exit, stdout } = await rig("plan", "params", "--params", "params/p.json", "--json");
    assert.equal(exit, EXIT.usage, text);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, code, text);
    assert.match(error.message, says);
  }
  const gone = await rig("run", "params", "--params", "params/gone.json");
  assert.equal(gone.code, EXIT.usage);
  assert.match(gone.stderr, /Cannot use params\/gone\.json: no such file/);
});

test("--force builds a stage again and says whether it came out the same; what stands behind stays", async () => {
  write("force");
  assert.equal((await run("force", "--no-link")).code, EXIT.ok);
  const again = await run("force", "--no-link", "--force", "one");
  assert.deepEqual(
    again.ends.map(({ name, status }) => [name, status]),
    [
      ["one", "built"],
      ["two", "cached"],
    ],
  );
  assert.deepEqual(again.one?.former, { outPath: again.one?.outPath });
  assert.deepEqual(again.one?.reason, { kind: "forced", text: "--force" });
  const shown = await rig("run", "force", "--no-link", "--force", "one");
  assert.match(shown.stderr, /one .*built in .*, the same output as before/);
  const audit = await rig("audit", "--json");
  assert.equal(audit.code, EXIT.ok, audit.stdout);
  assert.match(audit.stdout, /one\/same-as-before/);
});

test("--force tells a stage that is not the same twice, and the file that differs", async () => {
  write("force");
  const clock = ["force", "--no-link", "--param", "mode=clock"];
  assert.equal((await run(...clock)).code, EXIT.ok);
  const again = await run(...clock, "--force", "one");
  assert.equal(again.code, EXIT.ok);
  assert.notEqual(again.one?.former?.outPath, again.one?.outPath);
  assert.equal(again.one?.former?.firstDifference, "b.txt");
  const shown = await rig("run", ...clock, "--force", "one");
  assert.match(shown.stderr, /ANOTHER output than before: b\.txt differs/);
  // Without --force the output of the last build counts, and nothing is built.
  const cached = await run(...clock);
  assert.deepEqual(new Set(cached.ends.map(({ status }) => status)), new Set(["cached"]));
});

test("--force of what was not built before is a first build; of what can't be forced, it is refused", async () => {
  const input = PIPELINE.replace(
    '["safe", "clock"], { default: "safe" }),\n}',
    (text) => `${text}, { addressing: "input" }`,
  );
  write("first", { "pipeline.ts": PIPELINE.replaceAll("max: 100", "max: 99") });
  const first = await run("first", "--no-link", "--param", "n=55", "--force", "one");
  assert.equal(first.code, EXIT.ok);
  assert.equal(first.one?.former, undefined);
  const wrong = await rig("run", "first", "--force", "onee", "--json");
  assert.equal(wrong.code, EXIT.usage);
  assert.match(wrong.stdout, /STAGE_NOT_FOUND.*Did you mean one\?/s);
  assert.match(
    (await rig("run", "first", "--force", "one", "--engine", "nix", "--json")).stdout,
    /STAGE_NOT_FORCED|NIX_NOT_FOUND/,
  );
  write("input", { "pipeline.ts": input });
  const refused = await rig("run", "input", "--force", "one", "--json");
  assert.equal(refused.code, EXIT.usage);
  assert.match(refused.stdout, /STAGE_NOT_FORCED.*one path whatever its bytes are/s);
});

test("from a folder below, the pipeline above is run, planned, shown, and its result lies beside it", async () => {
  write("above");
  mkdirSync(join(rig.folder, "above/data/deep"), { recursive: true });
  const ran = await rig.with({ cwd: "above/data/deep" }, "run");
  assert.equal(ran.code, EXIT.ok, ran.stderr);
  assert.match(ran.stderr, /^pipeline of \.\.\/\.\.\n/);
  assert.equal(ran.stdout, `${join(rig.folder, "above/result")}\n`);
  assert.ok(readlinkSync(join(rig.folder, "above/result")).includes("/nix/store/"));
  assert.match((await rig.with({ cwd: "above/data" }, "plan")).stdout, /^above: 2 stages/);
  assert.match((await rig.with({ cwd: "above/data" }, "show")).stdout, /above\/pipeline\.ts/);
  const only = await rig.with({ cwd: "above/data" }, "run", "one", "--json");
  assert.equal(only.code, EXIT.ok, only.stdout);
});

test(
  "a pipeline above that others own is not taken",
  { skip: process.getuid?.() !== 0 && "needs root" },
  () => {
    write("foreign");
    mkdirSync(join(rig.folder, "foreign/mine"), { recursive: true });
    const mine = join(rig.folder, "foreign/mine");
    assert.equal(findFolderAbove(mine), join(rig.folder, "foreign"));
    chownSync(join(rig.folder, "foreign/pipeline.ts"), 12345, 12345);
    assert.equal(findFolderAbove(mine), undefined);
    assert.equal(findFolderAbove(join(rig.folder, "foreign")), join(rig.folder, "foreign"));
  },
);

test("graph shows states and times, of many alike stages as one; as text, SVG, DOT and JSON", async () => {
  write("graph", {
    "pipeline.ts": `import { pipeline, source, stage } from "pipelite";
const data = source("two.ts");
const many = Array.from({ length: 12 }, (_, n) => stage(() => import("./one.ts"), { n, mode: "safe", data }));
export default pipeline({ last: stage(() => import("./two.ts"), { text: many[3].file("a.txt"), many }) });
`,
  });
  assert.equal((await rig("run", "graph", "one-3", "one-4", "--no-link")).code, EXIT.ok);
  const { stdout, code } = await rig("graph", "graph");
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^ {2}one ×12 +10 to build, 2 cached +[\d.]+m?s {2}<- two\.ts$/m);
  assert.match(stdout, /^ {2}last +to build +<- one ×12$/m);
  assert.equal((await rig("graph", "graph", "--all")).stdout.match(/^ {2}one-\d+ /gm)?.length, 12);
  assert.match((await rig("graph", "graph", "--format", "svg")).stdout, /^<svg .*one ×12.*<\/svg>\n$/s);
  assert.match(
    (await rig("graph", "graph", "--format", "dot")).stdout,
    /^digraph "graph" \{.*n1 -> n2;\n\}\n$/s,
  );
  const { nodes } = JSON.parse((await rig("graph", "graph", "--json")).stdout) as {
    nodes: { state: string }[];
  };
  assert.equal(nodes.filter(({ state }) => state === "cached").length, 2);
  const written = await rig("graph", "graph", "-o", "graph.txt");
  assert.equal(written.stdout, "");
  assert.equal(readFileSync(join(rig.folder, "graph.txt"), "utf8"), stdout);
  const pipeline = readFileSync(join(rig.folder, "graph/pipeline.ts"), "utf8");
  const over = await rig("graph", "graph", "-o", "graph/pipeline.ts");
  assert.equal(over.code, EXIT.usage, over.stderr);
  assert.match(over.stderr, /for --out: it is a file that this command reads/);
  assert.equal(readFileSync(join(rig.folder, "graph/pipeline.ts"), "utf8"), pipeline);
  const journal = join(rig.home, "pipelite/journal.ndjson");
  const before = readFileSync(journal, "utf8");
  for (const words of [
    ["graph", "graph", "--out"],
    ["archive", "--out"],
    ["log-audit", "--save"],
  ]) {
    const { code: refused, stderr } = await rig(...words, journal);
    assert.equal(refused, EXIT.usage, stderr);
    assert.match(stderr, /for --(out|save): it lies in the home/);
  }
  assert.equal(readFileSync(journal, "utf8"), before);
});
