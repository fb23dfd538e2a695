// The study: what it draws from seeds, what it says of rows, and the whole of it with few variations.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "../../../src/base/files.ts";
import { renderChord } from "../sound/chord.ts";
import { outcomeOf, parseStudy, proportionBound, writePage, writeStudy, MARKS } from "../study/study.ts";
import type { Build, Row } from "../study/study.ts";
import { variationOf } from "../study/variation.ts";
import { sweep } from "../../../test/rig/peer.ts";

const FOLDER = join(import.meta.dirname, "../study");

function study(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ["--disable-warning=ExperimentalWarning", join(FOLDER, "run.ts"), ...words];
  return spawnSync(process.execPath, command, { encoding: "utf8" });
}

const BUILT: Build = { status: "built", drvPath: "/nix/store/a.drv", narHash: "sha256:aa", wallMs: 5 };

function rowOf(first: Partial<Build>, second: Partial<Build>, seed = 1): Row {
  const largestMicrohertz = { chord: 0.5, walk: 0.25 };
  return { seed, first: { ...BUILT, ...first }, second: { ...BUILT, ...second }, largestMicrohertz };
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
  const [first, second] = [1, 2].map((seed) => {
    const { chord, sampleRateHz } = variationOf(seed);
    return renderChord(chord.voices, sampleRateHz, chord.samples);
  });
  assert.equal(
    first?.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
    32_767,
  );
  assert.notDeepEqual(first, second);
});

test("only the same bytes of the same derivation, built twice, are reproduced", () => {
  assert.equal(outcomeOf(rowOf({}, {})), "reproduced");
  assert.equal(outcomeOf(rowOf({}, { narHash: "sha256:bb" })), "different");
  assert.equal(outcomeOf(rowOf({ drvPath: "/nix/store/b.drv" }, {})), "different");
  assert.equal(outcomeOf(rowOf({}, { status: "failed" })), "failed");
  assert.equal(outcomeOf(rowOf({ status: "cached" }, {})), "not-built-twice");
  assert.equal(outcomeOf(rowOf({ narHash: null }, { narHash: null })), "not-built-twice");
});

test("the bound on what does not reproduce is the exact one", () => {
  // Where nothing was seen it is 1 - 0.05^(1/n).
  assert.ok(Math.abs(proportionBound(0, 205) - (1 - 0.05 ** (1 / 205))) < 1e-9);
  assert.ok(Math.abs(proportionBound(2, 100) - 0.061_6) < 1e-4);
  assert.equal(proportionBound(3, 3), 1);
});

test("the page counts every row, and is refused without its marks", () => {
  const rows = [rowOf({}, {}, 1), rowOf({}, { narHash: "sha256:bb" }, 2)];
  const data = {
    startedAt: "2026-11-21T08:00",
    finishedAt: "2026-11-21T08:05",
    host: {},
    sandbox: "none",
    rows,
  };
  assert.deepEqual(parseStudy(writeStudy(data)), data);
  const page = writePage(`before\n${MARKS.begin}\nold\n${MARKS.end}\nafter\n`, data);
  assert.match(page, /^before\n[^]*- reproduced: 1 of 2\n- different: 1 of 2\n[^]*\nafter\n$/);
  assert.doesNotMatch(page, /old/);
  assert.throws(() => writePage("no marks", data), RangeError);
});

test(
  "npm run study with two variations: really built four times, compared, published",
  { skip: sweep() },
  () => {
    const out = mkdtempSync(join(tmpdir(), "pipelite-study-test-"));
    try {
      const { status, stdout, stderr } = study("--runs", "2", "--out", out);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^reproduced 2 of 2$/m);
      const { rows } = parseStudy(readFileSync(join(out, "result.json"), "utf8"));
      for (const { first, second } of rows) {
        assert.deepEqual([first.status, second.status], ["built", "built"]);
        assert.match(first.narHash ?? "", /^sha256:[0-9a-f]{64}$/);
        assert.equal(first.narHash, second.narHash);
      }
      assert.notEqual(rows[0]?.first.narHash, rows[1]?.first.narHash);
      assert.match(readFileSync(join(out, "README.md"), "utf8"), /^- reproduced: 2 of 2$/m);
    } finally {
      removeTree(out);
    }
  },
);

test("the published page is what the published rows give", () => {
  const { status, stderr } = study("--check");
  assert.equal(status, 0, stderr);
});
