// The pages that people print: the same bytes for the same figures, well-formed, and without a figure that is none.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { drawCapability } from "#chart/capability-page.ts";
import { escapeMarkup } from "#base/escape.ts";
import { labelsOf, ticksOf } from "#chart/svg.ts";
import { individuals, judgeCapability } from "#stats/gate.ts";
import { peer } from "../rig/peer.ts";
import { normals } from "../stats/rig.ts";

const good = normals(3, 100, 0.2, 1.4);

test("the page is the same for the same figures, escapes what it shows, and holds them", () => {
  const groups = individuals(good);
  const result = judgeCapability({ groups }, { limits: { lower: -10, upper: 10, target: 0 } });
  const title = 'a<b>&"c"\u0000';
  const page = drawCapability({ result, groups, title });
  assert.equal(drawCapability({ result, groups, title }), page);
  assert.ok(!page.includes("<b>") && !page.includes("\u0000"));
  assert.ok(page.includes(escapeMarkup(title)));
  assert.ok(!/NaN|undefined|Infinity/.test(page));
  for (const figure of [result.within?.nearest.value, result.overall?.nearest.value, result.bound]) {
    assert.ok(page.includes(`>${figure?.toFixed(2)}<`));
  }
  assert.ok(page.includes(result.planDigest));
});

test(
  "the page is well-formed XML for subgroups, one limit, huge and tiny values",
  { skip: peer("xmllint") },
  () => {
    const cases: [number[][], object][] = [
      [individuals(good), { lower: -10 }],
      [Array.from({ length: 20 }, (_, at) => good.slice(5 * at, 5 * at + 5)), { upper: 9 }],
      [individuals(good.map((value) => value * 1e12)), { upper: 9e12, lower: -9e12 }],
      [individuals(good.map((value) => value * 1e-9 + 1)), { upper: 1.1 }],
      [individuals(normals(5, 3000)), { lower: -5, upper: 5 }],
      [[], { lower: 0 }],
    ];
    for (const [groups, limits] of cases) {
      const result = judgeCapability({ groups }, { limits });
      const page = drawCapability({ result, groups, title: "t" });
      const { status, stderr } = spawnSync("xmllint", ["--noout", "-"], { input: page, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.ok(!/NaN|undefined|Infinity/.test(page));
    }
  },
);

test("the page of very many values draws what can be seen of them, marks every signal and says so", () => {
  const many = normals(9, 9000, 0.2, 1.4);
  many[4321] = 60;
  const pageOf = (groups: number[][]) =>
    drawCapability({
      result: judgeCapability({ groups }, { limits: { lower: -10, upper: 10 } }),
      groups,
      title: "t",
    });
  const page = pageOf(individuals(many));
  assert.ok(page.length < 1_500_000, `${page.length}`);
  assert.match(page, /Of the 9000 points the charts draw/);
  // Among all others the one far value keeps its place in the line, and its mark.
  const marks = [...page.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)" r="3.6" class="out"/g)];
  const top = Math.min(...marks.map(([, y]) => Number(y)));
  const series = /<path d="([^"]*)" class="series"/.exec(page)?.[1] ?? "";
  assert.ok(
    series.split("L").some((point) => point.endsWith(` ${top}`)),
    `${top}`,
  );
  // Where nearly all are signals, and where a subgroup has thousands.
  const drift = pageOf(individuals(many.map((value, at) => value + at / 300)));
  assert.ok(drift.length < 2_000_000, `${drift.length}`);
  const groups = Array.from({ length: 10 }, (_, at) => many.slice(900 * at, 900 * at + 900));
  assert.ok(pageOf(groups).length < 1_000_000);
  assert.doesNotMatch(pageOf(individuals(good)), /column of pixels/);
  assert.match(pageOf(individuals(many.slice(0, 1000))), /lines of limits and zones over 1000 points/);
  assert.doesNotMatch(pageOf(individuals(many.slice(0, 999))), /column of pixels/);
});

test("no figure is cut off beside a heading, however large it is", () => {
  const groups = individuals(Array.from({ length: 80 }, (_, at) => 1 + (at % 2)));
  const result = judgeCapability({ groups }, { limits: { upper: 5 } });
  const page = drawCapability({ result, groups, title: "t" });
  assert.match(page, />p &lt; 0\.001</);
  assert.doesNotMatch(page, /\d\.\d*\u2026/);
});

test("axes have round numbers", () => {
  assert.deepEqual(ticksOf([0.03, 0.97], 5), [0.2, 0.4, 0.6000000000000001, 0.8]);
  assert.deepEqual(labelsOf(ticksOf([0.03, 0.97], 5)), ["0.2", "0.4", "0.6", "0.8"]);
  assert.deepEqual(labelsOf([-1, 0, 1]), ["-1", "0", "1"]);
  // Where the numbers of a domain can be counted on one hand.
  for (const [low, high] of [
    [1 - Number.EPSILON, 1 + 2 * Number.EPSILON],
    [-1e9 - 5e-7, -1e9 + 5e-7],
    [123_456_789, 123_456_789.000_000_1],
    [0, 5 * Number.MIN_VALUE],
  ] as const) {
    const labels = labelsOf(ticksOf([low, high], 5));
    assert.equal(new Set(labels).size, labels.length, labels.join(" "));
  }
});
