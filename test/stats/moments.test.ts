import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { analyseOneWay } from "#stats/gauge.ts";
import { autocorrelationOf, deviationOf, meanOf, medianOf, quantileOf, sumOf } from "#stats/moments.ts";
import { peer } from "../rig/peer.ts";
import { assertDigits, columnsOf, normals, readRows, runR, vector } from "./rig.ts";

/** NIST's NumAcc sets: a middle value, then `pairs` times the middle less and plus a step. */
function numAcc(middle: number, low: number, high: number, pairs: number): number[] {
  return [middle, ...Array.from({ length: pairs }, () => [low, high]).flat()];
}

const sets: { name: string; values: number[]; certified: [number, number, number]; digits: number }[] = [
  {
    name: "Lottery",
    values: readRows("lottery").flat(),
    certified: [518.95871559633, 291.699727470969, -0.120948622967393],
    digits: 14,
  },
  {
    name: "Lew",
    values: readRows("lew").flat(),
    certified: [-177.435, 277.332168044316, -0.307304800605679],
    digits: 14,
  },
  {
    name: "Mavro",
    values: readRows("mavro").flat(),
    certified: [2.001856, 0.000429123454003053, 0.937989183438248],
    digits: 12,
  },
  {
    name: "Michelso",
    values: readRows("michelso").flat(),
    certified: [299.8524, 0.0790105478190518, 0.535199668621283],
    digits: 12,
  },
  {
    name: "NumAcc1",
    values: [10_000_001, 10_000_003, 10_000_002],
    certified: [10_000_002, 1, -0.5],
    digits: 15,
  },
  { name: "NumAcc2", values: numAcc(1.2, 1.1, 1.3, 500), certified: [1.2, 0.1, -0.999], digits: 13 },
  // In doubles the values themselves are off: these are the best digits there can be.
  {
    name: "NumAcc3",
    values: numAcc(1_000_000.2, 1_000_000.1, 1_000_000.3, 500),
    certified: [1_000_000.2, 0.1, -0.999],
    digits: 9,
  },
  {
    name: "NumAcc4",
    values: numAcc(10_000_000.2, 10_000_000.1, 10_000_000.3, 500),
    certified: [10_000_000.2, 0.1, -0.999],
    digits: 8,
  },
];

for (const { name, values, certified, digits } of sets) {
  test(`NIST StRD ${name}: mean, standard deviation and lag-1 autocorrelation to the certified digits`, () => {
    const [mean, deviation, lag1] = certified;
    assertDigits(meanOf(values), mean, 15, "mean");
    assertDigits(deviationOf(values), deviation, digits, "deviation");
    assertDigits(autocorrelationOf(values), lag1, Math.min(digits, 13), "lag 1");
  });
}

test("NumAcc3 and NumAcc4 give the deviation of the doubles, to 12 digits", () => {
  assertDigits(deviationOf(sets[6]?.values ?? []), 0.10000000003492, 13);
  assertDigits(deviationOf(sets[7]?.values ?? []), 0.10000000055884, 12);
});

test("NIST StRD analysis of variance: SiRstv, AtmWtAg, SmLs01 and SmLs04", () => {
  const silicon = analyseOneWay(columnsOfInstruments("sirstv"));
  assertDigits(silicon.between.f, 1.18046237440255, 10);
  assertDigits(silicon.rSquared, 0.190999039051129, 10);
  assertDigits(silicon.deviation, 0.104076068334656, 10);
  assertDigits(silicon.between.sumOfSquares, 0.0511462616, 10);
  assertDigits(silicon.within.sumOfSquares, 0.21663656, 10);
  const silver = analyseOneWay(columnsOf(readRows("atmwtag")));
  assertDigits(silver.between.f, 15.946733567793, 8);
  assertDigits(silver.deviation, 1.5104831444641e-5, 8);
  // 9 treatments of 21 values: a base, then the base less and plus 0.1 in turn.
  const simulated = (origin: number) =>
    [1.4, 1.3, 1.5, 1.3, 1.5, 1.3, 1.5, 1.3, 1.5].map((base) =>
      Array.from({ length: 21 }, (_, row) =>
        Number((origin - 1 + base + (row === 0 ? 0 : row % 2 === 1 ? -0.1 : 0.1)).toFixed(1)),
      ),
    );
  for (const [origin, digits] of [
    [1, 13],
    [1_000_001, 8],
  ] as const) {
    const { between, deviation, rSquared } = analyseOneWay(simulated(origin));
    assertDigits(between.f, 21, digits);
    assertDigits(deviation, 0.1, digits);
    assertDigits(rSquared, 0.482758620689655, digits);
  }
});

function columnsOfInstruments(name: string): number[][] {
  const rows = readRows(name);
  return rows.some(({ length }) => length !== rows[0]?.length) ? rows : columnsOf(rows);
}

test("a compensated sum keeps what a plain one loses", () => {
  assert.equal(sumOf([1, 1e100, 1, -1e100]), 2);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2 }), (values) => {
      assert.equal(
        sumOf(values.map((value) => value + 0.5)),
        values.reduce((a, b) => a + b, 0) + values.length / 2,
      );
    }),
  );
});

test("nothing has no mean, one value no deviation, equal values no autocorrelation", () => {
  assert.ok(Number.isNaN(meanOf([])));
  assert.ok(Number.isNaN(deviationOf([3])));
  assert.equal(deviationOf([0.1, 0.1, 0.1]), 0);
  assert.ok(Number.isNaN(autocorrelationOf([2, 2, 2])));
});

test("R agrees on moments and quantiles of random data", { skip: peer("Rscript") }, () => {
  const values = normals(7, 101, 1e6, 0.01);
  const v = vector(values);
  const [[mean], [deviation], [lag1], seven, six] = runR(
    `mean(${v})`,
    `sd(${v})`,
    `acf(${v}, plot=FALSE, lag.max=1)$acf[2]`,
    `quantile(${v}, c(.01, .3, .5, .99), type=7)`,
    `quantile(${v}, c(.01, .3, .5, .99), type=6)`,
  ) as [[number], [number], [number], number[], number[]];
  assertDigits(meanOf(values), mean, 15);
  assertDigits(deviationOf(values), deviation, 12);
  assertDigits(autocorrelationOf(values), lag1, 11);
  for (const [index, p] of [0.01, 0.3, 0.5, 0.99].entries()) {
    assertDigits(quantileOf(values, p), seven[index] ?? 0, 15);
    assertDigits(quantileOf(values, p, 6), six[index] ?? 0, 15);
  }
  assert.equal(medianOf(values), quantileOf(values, 0.5));
});
