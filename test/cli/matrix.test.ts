// `run --matrix`: many runs, one table, taken up where they were; and `matrix` within a pipeline.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runMatrix, type MatrixTable } from "#app/matrix.ts";
import { openHome } from "#home/home.ts";
import { fileOfMatrix, writeTable } from "#home/matrix-table.ts";
import { pipelite, start, until } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { warm } from "../rig/warm-home.ts";
import { createRig, type Rig } from "./rig.ts";

const NONE = { built: 0, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 };

let cli: Rig;
before(() => {
  cli = createRig();
  warm(cli.home);
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
    rows.slice(1).map(([seed, kind, status, , , , check]) => [seed, kind, status, check]),
    [
      ["1", "a", "passed", "1 Hz"],
      ["1", "b", "passed", "1 Hz"],
      ["2", "a", "passed", "2 Hz"],
      ["2", "b", "passed", "2 Hz"],
    ],
  );
  // Whichever came first built what all have in common.
  const sum = (column: number) => rows.slice(1).reduce((total, row) => total + Number(row[column]), 0);
  assert.deepEqual([sum(3), sum(4)], [5, 3]);
  assert.match(stderr, /^\[1\/4\] seed=\d kind=[ab]  passed: \d built, \d cached in /m);
  assert.match(stderr, /^\[4\/4\] /m);
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

test("a value that is longer than a file's name may be has a link of its own", async () => {
  const folder = join(cli.folder, "long");
  mkdirSync(folder);
  const files = {
    "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts"), { text: param.text() }) });
`,
    "a.ts": 'export default ({ text }) => ({ "a.txt": text });\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const [one, other] = [`${"x".repeat(300)}1`, `${"x".repeat(300)}2`];
  const { code, stderr } = await cli(
    "run",
    folder,
    "--matrix",
    `text=${one},${other}`,
    "-o",
    join(folder, "r"),
  );
  assert.equal(code, 0, stderr);
  const links = readdirSync(join(folder, "r-matrix")).filter((name) => name !== "table.json");
  const found = links.map((link) => readFileSync(join(folder, "r-matrix", link, "a/a.txt"), "utf8"));
  assert.deepEqual(found.toSorted(), [one, other]);
});

test("what was made before is taken up; a failure ends the rest, or only its own line with -k", async () => {
  const { code, stdout } = await cli("run", "--json", "--matrix", "seed=1,2,3..40", "--no-link", "-j", "1");
  assert.equal(code, 1);
  const { rows, status } = JSON.parse(stdout) as MatrixTable;
  assert.equal(status, "failed");
  assert.deepEqual(
    [...rows.slice(0, 3), ...rows.slice(-1)].map(({ params, status: one, checks }) => [
      params["seed"],
      one,
      checks["one/seed"]?.status,
    ]),
    [
      ["1", "passed", "passed"],
      ["2", "passed", "passed"],
      ["3", "failed", "failed"],
      ["40", "not-run", undefined],
    ],
  );
  assert.deepEqual(
    rows.slice(0, 3).map(({ counts }) => counts?.built),
    [0, 0, 1],
  );
  const whole = JSON.parse(
    (await cli("run", "-k", "--json", "--matrix", "seed=3..4,1")).stdout,
  ) as MatrixTable;
  assert.deepEqual(
    whole.rows.map((row) => row.status),
    ["failed", "failed", "passed"],
  );
  const table = readFileSync(join(cli.folder, "result-matrix/table.json"), "utf8");
  assert.deepEqual(JSON.parse(table), whole);
});

// MATRIX_NOT_FOUND, MATRIX_INVALID
test("the table is held against journal and records: show and audit find a false line", async () => {
  await cli("run", "-k", "--matrix", "seed=1..3");
  const held = await cli("audit", "matrix");
  assert.deepEqual([held.code, held.stderr], [0, ""]);
  assert.match(held.stdout, /^holds: 6 of 6 statements of the table matrix-/);
  const shown = await cli("show", "matrix");
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^SEED +STATUS/);
  const file = join(cli.folder, "result-matrix/table.json");
  const text = readFileSync(file, "utf8");
  const { matrixId, rows } = JSON.parse(text) as MatrixTable;
  assert.equal((await cli("audit", `matrix-${matrixId.slice(0, 15)}`)).code, 0);
  assert.equal((await cli("show", "result-matrix/table.json")).code, 0);
  const kept = join(cli.home, `pipelite/matrices/${matrixId}.json`);
  const [first, second, third] = rows;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const forgeries: Readonly<Record<string, Partial<MatrixTable>>> = {
    "a status": { status: "passed", rows: [first, second, { ...third, status: "passed" }] },
    "the status of all": { status: "passed" },
    "a value": {
      rows: [{ ...first, checks: { "one/seed": { status: "passed", value: 2, unit: "Hz" } } }, second, third],
    },
    "a check left out": { rows: [first, second, { ...third, checks: {} }] },
    "another run": { rows: [{ ...second, params: first.params }, second, third] },
    "a line left out": { rows: [first, third] },
    "another order": { rows: [second, first, third] },
    "a run that is not": { rows: [{ ...first, runId: "20260101T000000000Z-abcdef" }, second, third] },
    "a pass without a run": { rows: [{ params: first.params, status: "passed", checks: {} }, second, third] },
    "a count": { rows: [{ ...first, counts: { ...NONE, built: 7 } }, second, third] },
  };
  for (const [what, change] of Object.entries(forgeries)) {
    const changed = writeTable({ ...(JSON.parse(text) as MatrixTable), ...change });
    writeFileSync(file, changed);
    const wrong = await cli("audit", "result-matrix/table.json");
    assert.equal(wrong.code, 3, what);
    assert.match(wrong.stdout, /journal: it is not the table that the journal has/, what);
    // Where the journal was written again as well, the records tell.
    openHome(cli.home).keep({
      kind: "matrix",
      subject: matrixId,
      file: fileOfMatrix(matrixId),
      content: changed,
    });
    const forged = await cli("audit", "matrix");
    assert.equal(forged.code, 3, what);
    assert.doesNotMatch(forged.stdout, /journal/, what);
    assert.equal((await cli("show", "matrix")).code, 3, what);
  }
  writeFileSync(kept, "{}");
  assert.equal((await cli("show", "matrix")).code, 3);
  assert.equal((await cli("show", "matrix-1999")).code, 2);
  assert.equal((await cli("audit", "nothing.json")).code, 2);
});

test("lines appear in table.json while others are still to come", async () => {
  const folder = join(cli.folder, "early");
  let seen: MatrixTable | undefined;
  await runMatrix({
    pipeline: cli.folder,
    stages: [],
    home: openHome(cli.home),
    engine: "embedded",
    params: {},
    keepGoing: false,
    paranoid: false,
    env: process.env,
    signal: new AbortController().signal,
    axes: [{ name: "seed", values: ["0", "1", "2"] }],
    folder,
    database: undefined,
    begin: () => ({ listener: () => undefined, close: () => undefined }),
    ended: (_, done) => {
      if (done === 2) seen = JSON.parse(readFileSync(join(folder, "table.json"), "utf8")) as MatrixTable;
    },
  });
  assert.equal(seen?.status, "incomplete");
  assert.equal(seen.rows.length, 3);
  assert.equal(seen.rows.filter(({ status }) => status === "passed").length, 1);
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
    (JSON.parse(stdout) as MatrixTable).rows.map(({ status }) => status),
    ["not-run", "not-run"],
  );
});

test(
  "a matrix that is killed is taken up by the same command: what was made is not made again",
  { skip: sweep() },
  async () => {
    using project = new Project({});
    const go = join(project.folder, "go");
    project.write({
      "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts"), { n: param.integer() }) });
`,
      "one.ts": `import { existsSync } from "node:fs";
export default async ({ n }) => {
  while (n > 3 && !existsSync("${go}")) await new Promise((resolve) => setTimeout(resolve, 20));
  return { "n.txt": String(n) };
};
`,
    });
    const result = join(project.folder, "result");
    const words = ["run", project.root, "--matrix", "n=1..6", "-j", "1", "--sandbox", "none"];
    const more = ["--json", "--store", project.home, "--out", result];
    const table = join(`${result}-matrix`, "table.json");
    const read = () => JSON.parse(readFileSync(table, "utf8")) as MatrixTable;
    const passed = () => read().rows.filter(({ status }) => status === "passed").length;
    const running = start([...words, ...more]);
    try {
      await until(() => existsSync(table) && passed() === 3, "three lines of the table");
    } finally {
      running.child.kill("SIGKILL");
    }
    await running.ended;
    assert.deepEqual([read().status, passed()], ["incomplete", 3]);
    writeFileSync(go, "");
    const { code, stdout, stderr } = await pipelite([...words, ...more]);
    assert.equal(code, 0, stderr);
    const { rows, status } = JSON.parse(stdout) as MatrixTable;
    assert.equal(status, "passed");
    assert.deepEqual(
      rows.map(({ params, counts }) => [params["n"], counts?.built]),
      [1, 2, 3, 4, 5, 6].map((n) => [String(n), n > 3 ? 1 : 0]),
    );
    for (const { params } of rows)
      assert.equal(
        readFileSync(join(`${result}-matrix`, `n=${params["n"]}`, "one/n.txt"), "utf8"),
        params["n"],
      );
    assert.equal(
      (await pipelite(["audit", "matrix", "--store", project.home], { cwd: project.root })).code,
      0,
    );
  },
);

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
