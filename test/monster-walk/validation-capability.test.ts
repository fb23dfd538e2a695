// Capability figures: against closed forms, against the sample sizes that the bound demands, and where they must refuse.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { estimateCapability } from "../../pipelines/monster-walk/checks/capability.ts";
import { hashTree } from "../../pipelines/monster-walk/checks/tree-hash.ts";
import { peer } from "../rig/peer.ts";

function group(values: readonly number[], uncertainty = 0) {
  return { name: "x", values, uncertainties: values.map(() => uncertainty) };
}

/** n values with mean 0 and standard deviation 1 exactly. */
function standardValues(n: number): number[] {
  const raw = Array.from({ length: n }, (_, index) =>
    index < 2 * Math.floor(n / 2) ? (index % 2 === 0 ? 1 : -1) : 0,
  );
  const scale = Math.sqrt((n - 1) / (2 * Math.floor(n / 2)));
  return raw.map((value) => value * scale);
}

test("the spread is pooled within subgroups, and the indices are the textbook's", () => {
  const capability = estimateCapability([group([1, 2, 3]), group([2, 4, 6])], { lower: -7, upper: 13 });
  assert.equal(capability.status, "estimated");
  assert.equal(capability.n, 6);
  assert.equal(capability.degreesOfFreedom, 4);
  assert.equal(capability.mean, 3);
  assert.equal(capability.withinDeviation, Math.sqrt(2.5));
  assert.equal(capability.overallDeviation, Math.sqrt(16 / 5));
  assert.equal(capability.cp, 20 / (6 * Math.sqrt(2.5)));
  assert.equal(capability.cpk, 10 / (3 * Math.sqrt(2.5)));
  assert.equal(capability.ppk, 10 / (3 * Math.sqrt(16 / 5)));
});

test("the lower bound of Cpk reaches 1.33 from n = 37 on for 1.67, 117 for 1.5 and 14 for 2.0", () => {
  for (const [cpk, n] of [
    [1.67, 37],
    [1.5, 117],
    [2, 14],
  ] as const) {
    const boundOf = (count: number) =>
      estimateCapability([group(standardValues(count))], { lower: -3 * cpk, upper: 3 * cpk }).cpkLowerBound ??
      0;
    assert.ok(boundOf(n) >= 1.33, `${cpk} with ${n}: ${boundOf(n)}`);
    assert.ok(boundOf(n - 1) < 1.33, `${cpk} with ${n - 1}: ${boundOf(n - 1)}`);
  }
});

test("nothing is computed of one value, of none, or of values without any spread or uncertainty", () => {
  for (const groups of [[], [group([440])], [group([1]), group([2])], [group([5, 5, 5])]]) {
    const capability = estimateCapability(groups, { lower: -1, upper: 1 });
    assert.equal(capability.status, "not-computable");
    assert.deepEqual(
      [capability.cp, capability.cpk, capability.cpkLowerBound, capability.ppk],
      [null, null, null, null],
    );
  }
  assert.throws(() => estimateCapability([group([1, 2])], { lower: 1, upper: 1 }), RangeError);
});

test("a spread that the measuring explains gives lower bounds, computed with the uncertainty", () => {
  const still = estimateCapability([group([0.1, 0.1, 0.1], 0.2)], { lower: -1, upper: 1 });
  assert.equal(still.status, "gauge-limited");
  assert.ok(Math.abs((still.cpk ?? 0) - 0.9 / 0.6) < 1e-12);
  const wide = estimateCapability([group([-1, 0, 1], 0.01)], { lower: -9, upper: 9 });
  assert.equal(wide.status, "estimated");
  assert.equal(wide.distinctCategories, 140);
});

test("hashTree() gives the hash that Nix gives", { skip: peer("nix-hash") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-tree-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "sub/empty"), { recursive: true });
  writeFileSync(join(folder, "sub/a file"), "hello");
  writeFileSync(join(folder, "Ä"), "");
  writeFileSync(join(folder, "run"), "#!/bin/sh\n");
  chmodSync(join(folder, "run"), 0o755);
  symlinkSync("sub/a file", join(folder, "link"));
  const { stdout } = spawnSync("nix-hash", ["--type", "sha256", folder], { encoding: "utf8" });
  const tree = hashTree(folder);
  assert.equal(`${tree.narSha256}\n`, stdout);
  assert.deepEqual(
    tree.files.map((file) => file.name),
    ["run", "sub/a file", "Ä"],
  );
});
