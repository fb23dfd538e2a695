// A command line that was understood before is run without being read again, and only if all that it depends on is as it
// was. `start-known.ts` tells whether the quick way was taken; the command itself tells what a run then does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { removeTree } from "#base/files.ts";
import type { RunEvent } from "#run/events.ts";
import { listRuns, readRun, type RunRecord } from "#run/records.ts";
import { openStore } from "#store/store.ts";
import { pipelite } from "../rig/command.ts";

const FILES = {
  "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const count = param.integer({ default: 2 });
export default pipeline({ only: stage(() => import("./only.ts"), { count }) });
`,
  "only.ts": `export default ({ count }: { count: number }) => ({ "count.json": { count } });\n`,
};

const folder = mkdtempSync(join(tmpdir(), "pipelite-known-"));
const work = join(folder, "work");
const environment = {
  PIPELITE_HOME: join(folder, "home"),
  XDG_CACHE_HOME: join(folder, "cache"),
  LANG: "C.UTF-8",
};

mkdirSync(work);
after(() => removeTree(folder));

interface Start {
  words?: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs `pipelite run` as a user does. */
async function run({ words = [], env, cwd = work }: Start = {}): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await pipelite(["run", ...words], {
    cwd,
    env: { ...environment, ...env },
  });
  assert.equal(code, 0, stderr);
  return { stdout, stderr };
}

/** Runs it the quick way; undefined where that way is closed. */
function runQuickly({ words = [], env, cwd = work }: Start = {}):
  | { stdout: string; stderr: string }
  | undefined {
  const script = join(import.meta.dirname, "start-known.ts");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, "run", ...words],
    { cwd, env: { ...process.env, NO_COLOR: "1", ...environment, ...env }, encoding: "utf8" },
  );
  assert.ok(status === 0 || status === 9, stderr);
  return status === 0 ? { stdout, stderr } : undefined;
}

function records(): RunRecord[] {
  const home = environment.PIPELITE_HOME;
  return listRuns(home).map(({ runId }) => readRun(home, runId));
}

/** Text with all that differs between two runs of the same taken out. */
function scrub(text: string): string {
  return text.replaceAll(/\d{8}T\d+Z-[0-9a-f]{6}/g, "RUN").replaceAll(/in \d+(\.\d+)?m?s/g, "in TIME");
}

beforeEach(async () => {
  for (const [name, content] of Object.entries(FILES)) {
    const file = join(work, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== content) writeFileSync(file, content);
  }
  await run();
});

test("a run that has nothing to do is known, recorded, and shown as by the long way", async () => {
  const before = records().length;
  const long = await run({ words: ["--no-link"] });
  const quick = runQuickly({ words: ["--no-link"] });
  assert.ok(quick);
  assert.equal(scrub(quick.stdout), scrub(long.stdout));
  assert.match(quick.stderr, /0 built, 1 cached/);
  const added = records()
    .toSorted((a, b) => (a.runId < b.runId ? -1 : 1))
    .slice(before);
  assert.deepEqual(
    added.map(({ status, counts }) => [status, counts.built, counts.cached]),
    [
      ["passed", 0, 1],
      ["passed", 0, 1],
    ],
  );
  const [, second] = added;
  assert.equal(second?.stages[0]?.builtInRun, added[0]?.stages[0]?.builtInRun ?? added[0]?.runId);
});

test("a word that was never used is read first", () => {
  assert.equal(runQuickly({ words: ["--jobs", "1"] }), undefined);
});

test("events for programs are the same by both ways", async () => {
  const words = ["--json"];
  const shape = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RunEvent)
      // What a run says of itself is more where more was done.
      .filter((event) => event.type !== "claim" || !event.id.startsWith("run/"))
      .map((event) => [event.type, Object.keys(event).toSorted()]);
  const long = await run({ words: [...words, "--paranoid"] });
  await run({ words });
  const quick = runQuickly({ words });
  assert.ok(quick);
  assert.equal(quick.stderr, "");
  assert.deepEqual(shape(quick.stdout), shape(long.stdout));
});

test("a changed file closes the quick way until it has been run", async () => {
  writeFileSync(join(work, "only.ts"), FILES["only.ts"].replace("{ count } }", "{ count, more: 1 } }"));
  assert.equal(runQuickly(), undefined);
  assert.match((await run()).stderr, /1 built/);
  assert.ok(runQuickly());
});

test("another parameter is another run", async () => {
  assert.equal(runQuickly({ words: ["--param", "count=3"] }), undefined);
  await run({ words: ["--param", "count=3", "--out", "other"] });
  assert.ok(runQuickly({ words: ["--param", "count=3", "--out", "other"] }));
  assert.ok(runQuickly());
});

test("a link that is gone or points elsewhere is made again", async () => {
  rmSync(join(work, "result"));
  assert.equal(runQuickly(), undefined);
  await run();
  assert.ok(runQuickly());
  await run({ words: ["--param", "count=4"] });
  assert.equal(runQuickly(), undefined);
});

test("a result that was deleted from the store is made again", async () => {
  await run({ words: ["--no-link"] });
  assert.ok(runQuickly({ words: ["--no-link"] }));
  rmSync(join(work, "result"));
  {
    using store = openStore(environment.PIPELITE_HOME);
    const [latest] = records().toSorted((a, b) => (a.runId > b.runId ? -1 : 1));
    const tree = store.validPaths().find((path) => path === latest?.tree);
    assert.ok(tree);
    await store.deletePaths([tree]);
  }
  assert.equal(runQuickly({ words: ["--no-link"] }), undefined);
  await run({ words: ["--no-link"] });
  assert.ok(runQuickly({ words: ["--no-link"] }));
});

test("another home, another folder, another PATH and another terminal setting are not known", () => {
  assert.equal(runQuickly({ env: { PIPELITE_HOME: join(folder, "elsewhere") } }), undefined);
  assert.equal(runQuickly({ cwd: folder }), undefined);
  assert.equal(runQuickly({ env: { PATH: `${folder}:${process.env["PATH"]}` } }), undefined);
  assert.equal(runQuickly({ env: { FORCE_COLOR: "1" } }), undefined);
  assert.ok(runQuickly());
});

test("a stage's name is read anew when something of that name appears in the folder", async () => {
  await run({ words: ["only", "--no-link"] });
  assert.ok(runQuickly({ words: ["only", "--no-link"] }));
  mkdirSync(join(work, "only"));
  assert.equal(runQuickly({ words: ["only", "--no-link"] }), undefined);
  rmSync(join(work, "only"), { recursive: true });
});

test("--paranoid and a model's endpoint always take the long way", async () => {
  await run({ words: ["--paranoid"] });
  assert.equal(runQuickly({ words: ["--paranoid"] }), undefined);
  const model = ["--model", "http://127.0.0.1:1", "--model-name", "m"];
  await run({ words: model });
  assert.equal(runQuickly({ words: model }), undefined);
});

test("a home that can't be written is left to the long way, and nothing is said twice", async () => {
  const runs = join(environment.PIPELITE_HOME, "pipelite/runs");
  removeTree(runs);
  writeFileSync(runs, "");
  try {
    assert.equal(runQuickly(), undefined);
  } finally {
    rmSync(runs);
  }
});
