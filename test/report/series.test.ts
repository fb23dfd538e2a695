// The values behind a claim on capability, as the charts of the report take them.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { readClaimSeries } from "#report/series.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-series-"));
after(() => rmSync(base, { recursive: true }));
const PATH = `/nix/store/${"0".repeat(32)}-rings`;
mkdirSync(join(base, "rings"));
writeFileSync(
  join(base, "rings/x.json"),
  JSON.stringify({
    groups: [
      [1, 2],
      [3, 4],
    ],
    nominal: 2,
  }),
);

function seriesOf(formula: string) {
  const home = { physical: () => join(base, "rings") } as unknown as Home;
  const evidence = [`${PATH}/x.json#/groups`, `${PATH}/x.json#/nominal`];
  const claims = [{ id: "rings/c", formula, evidence, status: "passed" }];
  return readClaimSeries(home, { claims } as unknown as RunRecord).map(({ groups, limits }) => [
    groups,
    limits?.lower,
    limits?.upper,
  ]);
}

test("of a formula what groups and limits rest on is computed, and nothing else", () => {
  const groups = [
    [1, 2],
    [3, 4],
  ];
  assert.deepEqual(seriesOf("cpk($1, 0, 5)"), [[groups, 0, 5]]);
  // `none` gives no number: whoever computes it has no series.
  assert.deepEqual(seriesOf("none = sqrt(0 - 1); cpk($1, 0, 5)"), [[groups, 0, 5]]);
  assert.deepEqual(
    seriesOf(
      "half = 3; lower = $2 - half; half = 4; upper = $2 + half; none = ln(0); r = cpk($1, lower, upper); r",
    ),
    [[groups, -1, 6]],
  );
  assert.deepEqual(seriesOf("none = sqrt(0 - 1); cpk($1 + none, 0, 5)"), []);
});
