// `run --matrix`: many runs, one table, taken up where they were; and `matrix` within a pipeline.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Matrix } from "#app/matrix.ts";
import { Project } from "../rig/project.ts";
import { createRig, type Rig } from "./rig.ts";

let cli: Rig;
before(() => {
  cli = createRig();
  const files = {
    "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const base = stage(() => import("./base.ts"));
const seed = param.integer({ min: 0 });
const kind = param.choice(["a", "b"], { default: "a" });
export default pipeline({ one: stage(() => import("./one.ts"), { base, seed, kind }) });
`,
    "base.ts": 'export default () => ({ "b.txt": "b" });\n',
    "one.ts": `export default ({ seed, kind }) => ({ "kind.txt": kind, "verdict.json": { status: seed < 3 ? "passed" : "failed", checks: [
      { id: "seed", statement: "It is small", value: seed, unit: "Hz", limit: 3, status: seed < 3 ? "passed" : "failed", accept: "value < limit" },
    ] } });\n`,
  };
  mkdirSync(cli.folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cli.folder, name), text);
});
after(() => cli[Symbol.dispose]());

test("each combination is a run that shares what it can; the table says what came of each", async () => {
  const { code, stdout, stderr } = await cli("run", "--matrix", "seed=1..2", "--matrix", "kind=a,b");
  assert.equal(code, 0, stderr);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s{2,}/));
  assert.deepEqual(rows[0], ["SEED", "KIND", "STATUS", "BUILT", "CACHED", "TIME", "one/seed"]);
  assert.deepEqual(
    rows.slice(1).map((row) => [...row.slice(0, 5), row[6]]),
    [
      ["1", "a", "passed", "2", "0", "1 Hz"],
      ["1", "b", "passed", "1", "1", "1 Hz"],
      ["2", "a", "passed", "1", "1", "2 Hz"],
      ["2", "b", "passed", "1", "1", "2 Hz"],
    ],
  );
  assert.match(stderr, /^\[1\/4\] seed=1 kind=a  passed: 2 built, 0 cached in /m);
  const folder = join(cli.folder, "result-matrix");
  assert.deepEqual(readdirSync(folder).toSorted(), [
    "seed=1,kind=a",
    "seed=1,kind=b",
    "seed=2,kind=a",
    "seed=2,kind=b",
    "table.json",
  ]);
  assert.equal(readFileSync(join(folder, "seed=2,kind=b/one/kind.txt"), "utf8"), "b");
});

test("what was made before is taken up; a failure ends the rest, or only its own line with -k", async () => {
  const { code, stdout, stderr } = await cli("run", "--json", "--matrix", "seed=1..4", "--no-link");
  assert.equal(code, 1);
  const { rows, exitCode } = JSON.parse(stdout) as Matrix;
  assert.equal(exitCode, 1);
  assert.deepEqual(
    rows.map(({ params, status, checks }) => [params["seed"], status, checks["one/seed"]?.status]),
    [
      ["1", "passed", "passed"],
      ["2", "passed", "passed"],
      ["3", "failed", "failed"],
      ["4", "not-run", undefined],
    ],
  );
  assert.deepEqual(
    rows.map(({ counts }) => counts?.built),
    [0, 0, 1, undefined],
  );
  assert.equal(stderr.includes("[4/4]"), false);
  const whole = JSON.parse((await cli("run", "-k", "--json", "--matrix", "seed=3..4,1")).stdout) as Matrix;
  assert.deepEqual(
    whole.rows.map(({ status }) => status),
    ["failed", "failed", "passed"],
  );
  const table = readFileSync(join(cli.folder, "result-matrix/table.json"), "utf8");
  assert.deepEqual(JSON.parse(table), whole);
});

// MATRIX_AXIS_TWICE, MATRIX_TOO_LARGE, FLAGS_APART
test("values that are wrong are refused before anything is run, with 2", async () => {
  const runs = () => readdirSync(join(cli.home, "pipelite/runs")).length;
  const atFirst = runs();
  for (const [words, reason] of [
    [["seed=3..1"], /the range 3\.\.1 ends before it begins/],
    [["seed=1.."], /'1\.\.' is no range: a range is 1\.\.205/],
    [["seed=a..b"], /'a\.\.b' is no range/],
    [["seed=1..9999999"], /longer than 100000/],
    [["seed="], /a value is missing/],
    [["seed=1,2,1..3"], /it has the value 1 twice/],
    [["seed"], /it must be NAME=VALUE/],
    [["seed=0,-1"], /cannot set the parameter 'seed' to '-1'/],
    [["seed=1", "kind=a,c"], /cannot set the parameter 'kind' to 'c'/],
    [["sed=1,2", "seed=1"], /Did you mean seed\?/],
    [["seed=1", "seed=2"], /Cannot vary the parameter 'seed': it is set twice/],
    [["seed=1..99999", "kind=a,b"], /more than 100000 combinations/],
  ] as const) {
    const flags = words.flatMap((word) => ["--matrix", word]);
    const { code, stderr, stdout } = await cli("run", ...flags);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, reason);
  }
  assert.equal((await cli("run", "--matrix", "seed=1", "-p", "seed=2")).code, 2);
  assert.equal((await cli("run", "--matrix", "seed=1", "--watch")).code, 2);
  assert.equal(runs(), atFirst);
});

test("a matrix that is stopped ends with 130, and the next one begins where it was", async () => {
  const stop = new AbortController();
  stop.abort();
  const { code, stdout } = await cli.with(
    { signal: stop.signal },
    "run",
    "--json",
    "--matrix",
    "seed=1..2",
    "--no-link",
  );
  assert.equal(code, 130);
  assert.deepEqual(
    (JSON.parse(stdout) as Matrix).rows.map(({ status }) => status),
    ["not-run", "not-run"],
  );
});

test("matrix and range within a pipeline: a node for each combination, named by its values", async () => {
  using project = new Project({
    "v.ts": 'export default ({ n, kind }) => ({ "v.json": [n, kind] });\n',
    "all.ts":
      'export default async ({ all }) => ({ "all.json": await Promise.all(all.map((one) => one.json("v.json"))) });\n',
    "pipeline.ts": `
import { matrix, pipeline, range, stage } from "pipelite";
const all = matrix({ n: range(1, 2), kind: ["x", "y"] }, ({ n, kind }) => stage(() => import("./v.ts"), { n, kind }));
export default pipeline({ all: stage(() => import("./all.ts"), { all }) });
`,
  });
  const { outputs } = await project.run();
  assert.deepEqual(Object.keys(outputs).toSorted(), ["all", "v-1-x", "v-1-y", "v-2-x", "v-2-y"]);
  const file = join(project.home, outputs["all"] ?? "", "all.json");
  assert.ok(existsSync(file));
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), [
    [1, "x"],
    [1, "y"],
    [2, "x"],
    [2, "y"],
  ]);
});
