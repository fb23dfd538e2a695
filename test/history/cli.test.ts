// `pipelite trend`, `pipelite history` and `pipelite run --database`, as a user runs them.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { createRig, type Rig } from "../cli/rig.ts";
import { pipelite, start } from "../rig/command.ts";
import { warm } from "../rig/warm-home.ts";
import { needsPostgres, startPostgres, type Postgres } from "../rig/postgres.ts";
import { openHome } from "#home/home.ts";
import { fakeRecord, runIdAt, writeRecords } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const skip = needsPostgres();
const server: Postgres | undefined = skip === false ? await startPostgres() : undefined;
after(() => server?.[Symbol.asyncDispose]());

const STEADY_MS = [990, 1010, 1000, 1020, 980];

/** A home in which the audio stage took about a second, at last a tenth more. */
function withRuns(): Rig {
  const rig = createRig();
  const runs = Array.from({ length: 30 }, (_, at) =>
    fakeRecord({
      at,
      stages: { audio: { wallMs: at === 29 ? 1100 : (STEADY_MS[at % 5] ?? 0), checks: { harmonics: 71 } } },
    }),
  );
  writeRecords(openHome(rig.home), runs);
  return rig;
}

interface TrendDocument {
  pipeline: string;
  trends: {
    subject: string;
    status: string;
    n: number;
    limits: { lower: number; centre: number; upper: number } | null;
    signals: { rule: string; runs: string[] }[];
    movingRange: { centre: number; lcl: number; ucl: number } | null;
    points?: {
      point: number;
      runId: string;
      value: number;
      movingRange: number;
      ewma: number | null;
      ewmaUcl: number | null;
      rules: string[];
    }[];
  }[];
}

async function readTrend(rig: Rig, ...words: string[]): Promise<TrendDocument> {
  const { code, stdout, stderr } = await rig("trend", ...words, "--json");
  assert.equal(code, EXIT.ok, stderr);
  return JSON.parse(stdout) as TrendDocument;
}

async function refusal(rig: Rig, ...words: string[]): Promise<{ code: string; exit: number }> {
  const { code, stdout } = await rig(...words, "--json");
  const { error } = JSON.parse(stdout) as { error: { code: string } };
  return { code: error.code, exit: code };
}

test("trend without words lists every value of the newest pipeline", async () => {
  using rig = withRuns();
  const { code, stdout } = await rig("trend");
  assert.equal(code, EXIT.ok);
  const rows = stdout.trim().split("\n");
  assert.match(rows[0] ?? "", /^VALUE +RUNS +NEWEST +CENTRE +LIMITS +UNIT +SIGNALS +STATUS$/);
  assert.match(stdout, /^audio\/wall +30 .* s +\d+ +out-of-control$/m);
  assert.match(stdout, /^audio\/harmonics +30 +71 .*not-computable: .* all 71/m);
  assert.equal(rows.length, 1 + (await readTrend(rig)).trends.length);
});

test("trend shows names and units in one line, without what moves the cursor", async () => {
  using rig = createRig();
  const runs = [1, 2].map((at) =>
    fakeRecord({ at, unit: "\u001b[2Jmm\nall holds", stages: { audio: { checks: { pitch: at } } } }),
  );
  writeRecords(openHome(rig.home), runs);
  const { code, stdout } = await rig("trend", "walk", "--claim", "audio/pitch");
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^audio\/pitch in mm all holds: 2 runs of walk measured it/);
});

test("trend of one value: a chart with limits, the signals with their runs, and a page", async () => {
  using rig = withRuns();
  const words = ["trend", "walk", "--stage", "audio", "--figure", "wall", "--picture", "page.svg"];
  const { code, stdout, stderr } = await rig(...words);
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^audio\/wall in s: 30 runs of walk measured it/);
  assert.match(stdout, /^out-of-control: the newest value completes WER1, MR, EWMA, REGRESSION$/m);
  assert.match(stdout, /^ +UCL 1\.05\d+ \u2502/m);
  assert.match(stdout, new RegExp(`signal WER1 \\(one point beyond 3 sigma\\) at ${runIdAt(29)}`));
  assert.equal(stdout.match(/\u00D7/g)?.length, 1);
  assert.match(stderr, /^picture: .*page\.svg$/m);
  assert.match(readFileSync(join(rig.folder, "page.svg"), "utf8"), /^<svg [^]*OUT OF CONTROL[^]*<\/svg>\n$/);
  writeRecords(openHome(rig.home), [fakeRecord({ at: 30, stages: { audio: { wallMs: 9000 } } })]);
  const far = await rig(...words);
  assert.match(
    far.stdout,
    /^ +\u2502.*\u2191$/m,
    "a value far off is shown at the edge, and the limits stay readable",
  );
  assert.match(far.stdout, /^ +CL 1\.000\d+ \u2502/m);
  const ascii = await rig.with({ env: { LANG: "C" } }, ...words);
  assert.ok(/^[\n\u0020-\u007e]*$/.test(ascii.stdout), "only ASCII without a Unicode locale");
});

test("trend --json: figures by their names, points of one value, --last keeps the limits", async () => {
  using rig = withRuns();
  const whole = await readTrend(rig, "--stage", "audio", "--figure", "wall");
  const [trend] = whole.trends;
  assert.equal(whole.pipeline, "walk");
  assert.deepEqual([trend?.n, trend?.points?.length, trend?.status], [30, 30, "out-of-control"]);
  const newest = trend?.points?.at(-1);
  const [before, value] = (trend?.points?.slice(-2) ?? []).map((point) => point.value) as [number, number];
  assert.equal(newest?.point, 30);
  assert.equal(newest.movingRange, Math.abs(value - before));
  assert.ok(newest.movingRange > (trend?.movingRange?.ucl ?? Number.NaN), "it is among the signals");
  assert.ok((newest.ewma ?? 0) > (newest.ewmaUcl ?? Number.NaN), "so is the average");
  assert.deepEqual(newest.rules, ["WER1", "MR", "EWMA", "REGRESSION"]);
  const [late] = (await readTrend(rig, "--stage", "audio", "--figure", "wall", "--last", "5")).trends;
  assert.equal(late?.points?.length, 5);
  assert.deepEqual(late.limits, trend?.limits);
  const [again] = (await readTrend(rig, "--stage", "audio", "--figure", "wall", "--from", runIdAt(28)))
    .trends;
  assert.equal(again?.n, 2);
  const [claim] = (await readTrend(rig, "--claim", "audio/harmonics")).trends;
  assert.deepEqual([claim?.subject, claim?.status], ["audio/harmonics", "not-computable"]);
});

test("trend refuses what was never measured, and flags that do not go together", async () => {
  using rig = createRig();
  const usage = (code: string) => ({ code, exit: EXIT.usage });
  assert.deepEqual(await refusal(rig, "trend"), usage("HISTORY_EMPTY"));
  writeRecords(openHome(rig.home), [fakeRecord({ at: 1 })]);
  assert.deepEqual(await refusal(rig, "trend", "talk"), usage("HISTORY_PIPELINE_UNKNOWN"));
  assert.deepEqual(await refusal(rig, "trend", "--stage", "nope"), usage("HISTORY_SERIES_UNKNOWN"));
  assert.deepEqual(
    await refusal(rig, "trend", "--claim", "'; drop table x"),
    usage("HISTORY_SERIES_UNKNOWN"),
  );
  assert.deepEqual(await refusal(rig, "trend", "--claim", "a", "--stage", "b"), usage("ARGUMENT_INVALID"));
  assert.deepEqual(await refusal(rig, "trend", "--picture", "x.svg"), usage("ARGUMENT_INVALID"));
  assert.deepEqual(await refusal(rig, "trend", "--baseline", "1"), usage("ARGUMENT_INVALID"));
  assert.deepEqual(await refusal(rig, "trend", "--database", "mysql://x"), usage("HISTORY_DATABASE_INVALID"));
});

test("an address that names no database ends with 2, and no password is shown", async () => {
  using rig = createRig();
  for (const [address, problem] of [
    ["postgres://u:geheim@localhost:99999/x", /is no address/],
    ["postgres://[::1/x", /is no address/],
    ["postgres://u:geheim@localhost:1/%ff", /a % that begins no character/],
    ["postgres://u:gehe%00im@localhost:1/x", /a NUL character/],
    ["postgres://u@localhost:1/x?port=70000", /a port is a number from 1 to 65535/],
    ["postgres://u@localhost:0/x", /a port is a number/],
    ["postgres://u@localhost:1/x?sslmode=verify-ca&sslrootcert=/nofile", /no such file/],
    ["postgres://u@localhost:1/x?sslcert=/", /directory/],
  ] as const) {
    const { code, stderr } = await rig("trend", "--database", address);
    assert.equal(code, 2, `${address}: ${stderr}`);
    assert.match(stderr, problem);
    assert.doesNotMatch(stderr, /geheim|gehe%00im/);
  }
});

test("run refuses an address that is not a database before it runs anything", async () => {
  using rig = createRig();
  const refused = await refusal(rig, "run", ".", "--database", "mysql://x");
  assert.deepEqual(refused, { code: "HISTORY_DATABASE_INVALID", exit: EXIT.usage });
});

test("a pipeline is named by its name or by its file", async () => {
  using rig = createRig();
  const file = join(rig.folder, "pipeline.ts");
  writeFileSync(file, "");
  writeRecords(openHome(rig.home), [
    { ...fakeRecord({ at: 1, pipeline: "here" }), pipelineFile: file },
    fakeRecord({ at: 2 }),
  ]);
  assert.equal((await readTrend(rig, ".")).pipeline, "here");
  assert.equal((await readTrend(rig, "here")).pipeline, "here");
  assert.equal((await readTrend(rig)).pipeline, "here");
  rmSync(file);
  assert.equal((await readTrend(rig)).pipeline, "walk");
});

test("history lists runs, newest first, with flags before and after its words", async () => {
  using rig = withRuns();
  const { code, stdout, stderr } = await rig("history", "--limit", "2");
  assert.equal(code, EXIT.ok);
  const [, newest = "", older = "", none] = stdout.split("\n");
  assert.ok(newest.startsWith(runIdAt(29)) && older.startsWith(runIdAt(28)));
  assert.equal(none, "");
  assert.match(stderr, /^2 of 30 runs in /);
  const { runs } = JSON.parse((await rig("--json", "history", "--limit", "3")).stdout) as { runs: unknown[] };
  assert.equal(runs.length, 3);
  for (const words of [["history", "list", "walk"], ["--json", "history"], ["history"]]) {
    const all = await rig(...words, ...(words.includes("--json") ? [] : ["--json"]), "--all");
    assert.equal((JSON.parse(all.stdout) as { runs: unknown[] }).runs.length, 30);
  }
});

test("a damaged index: trend says what to do, history rebuild mends it", async () => {
  using rig = withRuns();
  await rig("history", "sync");
  writeFileSync(
    join(rig.home, "pipelite", "history.sqlite"),
    "not a database at all, but long enough".repeat(200),
  );
  const { code, stderr } = await rig("trend");
  assert.equal(code, EXIT.verification);
  assert.match(stderr, /^error: Cannot read the index of runs in .*\nhint: `pipelite history rebuild`/);
  const rebuilt = await rig("history", "rebuild");
  assert.equal(rebuilt.code, EXIT.ok);
  assert.match(rebuilt.stderr, /what was damaged: .*history\.sqlite\.damaged\n30 runs in /);
  assert.equal((await rig("trend")).code, EXIT.ok);
});

test("a record that changed is told by whatever looks first, and sync ends with 3", async () => {
  using rig = withRuns();
  await rig("history", "sync");
  writeRecords(openHome(rig.home), [fakeRecord({ at: 3, stages: { audio: { wallMs: 1 } } })]);
  const { code, stderr } = await rig("history", "sync", "--quiet");
  assert.equal(code, EXIT.verification);
  assert.match(stderr, new RegExp(`^warning: the record of run ${runIdAt(3)} changed since it was indexed`));
  assert.equal((await rig("history", "sync")).code, EXIT.ok);
  assert.match((await rig("history")).stderr, /1 change of records noticed so far/);
});

/** A project of `pipelite init`, and the environment of its commands. */
async function initProject(rig: Rig): Promise<{ cwd: string; env: Record<string, string> }> {
  warm(rig.home);
  assert.equal((await rig("init")).code, EXIT.ok);
  return { cwd: rig.folder, env: { PIPELITE_HOME: rig.home } };
}

/** Ends the process when a library of the history is asked for. */
const WITHOUT_LIBRARIES = `--import=data:text/javascript,${encodeURIComponent(
  'import { registerHooks } from "node:module"; registerHooks({ resolve(name, context, next) {' +
    " if (/^(kysely|pg)(\\/|$)/.test(name)) throw new Error(`loaded ${name}`); return next(name, context); } });",
)}`;

test(
  "a run without a database loads no library of the history, built or not",
  { skip: sweep() },
  async () => {
    using rig = createRig();
    const { cwd, env } = await initProject(rig);
    const without = { cwd, env: { ...env, NODE_OPTIONS: WITHOUT_LIBRARIES } };
    for (const words of [["run"], ["run"], ["runs"], ["run", "--verbose"]]) {
      const { code, stderr } = await start(words, without).ended;
      assert.equal(code, EXIT.ok, stderr);
    }
    const { code, stderr } = await start(["trend"], without).ended;
    assert.equal(code, EXIT.internal, "the guard sees what trend loads");
    assert.match(stderr, /loaded kysely/);
  },
);

test(
  "run --database with no server: the run is whole and recorded, the error says how to go on",
  { skip: sweep() },
  async () => {
    using rig = createRig();
    const { cwd, env } = await initProject(rig);
    const database = "postgres://me:secret@127.0.0.1:1/runs";
    const built = await pipelite(["run", "--database", database], { cwd, env });
    assert.equal(built.code, EXIT.unavailable);
    assert.match(built.stderr, /passed: 4 built/);
    assert.match(
      built.stderr,
      /error: Cannot reach the database postgres:\/\/me:\*\*\*@127\.0\.0\.1:1\/runs: .*\nhint: /,
    );
    assert.doesNotMatch(built.stderr, /secret/);
    const again = await pipelite(["run"], { cwd, env: { ...env, PIPELITE_DATABASE: database } });
    assert.equal(again.code, EXIT.unavailable);
    assert.match(again.stderr, /passed: 0 built/);
    const { runs } = JSON.parse((await rig("history", "--json")).stdout) as { runs: unknown[] };
    assert.equal(runs.length, 2);
    writeFileSync(join(rig.folder, "stages", "fit.ts"), "export default () => { throw new Error('no'); };\n");
    const failed = await pipelite(["run", "--database", database], { cwd, env });
    assert.equal(failed.code, EXIT.failed);
    assert.match(failed.stderr, /warning: Cannot reach the database/);
  },
);

describe("PostgreSQL", { skip }, () => {
  test("run --database indexes every run, also one without work; another home sees them", async () => {
    using rig = createRig();
    using other = createRig();
    const { cwd, env } = await initProject(rig);
    const database = server?.createDatabase() ?? "";
    const runsSeen = async () => {
      const { stdout } = await other("history", "--database", database, "--json");
      return (JSON.parse(stdout) as { runs: { built: number; stages: number }[] }).runs;
    };
    const first = await pipelite(["run", "--database", database], { cwd, env });
    assert.equal(first.code, EXIT.ok, first.stderr);
    assert.equal((await pipelite(["run"], { cwd, env })).code, EXIT.ok);
    const hearing = { cwd, env: { ...env, PIPELITE_DATABASE: database } };
    for (let hears = 3; hears <= 4; hears += 1) {
      const { code, stderr } = await pipelite(["run"], hearing);
      assert.equal(code, EXIT.ok, stderr);
      assert.equal(
        (await runsSeen()).length,
        hears,
        "also the one before, of which the database had not heard",
      );
    }
    const built = (await runsSeen()).map((run) => [run.built, run.stages]);
    assert.deepEqual(built, [...Array.from({ length: 3 }, () => [0, 4]), [4, 4]]);
    const elsewhere = await refusal(other, "trend", "--here", "--database", database);
    assert.deepEqual(elsewhere, { code: "HISTORY_SERIES_UNKNOWN", exit: EXIT.usage });
    const { trends } = await readTrend(other, "--stage", "picture", "--database", database);
    assert.deepEqual(
      trends.map(({ subject, n }) => [subject, n]),
      ["wall", "cpu", "memory", "io", "duration"].map((figure) => [`picture/${figure}`, 1]),
    );
  });
});
