import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { c4, d2, d3 } from "#stats/constants.ts";
import {
  chiSquareQuantile,
  chiSquareTails,
  fisherQuantile,
  fisherTails,
  noncentralityOf,
  noncentralStudentQuantile,
  noncentralStudentTail,
  studentQuantile,
  studentTails,
} from "#stats/distributions.ts";
import { gammaHalfRatio, logGamma } from "#stats/gamma.ts";
import {
  erfc,
  logNormalLower,
  normalDensity,
  normalLower,
  normalQuantile,
  normalUpper,
} from "#stats/normal.ts";
import { findRoot } from "#stats/root.ts";
import { inputs, peer } from "../rig/peer.ts";
import { assertDigits, createRandom, runR, vector } from "./rig.ts";

test("the noncentral t of a huge noncentrality is chi-square's tail, where a step takes the place of the integral", () => {
  for (const [t, df, s] of [
    [6e5, 330, 0.93],
    [1e6, 20, 0.8],
    [1e6, 5, 0.5],
    [3e8, 330, 1.2],
  ] as const) {
    const below = chiSquareTails(df * s * s, df);
    assertDigits(noncentralStudentTail(t, df, s * t, "upper"), below.lower, 8);
    assertDigits(noncentralStudentTail(t, df, s * t, "lower"), below.upper, 8);
  }
  // On both sides of the place where one way gives over to the other.
  const place = 1000 * Math.sqrt(330);
  const [sharp, integral] = [1 + 1e-9, 1 - 1e-9].map((near) =>
    noncentralStudentTail(place * near, 330, place * near, "upper"),
  );
  assertDigits(sharp ?? 0, integral ?? 1, 12);
});

test("erfc and the normal tails have 15 digits, also where they are tiny", () => {
  assertDigits(erfc(0.5), 0.4795001221869535, 15);
  assertDigits(erfc(-0.5), 1.5204998778130465, 15);
  assertDigits(erfc(10), 2.088487583762545e-45, 14);
  assertDigits(normalUpper(6), 9.865876450376981e-10, 15);
  assertDigits(normalLower(-37), 5.7255712225245e-300, 12);
  assertDigits(logNormalLower(-100), -5005.524208694205, 15);
  assert.equal(normalLower(0), 0.5);
  assert.equal(normalUpper(50), 0);
  assert.equal(normalDensity(5e7), 0);
  assert.ok(Number.isNaN(normalUpper(Number.NaN)));
});

test("normal quantiles have 15 digits and turn the tails around", () => {
  assertDigits(normalQuantile(0.025), -1.959963984540054, 15);
  assertDigits(normalQuantile(1e-300), -37.0470962993612, 14);
  assert.deepEqual([0, 0.5, 1].map(normalQuantile), [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
  assert.ok(Number.isNaN(normalQuantile(1.5)));
  fc.assert(
    fc.property(fc.double({ min: -37, max: 3, noNaN: true }), (z) => {
      assert.ok(Math.abs(normalQuantile(normalLower(z)) - z) < 1e-13 * (1 + Math.abs(z)));
    }),
  );
});

test("gamma: half-integers and the recurrence", () => {
  assertDigits(Math.exp(logGamma(0.5)), Math.sqrt(Math.PI), 14);
  assertDigits(logGamma(171), 706.573062245787, 14);
  assertDigits(gammaHalfRatio(1), Math.sqrt(Math.PI) / 2, 15);
  assertDigits(gammaHalfRatio(1e6), 999.999875000008, 14);
});

test("quantiles of chi-square, t, F and noncentral t are those of published tables", () => {
  assertDigits(chiSquareQuantile(0.975, 4999), 5196.864170605186, 13);
  assertDigits(studentQuantile(0.975, 5), 2.5705818356363137, 14);
  assertDigits(studentQuantile(0.025, 5), -2.5705818356363137, 14);
  assertDigits(fisherQuantile(0.95, 3, 7), 4.34683139990782, 14);
  assertDigits(noncentralStudentTail(3, 9, 1.5, "upper"), 0.1217520520173, 12);
  assert.equal(studentQuantile(0.5, 3), 0);
});

test("the noncentral t without noncentrality is Student's, in both tails", () => {
  for (const t of [-30, -2, -0.1, 0.5, 3, 12]) {
    for (const df of [1, 2, 7.5, 60, 4000]) {
      const tails = studentTails(t, df);
      assertDigits(noncentralStudentTail(t, df, 0, "lower"), tails.lower, 11, `lower ${t} ${df}`);
      assertDigits(noncentralStudentTail(t, df, 0, "upper"), tails.upper, 11, `upper ${t} ${df}`);
    }
  }
});

test("quantiles turn the tails around for random distributions", () => {
  const probability = fc.double({ min: 1e-12, max: 0.999, noNaN: true });
  const freedom = fc.double({ min: 1, max: 500, noNaN: true });
  fc.assert(
    fc.property(probability, freedom, freedom, (p, a, b) => {
      assertDigits(chiSquareTails(chiSquareQuantile(p, a), a).lower, p, 11, "chi-square");
      assertDigits(chiSquareTails(chiSquareQuantile(p, a, "upper"), a).upper, p, 11, "chi-square above");
      assertDigits(fisherTails(fisherQuantile(p, a, b), a, b).lower, p, 11, "F");
      assertDigits(studentTails(studentQuantile(p, a, "upper"), a).upper, p, 10, "t");
    }),
    { numRuns: inputs(60) },
  );
  fc.assert(
    fc.property(
      fc.double({ min: 1e-9, max: 0.99, noNaN: true }),
      fc.double({ min: 5, max: 500, noNaN: true }),
      fc.double({ min: -5, max: 40, noNaN: true }),
      (p, df, delta) => {
        const t = noncentralStudentQuantile(p, df, delta);
        assertDigits(noncentralStudentTail(t, df, delta, "lower"), p, 9);
        assert.ok(Math.abs(noncentralityOf(t, df, 1 - p) - delta) < 1e-4 * (1 + Math.abs(delta)));
      },
    ),
    { numRuns: 15 },
  );
});

test("F with equal degrees of freedom has half of itself on each side of 1, whatever rounding does at the border", () => {
  for (let df = 499.9999999999; df <= 500; df += 1e-12)
    for (const other of [df, 500, 499.99999999996254])
      assert.ok(Math.abs(fisherTails(1, df, other).lower - 0.5) < 1e-12);
});

test("impossible arguments are refused or NaN, never a number", () => {
  assert.ok(Number.isNaN(chiSquareQuantile(-0.1, 3)));
  assert.ok(Number.isNaN(studentQuantile(2, 3)));
  assert.throws(() => noncentralStudentTail(1, 0.5, 0, "lower"), RangeError);
  assert.throws(() => findRoot((x) => x * x + 1, 0, 1), RangeError);
  for (const constant of [c4, d2, d3]) assert.throws(() => constant(1), RangeError);
});

test("constants of control charts: analytic values and published tables", () => {
  const pi = Math.PI;
  const root3 = Math.sqrt(3);
  assertDigits(d2(2), 2 / Math.sqrt(pi), 15);
  assertDigits(d2(3), 3 / Math.sqrt(pi), 15);
  assertDigits(d2(4), (12 / (pi * Math.sqrt(pi))) * Math.atan(Math.SQRT2), 15);
  assertDigits(d2(5), (30 / pi ** 1.5) * Math.atan(Math.SQRT2) - 5 / Math.sqrt(pi), 15);
  assertDigits(d3(2), Math.sqrt(2 - 4 / pi), 12);
  assertDigits(d3(3), Math.sqrt((2 * pi + 3 * root3 - 9) / pi), 12);
  assertDigits(d3(4), Math.sqrt((2 * pi + 2 * root3 + 6) / pi - d2(4) ** 2), 12);
  for (const [n, value] of [
    [2, 0.7978846],
    [10, 0.9726593],
    [25, 0.9896404],
    [50, 0.9949113],
  ] as const) {
    assert.equal(c4(n).toFixed(7), String(value));
  }
  assertDigits(d2(10), 3.077505462, 9);
  assertDigits(d2(25), 3.93062922, 9);
  assertDigits(d3(50), 0.6521426, 7);
});

test("R agrees on random arguments of every distribution", { skip: peer("Rscript") }, () => {
  const random = createRandom(20_261_121);
  const many = (make: () => number) => Array.from({ length: 40 }, make);
  const z = many(() => 24 * random() - 12);
  const p = many(() => 10 ** (-9 * random()));
  const df = many(() => 10 ** (3.5 * random()));
  const other = many(() => 1 + 200 * random());
  const t = many(() => 16 * random() - 8);
  const f = many(() => 5 * random());
  const x = df.map((each) => each * (0.3 + 2 * random()));
  const delta = many(() => 12 * random() - 2);
  const [d, o] = [vector(df), vector(other)];
  // R's own small quantiles of F have 5 digits only: ours are held to its probabilities.
  const quantilesOfF = p.map((each, index) => fisherQuantile(each, df[index] ?? 1, other[index] ?? 1));
  const expected = runR(
    `pnorm(${vector(z)})`,
    `qnorm(${vector(p)})`,
    `pchisq(${vector(x)}, ${d})`,
    `pchisq(${vector(x)}, ${d}, lower.tail=FALSE)`,
    `qchisq(${vector(p)}, ${d})`,
    `pt(${vector(t)}, ${d})`,
    `qt(${vector(p)}, ${d})`,
    `pf(${vector(f)}, ${d}, ${o}, lower.tail=FALSE)`,
    `pf(${vector(quantilesOfF)}, ${d}, ${o})`,
    // R's own pt loses digits below 1e-10: its numerical integral of the definition does not.
    `mapply(function(t, df, d) integrate(function(s) pnorm(t * s - d) * 2 * df * s * dchisq(df * s^2, df), 0, Inf, rel.tol=1e-11, abs.tol=0, subdivisions=2000, stop.on.error=FALSE)$value, ${vector(t)}, ${o}, ${vector(delta)})`,
  );
  const at = (list: readonly number[], index: number) => list[index] ?? Number.NaN;
  const actual: [string, (index: number) => number, number][] = [
    ["pnorm", (i) => normalLower(at(z, i)), 13],
    ["qnorm", (i) => normalQuantile(at(p, i)), 13],
    ["pchisq", (i) => chiSquareTails(at(x, i), at(df, i)).lower, 11],
    ["pchisq above", (i) => chiSquareTails(at(x, i), at(df, i)).upper, 11],
    ["qchisq", (i) => chiSquareQuantile(at(p, i), at(df, i)), 10],
    ["pt", (i) => studentTails(at(t, i), at(df, i)).lower, 11],
    ["qt", (i) => studentQuantile(at(p, i), at(df, i)), 10],
    ["pf", (i) => fisherTails(at(f, i), at(df, i), at(other, i)).upper, 11],
    ["qf", (i) => at(p, i), 10],
    ["noncentral t", (i) => noncentralStudentTail(at(t, i), at(other, i), at(delta, i), "lower"), 8],
  ];
  for (const [row, [name, value, digits]] of actual.entries()) {
    const wanted = expected[row] ?? [];
    assert.ok(wanted.length > 0);
    for (const [index, each] of wanted.entries()) {
      // Where R's integral gives up there is nothing to compare.
      if (name !== "noncentral t" || each > 1e-12)
        assertDigits(value(index), each, digits, `${name} ${index}`);
    }
  }
});
