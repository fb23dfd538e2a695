// Control charts over series whose signals are known beforehand.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { drawTrend } from "#chart/trend-page.ts";
import { displayOf } from "#history/display.ts";
import type { MeasuredSeries } from "#history/series.ts";
import { judgeTrend, type SignalRule } from "#history/trend.ts";
import { NELSON } from "#stats/rules.ts";
import { runIdAt } from "./rig.ts";

test("a page of many values says what it draws with fewer corners, or once; one of fewer says nothing", () => {
  const pageOf = (count: number, last?: number) => {
    const values = Array.from({ length: count }, (_, at) => 100 + ((at * 7) % 11));
    const trend = judgeTrend(seriesOf(values));
    return drawTrend({ trend, display: displayOf(trend), last });
  };
  assert.match(pageOf(2500), /lines of limits and zones over 2500 points[^]*Marks that lie on one another/);
  assert.match(pageOf(2500, 1200), /lines of limits and zones over 1200 points/);
  assert.doesNotMatch(pageOf(2500, 1200), /Marks that lie/);
  assert.doesNotMatch(pageOf(2500, 999), /column of pixels|Marks that lie/);
  assert.doesNotMatch(pageOf(999), /column of pixels|Marks that lie/);
});

function seriesOf(values: readonly number[], more: Partial<MeasuredSeries> = {}): MeasuredSeries {
  const points = values.map((value, at) => ({
    runId: runIdAt(at),
    startedAt: "2026-11-01",
    value,
    host: "one",
  }));
  return {
    pipeline: "walk",
    subject: "audio/wall",
    kind: "stage",
    stage: "audio",
    figure: "wall",
    claims: ["audio/wall"],
    unit: "ms",
    points,
    otherUnits: 0,
    ...more,
  };
}

/** Normal values by Box and Muller from a generator of Lehmer's: the same for the same seed, on every machine. */
function normals(seed: number, count: number): number[] {
  let state = seed * 7919 + 1;
  const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let warm = 0; warm < 10; warm += 1) uniform();
  return Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** 20 values around 100 whose mean is 100 and whose moving ranges are all 2. */
const STEADY = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 99 : 101));
const STEADY_SIGMA = 2 / 1.1283791670955126;

function rulesAt(values: readonly number[], at: number, more?: Partial<MeasuredSeries>): SignalRule[] {
  const { signals } = judgeTrend(seriesOf(values, more), { rules: NELSON });
  return signals.filter(({ runs }) => runs.at(-1) === runIdAt(at)).map(({ rule }) => rule);
}

test("limits are those of the baseline: mean and mean moving range of its values, whatever comes later", () => {
  for (const later of [[], [100], [130, 70, 500]]) {
    const { limits, baseline } = judgeTrend(seriesOf([...STEADY, ...later]));
    assert.equal(baseline?.n, 20);
    assert.deepEqual([baseline.first, baseline.last], [runIdAt(0), runIdAt(19)]);
    assert.ok(Math.abs(baseline.centre - 100) < 1e-12);
    assert.ok(Math.abs(baseline.sigma - STEADY_SIGMA) < 1e-12);
    assert.ok(Math.abs((limits?.upper ?? 0) - (100 + 3 * STEADY_SIGMA)) < 1e-9);
    assert.ok(Math.abs((limits?.lower ?? 0) - (100 - 3 * STEADY_SIGMA)) < 1e-9);
  }
});

test("no limit of a time is below 0; one of a check may be", () => {
  const wide = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 1 : 99));
  assert.equal(judgeTrend(seriesOf(wide)).limits?.lower, 0);
  assert.ok((judgeTrend(seriesOf(wide, { kind: "check" })).limits?.lower ?? 0) < -200);
});

test("a value beyond 3 sigma is a signal of that run alone, with its value and limits", () => {
  const trend = judgeTrend(seriesOf([...STEADY, 100, 106, 100]));
  const found = trend.signals.filter(({ rule }) => rule === "WER1");
  assert.equal(found.length, 1);
  const [signal] = found;
  assert.deepEqual(signal?.runs, [runIdAt(21)]);
  assert.deepEqual(
    [signal.value, signal.statistic, signal.direction, signal.unit],
    [106, 106, "above", "ms"],
  );
  assert.deepEqual(signal.limits, trend.limits);
  assert.deepEqual(signal.baseline, { first: runIdAt(0), last: runIdAt(19), n: 20 });
  assert.equal(trend.status, "in-control");
  assert.equal(judgeTrend(seriesOf([...STEADY, 106])).status, "out-of-control");
});

test("each pattern is found at the run that completes it, with the runs that make it", () => {
  const expectRuns = (values: number[], rule: SignalRule, runs: number) => {
    const { signals } = judgeTrend(seriesOf([...STEADY, ...values]), { rules: NELSON });
    const last = signals.findLast((signal) => signal.rule === rule);
    assert.equal(last?.runs.at(-1), runIdAt(19 + values.length), rule);
    assert.equal(last.runs.length, runs, rule);
  };
  expectRuns(
    Array.from({ length: 9 }, () => 100.5),
    "NEL2",
    9,
  );
  expectRuns([96.6, 97.6, 98.6, 99.6, 100.6, 101.6], "NEL3", 6);
  expectRuns([104, 100, 104], "NEL5", 3);
  expectRuns([102.5, 100, 102.5, 102.5, 102.5], "NEL6", 5);
  expectRuns([97, 105], "MR", 2);
});

test("a shift of 1.5 sigma is caught by the EWMA chart soon, seldom by single points", () => {
  const runs = 300;
  let byEwma = 0;
  let byPoint = 0;
  let delays = 0;
  for (let seed = 1; seed <= runs; seed += 1) {
    const noise = normals(seed, 60);
    const values = noise.map((each, at) => 100 + 2 * (each + (at >= 40 ? 1.5 : 0)));
    const { signals } = judgeTrend(seriesOf(values), { baseline: 40 });
    const after = (rule: SignalRule) =>
      signals.find((signal) => signal.rule === rule && (signal.runs.at(-1) ?? "") >= runIdAt(40));
    const found = after("EWMA");
    if (found !== undefined) {
      byEwma += 1;
      delays += Number.parseInt(found.runs.at(-1)?.split("-")[1] ?? "", 16) - 40;
    }
    if (after("WER1") !== undefined) byPoint += 1;
  }
  assert.ok(byEwma > 0.95 * runs, `${byEwma} of ${runs} by EWMA`);
  assert.ok(byPoint < byEwma, `${byPoint} by single points`);
  // Lucas and Saccucci (1990) have an average run length of 5.5 for known parameters.
  assert.ok(delays / byEwma < 8, `after ${delays / byEwma} runs`);
});

test("a steady process gives few signals: the rate of false alarms is that of the rules", () => {
  let alarms = 0;
  const [series, length] = [200, 100];
  for (let seed = 1; seed <= series; seed += 1) {
    const { signals } = judgeTrend(seriesOf(normals(seed, length + 100).map((each) => 50 + each)), {
      baseline: 100,
    });
    alarms += signals.filter(
      ({ rule, runs }) => rule === "WER1" && (runs.at(-1) ?? "") >= runIdAt(100),
    ).length;
  }
  const rate = alarms / (series * length);
  assert.ok(rate > 0.001 && rate < 0.006, `${rate}, 0.0027 with known limits`);
});

test("a drift that came to stay gives one alarm, with the runs since it began", () => {
  const trend = judgeTrend(seriesOf([...STEADY, ...STEADY, ...Array.from({ length: 12 }, () => 102.5)]));
  const found = trend.signals.filter(({ rule }) => rule === "DRIFT");
  assert.equal(found.length, 1);
  assert.equal(found[0]?.direction, "above");
  assert.ok((found[0]?.runs[0] ?? "") >= runIdAt(39));
  assert.ok((found[0]?.statistic ?? 0) > (found[0]?.limits.upper ?? Infinity));
});

test("the newest value of a time is a regression when it is slower than usual, never when it is faster", () => {
  assert.ok(rulesAt([...STEADY, 110], 20).includes("REGRESSION"));
  assert.ok(!rulesAt([...STEADY, 90], 20).includes("REGRESSION"));
  assert.ok(!rulesAt([...STEADY, 110], 20, { kind: "check" }).includes("REGRESSION"));
  assert.ok(!rulesAt([...STEADY, 110, 100], 20).includes("REGRESSION"));
});

test("a value that never varied has no limits, and says whether later ones differ", () => {
  const constant = Array.from({ length: 20 }, () => 71);
  const same = judgeTrend(seriesOf([...constant, 71]));
  assert.equal(same.status, "not-computable");
  assert.match(same.reason, /all 71: without spread there are no control limits$/);
  const changed = judgeTrend(seriesOf([...constant, 71, 70]));
  assert.equal(changed.status, "not-computable");
  assert.match(changed.reason, /1 later values differ, the newest is 70/);
  assert.deepEqual(changed.signals, []);
});

test("values that no chart can hold are said to be so, and never to be all the same", () => {
  const pairs = (low: number, high: number) => Array.from({ length: 30 }, (_, at) => (at % 2 ? low : high));
  for (const values of [pairs(-1.7e308, 1.7e308), pairs(1e308, 1.5e308)]) {
    const { status, reason, signals } = judgeTrend(seriesOf(values));
    assert.deepEqual([status, signals], ["not-computable", []]);
    assert.match(reason, /than a number of 64 bits can be/);
  }
  const once = Array.from({ length: 20 }, (_, at) => (at === 7 ? 5e-324 : 0));
  assert.doesNotMatch(judgeTrend(seriesOf(once)).reason, /are all/);
});

test("too few values are said to be few", () => {
  assert.match(judgeTrend(seriesOf([])).reason, /^no value, at least 2/);
  assert.match(judgeTrend(seriesOf([1])).reason, /^one value, at least 2/);
  const small = judgeTrend(seriesOf([1, 2, 3]));
  assert.equal(small.status, "in-control");
  assert.match(small.notes.join("\n"), /3 values only/);
});

test("what a chart takes for granted is checked, and told when it does not hold", () => {
  const noteOf = (values: readonly number[], more?: Partial<MeasuredSeries>) =>
    judgeTrend(seriesOf(values, more), { baseline: 60 }).notes.join("\n");
  const good = normals(3, 60);
  assert.equal(noteOf(good), "");
  assert.match(noteOf(good.map((each) => Math.exp(2 * each))), /not normal/);
  let sum = 0;
  assert.match(noteOf(good.map((each) => (sum = 0.9 * sum + each))), /depend on those before/);
  const points = seriesOf(good).points.map((point, at) => ({ ...point, host: at % 2 === 0 ? "one" : "two" }));
  assert.match(noteOf(good, { points }), /2 different machines/);
  assert.match(noteOf(good, { otherUnits: 3 }), /3 values in another unit than ms/);
  assert.match(
    noteOf([...good.slice(0, 30), 40, ...good.slice(30)]),
    /baseline itself is not stable: a point lies further out/,
  );
});

test("--from starts a new baseline", () => {
  const values = [...STEADY, ...STEADY.map((value) => value + 50)];
  assert.equal(judgeTrend(seriesOf(values)).status, "out-of-control");
  const { status, n, baseline } = judgeTrend(seriesOf(values), { from: runIdAt(20) });
  assert.deepEqual([status, n, baseline?.first], ["in-control", 20, runIdAt(20)]);
});

const anyValues = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 60 });

test("property: what is said of a run does not change when later runs come", () => {
  fc.assert(
    fc.property(anyValues, fc.nat(60), (values, cut) => {
      const early = values.slice(0, Math.max(20, cut));
      const till = runIdAt(early.length - 1);
      const of = (all: readonly number[]) =>
        judgeTrend(seriesOf(all)).signals.filter(
          ({ rule, runs }) => rule !== "REGRESSION" && (runs.at(-1) ?? "") <= till,
        );
      assert.deepEqual(of(values), of(early));
    }),
  );
});

test("property: signals do not depend on the unit", () => {
  fc.assert(
    fc.property(anyValues, (values) => {
      const rules = (all: readonly number[]) =>
        judgeTrend(seriesOf(all), { rules: NELSON }).signals.map(({ rule, runs }) => [rule, runs]);
      assert.deepEqual(rules(values.map((value) => value * 1024)), rules(values));
    }),
  );
});

test("the picture is the same for the same figures, holds no figure that is none, and escapes names", () => {
  const evil = "<script>&\"'";
  for (const values of [
    [],
    [1],
    [5, 5, 5],
    [...STEADY, 110],
    normals(9, 400).map((each) => 1e8 + 1e6 * each),
  ]) {
    const trend = judgeTrend(seriesOf(values, { pipeline: evil, subject: evil, unit: "B" }));
    for (const last of [undefined, 1, 7]) {
      const page = { trend, display: displayOf(trend), last };
      const svg = drawTrend(page);
      assert.equal(drawTrend(page), svg);
      assert.doesNotMatch(svg, /NaN|Infinity|undefined|<script>/);
      assert.match(svg, trend.charts === null ? /not computable/ : /UCL/);
    }
  }
});
