// The study: what it draws from seeds, what it says of rows, and the whole of it with few variations.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "../../../src/base/files.ts";
import { analyse, proportionBound } from "../study/analysis.ts";
import { MARKS, replaceMarked, writePage } from "../study/page.ts";
import { outcomeOf, parseStudy, writeStudy } from "../study/rows.ts";
import type { Build, Row, Study } from "../study/rows.ts";
import { renderVoices, variationOf } from "../study/variation.ts";

const FOLDER = join(import.meta.dirname, "../study");

function study(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ["--disable-warning=ExperimentalWarning", join(FOLDER, "run.ts"), ...words];
  return spawnSync(process.execPath, command, { encoding: "utf8" });
}

const BUILT: Build = {
  status: "built",
  order: 1,
  drvPath: "/nix/store/a-audio.drv",
  narHash: "sha256:aa",
  wallMs: 5,
};

function rowOf(first: Partial<Build> | undefined, second: Partial<Build> | undefined, seed = 1): Row {
  const tones = [
    [20_000, 80_000],
    [-10_000, 90_000],
  ] as const;
  return {
    seed,
    ...(first && { first: { ...BUILT, ...first } }),
    ...(second && { second: { ...BUILT, order: 2, ...second } }),
    chord: [...tones],
    walk: [...tones],
  };
}

function studyOf(rows: Row[]): Study {
  return {
    asked: rows.length,
    startedAt: "2026-11-21T08:00:00.000Z",
    finishedAt: "2026-11-21T08:05:00.000Z",
    host: { cores: 2 },
    sandbox: "bubblewrap 0.8.0",
    sources: { wall: "monotonic clock" },
    rows,
  };
}

test("a seed always gives the same variation, and other seeds give others, in sound too", () => {
  assert.deepEqual(variationOf(7), variationOf(7));
  const variations = Array.from({ length: 205 }, (_, index) => variationOf(index + 1));
  const texts = new Set(variations.map(({ seed: _, ...rest }) => JSON.stringify(rest)));
  assert.equal(texts.size, variations.length);
  for (const { chord, walk } of variations) {
    assert.ok(chord.window.start + chord.window.samples <= chord.samples);
    assert.ok(walk.removed.length > 0 && walk.removed.length < chord.voices.length);
  }
  const [first, second] = [variationOf(1), variationOf(2)].map(renderVoices);
  assert.equal(
    first?.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
    32_767,
  );
  assert.notDeepEqual(first, second);
});

test("a row is reproduced only when both were built, from one derivation, to the same bytes", () => {
  assert.equal(outcomeOf(rowOf({}, {})), "reproduced");
  assert.equal(outcomeOf(rowOf({}, { narHash: "sha256:bb" })), "different");
  assert.equal(outcomeOf(rowOf({}, { drvPath: "/nix/store/b-audio.drv" })), "different");
  assert.equal(outcomeOf(rowOf({}, { status: "cached" })), "not-built-twice");
  assert.equal(outcomeOf(rowOf({ status: "substituted" }, {})), "not-built-twice");
  assert.equal(outcomeOf(rowOf({}, undefined)), "not-built-twice");
  assert.equal(outcomeOf(rowOf({}, { status: "failed" })), "failed");
  const { narHash: _, ...bare } = BUILT;
  assert.equal(outcomeOf({ ...rowOf({}, {}), first: bare, second: bare }), "not-built-twice");
});

test("what differed, failed or was skipped is listed by seed, beside the number that was asked for", () => {
  const rows = [
    rowOf({}, {}, 1),
    rowOf({}, { narHash: "sha256:bb" }, 2),
    rowOf({}, { status: "failed" }, 3),
    rowOf({}, undefined, 4),
  ];
  const data = studyOf(rows);
  const page = writePage(data, analyse(data));
  assert.match(page, /^\| 1 +\| 4 +\| reproduced: .*\| 1 +\|$/m);
  assert.match(page, /^\| 1 +\| 4 +\| not reproduced: .*\| 2 +\|$/m);
  assert.match(page, /^\| 1 +\| 4 +\| failed: .*\| 3 +\|$/m);
  assert.match(page, /^\| 1 +\| 4 +\| skipped: .*\| 4 +\|$/m);
  assert.match(page.replaceAll("\n", " "), /Of 2 variations built twice, 1 differed/);
});

test("the bound on what does not reproduce is Clopper and Pearson's", () => {
  // None of n: 1 - 0.05^(1/n). The others from R: binom.test(k, n, alternative = "less")$conf.int[2].
  assert.ok(Math.abs((proportionBound(0, 205) ?? 0) - (1 - 0.05 ** (1 / 205))) < 1e-12);
  assert.ok(Math.abs((proportionBound(1, 20) ?? 0) - 0.2161062) < 1e-6);
  assert.equal(proportionBound(3, 3), 1);
  assert.equal(proportionBound(0, 0), undefined);
});

test("frequencies that the measurement can't tell apart are gauge-limited, never capable", () => {
  const data = studyOf([1, 2, 3].map((seed) => rowOf({}, {}, seed)));
  const { chord } = analyse(data);
  assert.equal(chord.result.status, "gauge-limited");
  assert.equal(chord.result.gauge?.distinctCategories, 0);
  assert.equal(chord.result.n, 6);
});

test("a page without marks is left alone, and one with them keeps what is around them", () => {
  assert.equal(replaceMarked("# Page\n", "x"), undefined);
  const page = `before\n${MARKS.begin}\nold\n${MARKS.end}\nafter\n`;
  assert.equal(replaceMarked(page, "new"), `before\n${MARKS.begin}\n\nnew\n\n${MARKS.end}\nafter\n`);
});

test("rows survive being written and read", () => {
  const data = studyOf([rowOf({}, {}, 1), rowOf({}, undefined, 2)]);
  assert.deepEqual(parseStudy(writeStudy(data)), data);
});

test("npm run study with two variations: really built four times, compared, published", () => {
  const out = mkdtempSync(join(tmpdir(), "pipelite-study-test-"));
  try {
    const { status, stdout, stderr } = study("--runs", "2", "--out", out);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^reproduced 2 of 2$/m);
    const { rows, sources } = parseStudy(readFileSync(join(out, "result.json"), "utf8"));
    for (const { first, second, chord, walk } of rows) {
      assert.deepEqual([first?.status, second?.status], ["built", "built"]);
      assert.equal(first?.narHash, second?.narHash);
      assert.match(first?.narHash ?? "", /^sha256:[0-9a-f]{64}$/);
      assert.ok(chord.length === 15 && walk.length > 0 && walk.length < 15);
    }
    assert.notEqual(rows[0]?.first?.narHash, rows[1]?.first?.narHash);
    assert.equal(sources["wall"], "monotonic clock");
    assert.match(readFileSync(join(out, "README.md"), "utf8"), /^\| 2 +\| 2 +\| reproduced/m);
    for (const name of ["frequencies", "builds"])
      assert.match(readFileSync(join(out, `${name}.svg`), "utf8"), /^<svg[^]*<\/svg>\n$/);
  } finally {
    removeTree(out);
  }
});

test("the published page and pictures are what the published rows give", () => {
  assert.ok(existsSync(join(FOLDER, "result.json")));
  const { status, stderr } = study("--check");
  assert.equal(status, 0, stderr);
});
