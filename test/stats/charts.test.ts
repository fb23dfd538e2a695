import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  chartCusum,
  chartEwma,
  chartIndividuals,
  chartMeansAndDeviations,
  chartMeansAndRanges,
  pointsOutside,
} from "#stats/charts.ts";
import { c4, d2, d3 } from "#stats/constants.ts";
import { studyGauge } from "#stats/gauge.ts";
import { meanOf } from "#stats/moments.ts";
import { detectDrift, detectRegression } from "#stats/regression.ts";
import { findSignals, findViolations, NELSON, WESTERN_ELECTRIC, type Rule } from "#stats/rules.ts";
import { judgeStability } from "#stats/stability.ts";
import { peer } from "../rig/peer.ts";
import { assertDigits, createNormal, normals, runR, vector } from "./rig.ts";

const flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

test("NIST handbook 6.3.2.2: individuals and moving ranges of the flow rate", () => {
  const { location, spread } = chartIndividuals(flow);
  assertDigits(location.centre, 50.81, 15);
  // The handbook takes d2 = 1.128: its last digits are not ours.
  assertDigits(location.upper[0], 55.8041, 4);
  assertDigits(location.lower[0], 45.8159, 4);
  assertDigits(spread.centre, 1.8778, 4);
  assertDigits(spread.upper[0], 6.1349, 3);
  assert.equal(spread.lower[0], 0);
  assert.deepEqual(pointsOutside(location), []);
});

test("means with ranges and deviations: limits from computed constants, also for unequal sizes", () => {
  const values = normals(31, 100, 74, 0.01);
  const groups = Array.from({ length: 20 }, (_, index) => values.slice(5 * index, 5 * index + 5));
  const ranges = chartMeansAndRanges(groups);
  const meanRange = ranges.spread.points.reduce((a, b) => a + b) / 20;
  assertDigits(ranges.spread.centre, meanRange, 13);
  assertDigits(ranges.spread.upper[0], meanRange * (1 + (3 * d3(5)) / d2(5)), 12, "D4");
  assertDigits((ranges.location.upper[0] ?? 0) - ranges.location.centre, meanRange * 0.5768, 3, "A2");
  const deviations = chartMeansAndDeviations(groups);
  const meanS = deviations.spread.points.reduce((a, b) => a + b) / 20;
  assertDigits(deviations.spread.upper[0], meanS * (1 + (3 * Math.sqrt(1 - c4(5) ** 2)) / c4(5)), 12, "B4");
  assert.equal(deviations.spread.lower[0], 0);
  const unequal = chartMeansAndRanges([
    [1, 2, 3],
    [2, 4],
    [1, 5, 2, 2],
  ]);
  assert.ok((unequal.location.upper[0] ?? 0) < (unequal.location.upper[1] ?? 0));
  const given = chartIndividuals(flow, { centre: 50, sigma: 1 });
  assert.deepEqual(pointsOutside(given.location), [9]);
});

const zones = { centre: 0, sigma: 1 };
const repeat = (value: number, times: number) => Array.from({ length: times }, () => value);
const rising = [1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1];
// Indices as the tests of R's qcc publish them.
const published: [Rule, number[], number[]][] = [
  ["WER1", [0, 3.2, -3.5, 2.9], [2, 3]],
  ["WER2", [0, 2.5, 1, 2.6, 0], [4]],
  ["WER3", [0, 1.2, 1.3, 0.2, 1.4, 1.5], [6]],
  ["WER4", [...repeat(-1, 8), 1], [8]],
  ["WER4", [...repeat(2.5, 7), 3.2], [8]],
  ["WER3", [...repeat(2.5, 7), 3.2], [5, 6, 7, 8]],
  ["WER2", [...repeat(2.5, 7), 3.2], [3, 4, 5, 6, 7, 8]],
  ["WER1", [...repeat(2.5, 7), 3.2], [8]],
  // A point that is not beyond itself gives no signal.
  ["WER2", [2.5, 2.6, 0], []],
  ["NEL1", [0, 3.2, -3.4, 3], [2, 3]],
  ["NEL2", [...repeat(0.5, 10), ...repeat(-0.5, 10)], [9, 10, 19, 20]],
  ["NEL3", rising, [6, 7, 13, 14]],
  ["NEL4", [1, 3, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8, 7, 9, 8], [14, 15]],
  ["NEL5", [0, 2.3, 0.4, 2.2, -2.4, -0.2, -2.5], [4, 7]],
  ["NEL6", [1.2, 1.3, 0.2, 1.4, 1.5, -1.2, -1.3, -0.1, -1.4, -1.5], [5, 10]],
  ["NEL7", [...repeat(0.3, 16), 1.2], [15, 16]],
  ["NEL8", [1.2, -1.3, 1.1, -1.4, 1.5, -1.2, 1.3, -1.1, 0.2], [8]],
  ["NEL8", repeat(1.2, 8), []],
];

for (const [index, [rule, values, points]] of published.entries()) {
  test(`rule ${rule} signals at qcc's indices (${index + 1})`, () => {
    assert.deepEqual(findViolations(values, zones, rule), points);
  });
}

test("rules: a mirrored series signals at the same points, and no rule at all on nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { maxLength: 40 }), (values) => {
      for (const rule of [...WESTERN_ELECTRIC, ...NELSON]) {
        const mirrored = values.map((value) => -value);
        assert.deepEqual(findViolations(mirrored, zones, rule), findViolations(values, zones, rule), rule);
      }
    }),
  );
  assert.deepEqual(findSignals([], zones, NELSON), []);
  const [first] = findSignals([0, 5], { centre: 0, sigma: [1, 1] }, ["WER1"]);
  assert.deepEqual(first, { rule: "WER1", meaning: "one point beyond 3 sigma", points: [2] });
});

test("EWMA: qcc's published points and limits", () => {
  const { points, lower, upper, violations } = chartEwma([11, 13, 12], {
    centre: 10,
    sigma: 2,
    lambda: 0.5,
    width: 2,
  });
  assert.deepEqual(points, [10.5, 11.75, 11.875]);
  for (const [index, sigma] of [1, Math.sqrt(1.25), Math.sqrt(1.3125)].entries()) {
    assertDigits(lower[index], 10 - 2 * sigma, 14);
    assertDigits(upper[index], 10 + 2 * sigma, 14);
  }
  assert.deepEqual(violations, []);
  assert.deepEqual(chartEwma([0, 0, 0, 5], { centre: 0, sigma: 1, lambda: 1, width: 2 }).violations, [4]);
  assert.throws(() => chartEwma([1], { centre: 0, sigma: 1, lambda: 1.2 }), RangeError);
});

test("CUSUM: qcc's published sums and strict limits", () => {
  const options = { centre: 0, sigma: 1, interval: 1, shift: 1 };
  const { high, low, violations } = chartCusum([1.5, 0.5, 0.6, -1.5, -0.5, -0.8], options);
  [1, 1, 1.1, 0, 0, 0].forEach((value, index) => assert.ok(Math.abs((high[index] ?? 9) - value) < 1e-12));
  [0, 0, 0, -1, -1, -1.3].forEach((value, index) => assert.ok(Math.abs((low[index] ?? 9) - value) < 1e-12));
  assert.deepEqual(violations, { high: [3], low: [6] });
  assert.throws(() => chartCusum([1], { ...options, headStart: 1 }), RangeError);
});

test("stability: a good series is seldom refused, a shift and an outlier always", () => {
  const normal = createNormal(2);
  const series = (n: number) => Array.from({ length: n }, () => [normal()]);
  const refused = Array.from({ length: 200 }, () => judgeStability(series(60))).filter(
    (each) => each?.isStable === false,
  );
  assert.ok(refused.length < 30, `${refused.length} of 200 good series were refused`);
  for (let count = 0; count < 20; count += 1) {
    const shifted = series(60).map(([value = 0], index) => [value + (index < 30 ? 0 : 2.5)]);
    assert.equal(judgeStability(shifted)?.isStable, false);
    const spiked = series(60).map(([value = 0], index) => [index === 20 ? 9 : value]);
    assert.equal(judgeStability(spiked)?.isStable, false);
  }
  const wide = Array.from({ length: 20 }, (_, index) => normals(40 + index, 5, 0, index === 4 ? 9 : 1));
  assert.equal(judgeStability(wide)?.isStable, false);
  assert.equal(judgeStability([[1]]), undefined);
  assert.equal(judgeStability([[1], [1], [1]]), undefined);
});

test("stability: a long run among many crossings is a run, a slow wave crosses too seldom", () => {
  const alternate = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 1 : -1));
  const run = judgeStability([...alternate, ...repeat(0.5, 12), ...alternate].map((value) => [value - 0.08]));
  assert.match(run?.reason ?? "", /^1\d points in a row lie on one side of the centre$/);
  const wave = Array.from({ length: 60 }, (_, index) => [
    (Math.floor(index / 6) % 2) * 2 - 1 + (index % 2) * 0.9,
  ]);
  assert.match(judgeStability(wave)?.reason ?? "", /crosses its centre only/);
});

/** Readings of parts by operators in trials, with known deviations. */
function readings(seed: number, deviations: { part: number; operator: number; error: number }): number[][][] {
  const normal = createNormal(seed);
  const operators = [0, 1, 2].map(() => deviations.operator * normal());
  return Array.from({ length: 10 }, () => {
    const part = 100 + deviations.part * normal();
    return operators.map((operator) => [0, 1, 2].map(() => part + operator + deviations.error * normal()));
  });
}

test("gauge study: a good gauge is acceptable, a poor one is not, one without spread is not computable", () => {
  const good = studyGauge(readings(8, { part: 5, operator: 0.1, error: 0.2 }), { tolerance: 40 });
  assert.equal(good.verdict, "acceptable");
  assert.ok((good.distinctCategories ?? 0) >= 5);
  const share = (name: string) => good.components.find(({ source }) => source === name);
  assertDigits((share("gauge")?.contribution ?? 0) + (share("part")?.contribution ?? 0), 100, 12);
  assertDigits(share("gauge")?.tolerance, (600 * (share("gauge")?.deviation ?? 0)) / 40, 13);
  const poor = studyGauge(readings(9, { part: 1, operator: 1, error: 2 }));
  assert.equal(poor.verdict, "unacceptable");
  assert.equal(poor.distinctCategories, 0);
  const flat = studyGauge([0, 1].map((part) => [0, 1].map(() => [part, part])));
  assert.equal(flat.verdict, "not-computable");
  assert.equal(flat.distinctCategories, null);
  assert.throws(
    () =>
      studyGauge([
        [
          [1, 2],
          [1, 2],
        ],
        [[1, 2], [1]],
      ]),
    RangeError,
  );
  assert.throws(
    () =>
      studyGauge([
        [[1], [2]],
        [[1], [2]],
      ]),
    RangeError,
  );
});

test("R's aov agrees with the gauge study, pooled and not", { skip: peer("Rscript") }, () => {
  const data = readings(12, { part: 3, operator: 1, error: 0.5 });
  // An interaction that counts: one operator reads one part high.
  const crossed = data.map((part, p) =>
    part.map((cell, o) => cell.map((value) => value + (p === 3 && o === 1 ? 4 : 0))),
  );
  for (const each of [data, crossed]) {
    const flat = each.flatMap((part, p) =>
      part.flatMap((cell, o) => cell.map((value) => [value, p, o] as const)),
    );
    const column = (index: 0 | 1 | 2) => vector(flat.map((row) => row[index]));
    const frame = `data.frame(y=${column(0)}, p=factor(${column(1)}), o=factor(${column(2)}))`;
    const [squares = [], f = []] = runR(
      `summary(aov(y ~ p * o, ${frame}))[[1]][["Sum Sq"]]`,
      `summary(aov(y ~ p * o, ${frame}))[[1]][["F value"]][3]`,
    );
    const unpooled = studyGauge(each, { alpha: 1 });
    for (const [index, row] of unpooled.table.entries())
      assertDigits(row.sumOfSquares, squares[index] ?? 0, 9, row.source);
    assertDigits(unpooled.table[2]?.f, f[0] ?? 0, 8);
    const study = studyGauge(each);
    assert.equal(study.isPooled, each === data);
    const wanted = each === data ? (squares[2] ?? 0) + (squares[3] ?? 0) : (squares[3] ?? 0);
    assertDigits(study.table[3]?.sumOfSquares, wanted, 9);
    const part = study.components.find(({ source }) => source === "part");
    const [mp, mpo, me] = [0, 2, 3].map((row) => study.table[row]?.meanSquare ?? 0) as [
      number,
      number,
      number,
    ];
    assertDigits(part?.variance, (mp - (study.isPooled ? me : mpo)) / 9, 12);
  }
});

test("history: a slower run is a regression, a quicker one an improvement, the usual one neither", () => {
  const before = normals(21, 30, 1000, 10);
  assert.equal(detectRegression([...before, 1100]).status, "regressed");
  assert.equal(detectRegression([...before, 900]).status, "improved");
  assert.equal(detectRegression([...before, 900], { direction: "lower-is-worse" }).status, "regressed");
  assert.equal(detectRegression([...before, 1003]).status, "unchanged");
  assert.equal(detectRegression([...before, 1100], { tolerance: 0.2 }).status, "unchanged");
  // One bad run of the past hides nothing.
  assert.equal(detectRegression([...before, 90_000, 1100]).status, "regressed");
  assert.equal(detectRegression([1, 2, 3]).status, "not-computable");
  assert.equal(detectRegression([]).status, "not-computable");
  assert.equal(detectRegression([...repeat(5, 20), 6]).status, "not-computable");
  assert.equal(detectRegression([...repeat(5, 20), 5]).status, "unchanged");
  assert.equal(detectRegression([...repeat(5, 20), 6], { tolerance: 0.1 }).status, "regressed");
});

test("drift: Page and Hinkley find a small shift that stays, and leave a stable series alone", () => {
  const baseline = { mean: 0, deviation: 1 };
  const stable = normals(22, 200);
  assert.equal(detectDrift(stable, { baseline }).alarm, null);
  const shifted = stable.map((value, index) => value - (index < 100 ? 0 : 1.5));
  const { alarm } = detectDrift(shifted, { baseline });
  assert.equal(alarm?.direction, "down");
  assert.ok((alarm?.point ?? 0) > 100 && (alarm?.point ?? 0) < 120);
  assert.throws(() => detectDrift([1], { baseline: { mean: 0, deviation: 0 } }), RangeError);
});

test("a subgroup of one value has its place in the charts, and is looked at with the others", () => {
  const groups = Array.from({ length: 20 }, (_, at) => normals(at + 1, 5, 50));
  const far = [...groups.slice(0, 7), [70], ...groups.slice(7)];
  const judged = judgeStability(far);
  assert.ok(judged);
  assert.equal(judged.isStable, false);
  assert.match(judged.reason, /further out than chance/);
  const { location, spread } = judged.charts;
  assert.deepEqual([location.points.length, location.points[7], spread.points[7]], [21, 70, 0]);
  assertDigits(location.centre, meanOf(far.flat()), 15);
  assertDigits((location.upper[7] ?? 0) - location.centre, 3 * judged.charts.sigma, 13);
  assert.deepEqual([spread.lower[7], spread.upper[7], spread.centres[7]], [0, 0, 0]);
  assert.deepEqual(judged.signals.find(({ rule }) => rule === "WER1")?.points, [8]);
  assert.ok(!judged.spreadOutside.includes(8));
  // One in its usual place changes nothing but its own point.
  const usual = judgeStability([...groups, [50]]);
  const without = judgeStability(groups);
  assert.deepEqual([usual?.isStable, usual?.charts.sigma], [without?.isStable, without?.charts.sigma]);
  assert.deepEqual(usual?.charts.spread.points.slice(0, 20), without?.charts.spread.points);
  assertDigits(usual?.charts.spread.centre, without?.charts.spread.centre ?? 0, 15);
});
