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

test("axes have round numbers", () => {
  assert.deepEqual(ticksOf([0.03, 0.97], 5), [0.2, 0.4, 0.6000000000000001, 0.8]);
  assert.deepEqual(labelsOf(ticksOf([0.03, 0.97], 5)), ["0.2", "0.4", "0.6", "0.8"]);
  assert.deepEqual(labelsOf([-1, 0, 1]), ["-1", "0", "1"]);
});
