import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeCapability, individuals, type CapabilityPlan, type CapabilityResult } from "#stats/gate.ts";
import { c4, d2, d3 } from "#stats/constants.ts";
import { computeIndices, describeGroups, exactOneSidedBound, percentileIndices } from "#stats/indices.ts";
import { noncentralStudentTail } from "#stats/distributions.ts";
import { autocorrelationOf, deviationOf, quantileOf } from "#stats/moments.ts";
import { andersonDarling, shapiroWilk, testIndependence } from "#stats/normality.ts";
import { estimateSigma, type SigmaMethod } from "#stats/sigma.ts";
import { peer } from "../rig/peer.ts";
import { assertDigits, createRandom, normals, readRows, runR, vector } from "./rig.ts";

const michelson = readRows("michelso").flat();

test("NIST StRD Michelso: sigma within, normality and indices", () => {
  const groups = individuals(michelson);
  const limits = { lower: 299.6, upper: 300.1 };
  const [within, overall] = (["moving-range", "overall"] as const).map((method) =>
    computeIndices({ ...describeGroups(groups), sigma: estimateSigma(groups, method) }, limits),
  );
  assertDigits(within?.sigma.value, 0.0465492931, 8);
  assertDigits(within?.spread?.value, 1.79021695, 8);
  assertDigits(within?.nearest.value, 1.77303087, 8);
  assertDigits(overall?.spread?.value, 1.0547115, 8);
  assertDigits(overall?.nearest.value, 1.04458627, 8);
  const darling = andersonDarling(michelson);
  assertDigits(darling?.statistic, 0.46076386, 7);
  assertDigits(darling?.adjusted, 0.46432326, 7);
  assertDigits(darling?.p, 0.2549567, 6);
  const wilk = shapiroWilk(michelson);
  assertDigits(wilk?.statistic, 0.98807437, 7);
  assertDigits(wilk?.p, 0.513704, 6);
});

/** The grid of qcc's tests of processCapability. */
const grid = [
  [10, 10.02, 9.98, 10.01],
  [10.03, 9.99, 10.01, 10],
  [9.97, 10.04, 10.02, 9.99],
];

test("qcc's published indices and intervals, with its d2 and its degrees of freedom", () => {
  const own = estimateSigma(grid, "range");
  assertDigits((own.value * 6) / 0.2, 1 / 1.3725005, 7, "exact d2");
  const expected = (target: number, cpm: number, pp: [number, number, number]) => {
    const limits = { lower: 9.9, upper: 10.1, target };
    const described = describeGroups(grid);
    // qcc takes d2(4) = 2.059 and n - 1 degrees of freedom.
    const sigma = { ...own, value: (own.value * 2.0587507460079273) / 2.059, degreesOfFreedom: 11 };
    const { spread, lower, nearest, target: toTarget } = computeIndices({ ...described, sigma }, limits);
    const close = (actual: number | undefined, wanted: number) =>
      assert.ok(Math.abs((actual ?? 0) - wanted) < 6e-7, `${actual} is not ${wanted}`);
    close(spread?.value, 1.372667);
    close(spread?.interval.lower, 0.80846);
    close(spread?.interval.upper, 1.937713);
    close(lower?.value, 1.4413);
    close(nearest.value, 1.304033);
    close(nearest.interval.lower, 0.727408);
    close(nearest.interval.upper, 1.880659);
    close(toTarget?.value, cpm);
    const overall = computeIndices({ ...described, sigma: estimateSigma(grid, "overall") }, limits);
    close(overall.spread?.value, pp[0]);
    close(overall.nearest.value, pp[1]);
    close(overall.target?.value, pp[2]);
  };
  expected(10, 1.344463, [1.612598, 1.531968, 1.567395]);
  expected(10.02, 1.167834, [1.612598, 1.531968, 1.305161]);
});

test("one limit gives the one-sided index and no Cp", () => {
  const sigma = estimateSigma(grid, "overall");
  const { spread, lower, upper, nearest, target } = computeIndices(
    { ...describeGroups(grid), sigma },
    { upper: 10.1 },
  );
  assert.deepEqual([spread, lower, target], [null, null, null]);
  assert.equal(nearest.value, upper?.value);
  assert.throws(() => computeIndices({ ...describeGroups(grid), sigma }, {}), RangeError);
  assert.throws(() => computeIndices({ ...describeGroups(grid), sigma }, { lower: 2, upper: 1 }), RangeError);
});

test("the lower bound of 1.33 needs 37 values at Cpk 1.67, 117 at 1.5 and 14 at 2", () => {
  for (const [value, needed] of [
    [1.67, 37],
    [1.5, 117],
    [2, 14],
  ] as const) {
    const bound = (n: number) => {
      const sigma = { method: "overall" as const, value: 1, degreesOfFreedom: n - 1 };
      return computeIndices({ n, mean: 0, sigma }, { lower: -3 * value, upper: 3 * value }).nearest
        .lowerBound;
    };
    assert.ok(bound(needed) >= 1.33 && bound(needed - 1) < 1.33, `${value}: ${bound(needed)}`);
  }
});

test("the exact one-sided bound is the index that would give the estimate with that probability", () => {
  const bound = exactOneSidedBound(1.5, 30, 29, 0.05);
  assertDigits(
    noncentralStudentTail(1.5 * 3 * Math.sqrt(30), 29, bound * 3 * Math.sqrt(30), "upper"),
    0.05,
    9,
  );
});

test("every estimator of sigma: values by hand, and all near the truth on many values", () => {
  const groups = [
    [1, 3],
    [2, 6],
  ];
  const by = (method: SigmaMethod) => estimateSigma(groups, method).value;
  assertDigits(by("range"), (3 * Math.sqrt(Math.PI)) / 2, 14);
  assertDigits(by("pooled"), Math.sqrt((2 + 8) / 2), 15);
  assertDigits(by("standard-deviation"), ((Math.SQRT2 + Math.sqrt(8)) / 2) * Math.sqrt(Math.PI / 2), 14);
  assertDigits(by("overall"), deviationOf([1, 3, 2, 6]), 15);
  assertDigits(by("moving-range"), ((2 + 1 + 4) / 3) * (Math.sqrt(Math.PI) / 2), 14);
  assertDigits(by("median-moving-range"), 2 / 0.9538725524, 9);
  assertDigits(by("pooled-unbiased"), Math.sqrt(5) / 0.886226925452758, 13);
  const values = normals(5, 4000, 10, 2);
  const subgroups = Array.from({ length: 800 }, (_, index) => values.slice(5 * index, 5 * index + 5));
  for (const method of [
    "moving-range",
    "median-moving-range",
    "range",
    "standard-deviation",
    "pooled",
  ] as const) {
    assert.ok(Math.abs(estimateSigma(subgroups, method).value - 2) < 0.08, method);
  }
});

test("subgroups of different sizes are weighted by the precision of each, and equal ones alike", () => {
  // Two estimates of sigma: 4 / d2(2) of variance (d3 / d2)^2 each, and 6 / d2(5).
  const groups = [
    [0, 4],
    [1, 7, 3, 4, 5],
  ];
  const weights = [2, 5].map((n) => (d2(n) / d3(n)) ** 2) as [number, number];
  const ranges = (weights[0] * (4 / d2(2)) + weights[1] * (6 / d2(5))) / (weights[0] + weights[1]);
  assertDigits(estimateSigma(groups, "range").value, ranges, 14);
  const precision = [2, 5].map((n) => c4(n) ** 2 / (1 - c4(n) ** 2)) as [number, number];
  const [s2, s5] = [deviationOf([0, 4]) / c4(2), deviationOf([1, 7, 3, 4, 5]) / c4(5)];
  const deviations = (precision[0] * s2 + precision[1] * s5) / (precision[0] + precision[1]);
  assertDigits(estimateSigma(groups, "standard-deviation").value, deviations, 14);
  const equal = [groups[0] ?? [], [1, 7]];
  assertDigits(estimateSigma(equal, "range").value, 5 / d2(2), 15);
});

test("capability is free of scale: the same values in any unit give the same figures", () => {
  const values = normals(11, 60, 10, 0.15);
  const judge = (scale: number) => {
    const groups = Array.from({ length: 12 }, (_, at) =>
      values.slice(5 * at, 5 * at + 5).map((v) => v * scale),
    );
    return judgeCapability(
      { groups, gaugeDeviation: 0.01 * scale },
      { limits: { lower: 9 * scale, upper: 11 * scale, target: 10.01 * scale } },
    );
  };
  const withoutUnit = ({
    within,
    overall,
    bound,
    checks,
    status,
    shapiroWilk: shapiro,
    gauge,
  }: CapabilityResult) => [
    within?.spread?.value,
    within?.nearest.value,
    within?.target?.interval.lower,
    within?.lower?.lowerBound,
    overall?.nearest.value,
    overall?.partsPerMillion.total,
    bound,
    shapiro?.p,
    gauge?.distinctCategories,
    status,
    ...checks.map((check) => check.status),
  ];
  const plain = judge(1);
  assert.equal(plain.status, "capable");
  fc.assert(
    fc.property(fc.integer({ min: -1010, max: 1010 }), (power) => {
      // A power of two changes no digit.
      assert.deepEqual(withoutUnit(judge(2 ** power)), withoutUnit(plain));
    }),
    { numRuns: 40 },
  );
  for (const scale of [1e-300, 1e300, -1 / 3 + 1e-7 + 1])
    withoutUnit(judge(scale)).forEach((figure, index) => {
      const expected = withoutUnit(plain)[index];
      if (typeof expected === "number") assertDigits(Number(figure), expected, 11, `${scale}: ${index}`);
      else assert.equal(figure, expected);
    });
  for (const method of [
    "range",
    "standard-deviation",
    "moving-range",
    "median-moving-range",
    "pooled-unbiased",
  ] as const)
    for (const scale of [2 ** -1000, 2 ** 1000]) {
      const groups = [values.slice(0, 30), values.slice(30)];
      const scaled = groups.map((group) => group.map((value) => value * scale));
      assert.equal(estimateSigma(scaled, method).value / scale, estimateSigma(groups, method).value, method);
    }
});

test("figures that 64-bit numbers can't hold are not computable, and none is infinite or NaN", () => {
  const far = judgeCapability({ groups: individuals([-1.7e308, 1.7e308, 0]) }, { limits: { lower: -1 } });
  assert.match(far.reason, /range of 64-bit numbers/);
  const wide = judgeCapability(
    { groups: individuals([1, 2, 3]) },
    { limits: { lower: -1e300, upper: 1e300 } },
  );
  assert.deepEqual([wide.status, wide.passed], ["not-computable", false]);
});

test("degrees of freedom follow the estimator", () => {
  const groups = Array.from({ length: 10 }, (_, index) => normals(60 + index, 5));
  const free = (method: SigmaMethod) => estimateSigma(groups, method).degreesOfFreedom;
  assert.deepEqual(
    (["pooled", "range", "standard-deviation", "moving-range", "overall"] as const).map(free),
    [40, 36, 38, 49, 49],
  );
});

test("gate: the bound is the smaller one of Cpk and Ppk", () => {
  const { bound, within, overall } = judgeCapability(
    { groups: individuals(michelson) },
    { limits: { lower: 299.6, upper: 300.1 } },
  );
  assert.equal(bound, overall?.nearest.lowerBound);
  assert.ok((bound ?? 9) < (within?.nearest.lowerBound ?? 0));
});

test("percentile method: quantiles of the sample, and a word where they are not in it", () => {
  const values = normals(11, 2000).map(Math.exp);
  const { low, median, high, ppk, pp, isExtrapolated } = percentileIndices(values, { lower: 0, upper: 40 });
  assert.deepEqual(
    [low, median, high],
    [0.00135, 0.5, 0.99865].map((p) => quantileOf(values, p, 6)),
  );
  assert.equal(isExtrapolated, false);
  assertDigits(pp, 40 / (high - low), 14);
  assertDigits(ppk, Math.min(median / (median - low), (40 - median) / (high - median)), 14);
  assert.equal(percentileIndices(values.slice(0, 700), { lower: 0 }).isExtrapolated, true);
  assert.equal(percentileIndices(values, { lower: 0 }).pp, null);
});

const plan: CapabilityPlan = { limits: { lower: -10, upper: 10 }, minimum: 1.33 };
const good = normals(3, 100, 0.2, 1.4);

test("gate: a good process is capable, and its record says by what", () => {
  const result = judgeCapability({ groups: individuals(good), gaugeDeviation: 0.1 }, plan);
  assert.equal(result.status, "capable", result.reason);
  assert.equal(result.passed, true);
  assert.deepEqual(
    result.checks.map(({ status }) => status),
    ["held", "held", "held", "held"],
  );
  assert.ok((result.bound ?? 0) >= 1.33);
  assert.match(result.planDigest, /^[0-9a-f]{64}$/);
  const other = judgeCapability({ groups: individuals(good) }, { ...plan, minimum: 1.34 });
  assert.notEqual(other.planDigest, result.planDigest);
});

const random = createRandom(17);
const shuffled = good.toSorted((a, b) => a - b);
const negatives: {
  name: string;
  values: number[];
  status: string;
  failed?: string;
  gauge?: number;
  plan?: CapabilityPlan;
}[] = [
  { name: "a mistuned series", values: good.map((value) => value + 6), status: "not-capable" },
  { name: "a wide series", values: good.map((value) => value * 3), status: "not-capable" },
  { name: "zero spread", values: good.map(() => 0.1), status: "not-computable" },
  { name: "one value", values: [0], status: "not-computable" },
  { name: "no value", values: [], status: "not-computable" },
  { name: "fewer values than planned", values: good, status: "not-computable", plan: { ...plan, size: 101 } },
  { name: "a series put in order", values: shuffled, status: "unsupported", failed: "independence" },
  { name: "a wandering series", values: wander(), status: "unsupported", failed: "stability" },
  {
    name: "a clipped series",
    values: good.map((value) => Math.max(-0.7, Math.min(0.7, value))),
    status: "unsupported",
    failed: "normality",
  },
  {
    name: "an outlier",
    values: [...good.slice(0, 50), 9, ...good.slice(50)],
    status: "unsupported",
    failed: "stability",
  },
  {
    name: "values of a skewed process",
    values: good.map((value) => Math.exp(value / 1.4) / 3),
    status: "unsupported",
    failed: "normality",
  },
  {
    name: "a spread below the gauge",
    values: good.map((value) => value / 1000),
    status: "gauge-limited",
    gauge: 0.5,
  },
];

function wander(): number[] {
  let level = 0;
  return Array.from({ length: 100 }, () => (level = 0.95 * level + 0.3 * (random() - 0.5)));
}

for (const { name, values, status, failed, gauge, plan: own = plan } of negatives) {
  test(`gate: ${name} does not pass`, () => {
    const result = judgeCapability({ groups: individuals(values), gaugeDeviation: gauge }, own);
    assert.equal(result.passed, false);
    assert.equal(result.status, status, result.reason);
    if (status === "not-computable")
      assert.deepEqual([result.bound, result.within, result.overall], [null, null, null]);
    if (failed !== undefined) {
      assert.equal(result.checks.find((check) => check.name === failed)?.status, "failed");
      assert.ok((result.bound ?? 0) >= 1.33, "the bound alone would have passed");
    }
  });
}

test("gate: a few good values are not enough, and an untestable check is no pass", () => {
  const few = judgeCapability({ groups: individuals([0, 0.01, -0.01]) }, plan);
  assert.equal(few.passed, false);
  assert.ok(few.checks.some(({ status }) => status === "not-computable"));
  assert.equal(
    judgeCapability({ groups: individuals(good.slice(0, 6)) }, { limits: { lower: -7, upper: 7 } }).passed,
    false,
  );
});

test("gate: a subgroup that is off fails stability, an equal pair of values in every subgroup has no spread", () => {
  const groups = Array.from({ length: 20 }, (_, index) => good.slice(5 * index, 5 * index + 5));
  const wide = { limits: { lower: -30, upper: 30 } };
  assert.equal(judgeCapability({ groups }, wide).status, "capable");
  const shifted = groups.map((group, index) => (index === 7 ? group.map((value) => value + 4) : group));
  const result = judgeCapability({ groups: shifted }, wide);
  assert.equal(result.checks[0]?.status, "failed");
  assert.equal(result.passed, false);
  assert.deepEqual(result.stability?.signals[0]?.points, [8]);
  const flat = judgeCapability(
    {
      groups: [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    },
    plan,
  );
  assert.equal(flat.status, "not-computable");
});

test("gate: limited by the gauge, the bound counts with the gauge's spread, and passes only where the plan says so", () => {
  const values = good.map((value) => value / 1000);
  const input = { groups: individuals(values), gaugeDeviation: 0.5 };
  const result = judgeCapability(input, plan);
  assertDigits(result.within?.sigma.value, 0.5, 15);
  assert.equal(result.gauge?.distinctCategories, 0);
  assert.equal(judgeCapability(input, { ...plan, acceptsGaugeLimited: true }).passed, true);
  const narrow = { ...plan, limits: { lower: -1, upper: 1 }, acceptsGaugeLimited: true };
  assert.equal(judgeCapability(input, narrow).passed, false);
  assert.throws(() => judgeCapability({ ...input, gaugeDeviation: 0 }, plan), RangeError);
});

test("gate: the wrong plan or a value that is not a number is refused", () => {
  assert.throws(() => judgeCapability({ groups: individuals(good) }, { limits: {} }), RangeError);
  assert.throws(
    () => judgeCapability({ groups: individuals(good) }, { ...plan, confidence: 0.4 }),
    RangeError,
  );
  assert.throws(() => judgeCapability({ groups: [[1], [Number.NaN]] }, plan), RangeError);
});

test("independence holds for random values and fails for a random walk; nothing to test gives nothing", () => {
  assert.equal(testIndependence(good)?.isIndependent, true);
  assert.equal(testIndependence(wander())?.isIndependent, false);
  assert.equal(testIndependence([1, 2]), undefined);
  assert.equal(testIndependence([1, 1, 1, 1, 1]), undefined);
  assert.equal(andersonDarling([1, 2, 3]), undefined);
  assert.equal(shapiroWilk([2, 2, 2]), undefined);
});

test(
  "R agrees on Shapiro-Wilk, Anderson-Darling and indices of random data",
  { skip: peer("Rscript") },
  () => {
    const samples = [3, 4, 5, 6, 9, 11, 12, 30, 500].map((n, index) => normals(100 + index, n, 5, 2));
    samples.push(normals(77, 60).map(Math.exp));
    const wilk = runR(
      ...samples.map((values) => `unlist(shapiro.test(${vector(values)})[c("statistic","p.value")])`),
    );
    for (const [index, values] of samples.entries()) {
      const own = shapiroWilk(values);
      assertDigits(own?.statistic, wilk[index]?.[0] ?? 0, 12, `W of ${values.length}`);
      assertDigits(own?.p, wilk[index]?.[1] ?? 0, 7, `p of ${values.length}`);
    }
    const values = samples[7] ?? [];
    const v = vector(values);
    const [[a2], [cp], [cpk], [mr], [lag1]] = runR(
      `{x <- sort(${v}); z <- (x - mean(x)) / sd(x); n <- length(x); -n - mean((2 * seq_len(n) - 1) * (pnorm(z, log.p=TRUE) + pnorm(-rev(z), log.p=TRUE)))}`,
      `20 / (6 * sd(${v}))`,
      `min(15 - mean(${v}), mean(${v}) + 5) / (3 * sd(${v}))`,
      `mean(abs(diff(${v}))) / (2 / sqrt(pi))`,
      `acf(${v}, plot=FALSE)$acf[2]`,
    ) as [[number], [number], [number], [number], [number]];
    assertDigits(andersonDarling(values)?.statistic, a2, 12);
    const groups = individuals(values);
    const indices = computeIndices(
      { ...describeGroups(groups), sigma: estimateSigma(groups, "overall") },
      { lower: -5, upper: 15 },
    );
    assertDigits(indices.spread?.value, cp, 13);
    assertDigits(indices.nearest.value, cpk, 13);
    assertDigits(estimateSigma(groups, "moving-range").value, mr, 13);
    assertDigits(autocorrelationOf(values), lag1, 12);
  },
);

test("percentile indices: where half of the values lie on one point, that side has none", () => {
  const { ppk, pp } = percentileIndices([0, 0, 0, 1, 2], { lower: 0, upper: 3 });
  assert.deepEqual([ppk, pp], [null, 1.5]);
  assert.equal(percentileIndices([0, 0, 0, 1, 2], { upper: 3 }).ppk, 1.5);
  const values = [-1, -0.5, 0, 0.5, 1];
  const limits = { lower: -1.5, upper: 1.5 };
  const large = percentileIndices(
    values.map((value) => value * 1e308),
    { lower: -1.5e308, upper: 1.5e308 },
  );
  const small = percentileIndices(values, limits);
  for (const name of ["pp", "ppk"] as const) assertDigits(large[name] ?? undefined, small[name] ?? 0, 12);
});

test("a spread of which few digits are left gives no verdict", () => {
  const counts = normals(5, 40, 1000, 60).map(Math.round);
  const judged = (unit: number) =>
    judgeCapability(
      { groups: counts.map((count) => [count * unit]) },
      { limits: { lower: 700 * unit, upper: 1300 * unit } },
    );
  assert.equal(judged(Number.MIN_VALUE).status, "not-computable");
  assert.match(judged(Number.MIN_VALUE).reason, /another unit/);
  assertDigits(judged(2 ** -1022).bound, judged(1).bound ?? 0, 11);
});
