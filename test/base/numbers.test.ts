// One formatter for numbers, times and sizes: what it rounds, what it must not round away, and the signs of print.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeMarkup } from "#base/escape.ts";
import { formatBy, formatCount, formatFigure, formatIndex, formatNumber, tellApart } from "#base/numbers.ts";
import { typeset } from "#base/numbers.ts";
import { formatDuration, formatElapsed, formatQuantity, formatSize } from "#base/quantities.ts";
import { formatSetSize, formatTime, unitFor } from "#base/quantities.ts";

test("formatDuration() has three figures at most and never rounds up to a unit it should have changed", () => {
  const cases: [number, string][] = [
    [0, "0ms"],
    [99.4, "99ms"],
    [100, "0.10s"],
    [9_994, "9.99s"],
    [9_996, "10.0s"],
    [59_949, "59.9s"],
    [59_999, "59s"],
    [60_000, "1m00s"],
    [3_599_999, "59m59s"],
    [3_723_000, "1h02m"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test("formatElapsed() counts whole seconds down to the last one that passed", () => {
  assert.deepEqual([0, 999, 1000, 61_500].map(formatElapsed), ["0s", "0s", "1s", "1m01s"]);
});

test("formatSize() changes unit before four figures are needed", () => {
  const sizes = [0, 1023, 1024, 86_016, 1024 ** 2 - 1, 1024 ** 3, 5 * 1024 ** 5];
  const texts = ["0 B", "1023 B", "1.00 KiB", "84.0 KiB", "1.00 MiB", "1.00 GiB", "5120 TiB"];
  assert.deepEqual(sizes.map(formatSize), texts);
});

test("figures have the digits that say something", () => {
  assert.deepEqual(
    [1, 0].map((count) => formatCount(count, "stage")),
    ["1 stage", "0 stages"],
  );
  assert.equal(formatBy(299.8524, 0.079), "299.8524");
  assert.equal(formatBy(1234.5, 300), "1235");
  assert.equal(formatBy(10.0500001, 0.02), "10.0500");
  assert.equal(formatBy(10.0500001, 0.02, [9.95, 10.05]), "10.0500001");
  assert.equal(formatBy(10.0499999, 0.02, [undefined, 10.05]), "10.0499999");
  assert.equal(formatBy(10.05, 0.02, [9.95, 10.05]), "10.0500");
  assert.equal(formatBy(1.00500001e301, 1e299, [1.005e301]), "1.00500001e+301");
  assert.equal(formatBy(1.0051e301, 1.3e299), "1.0051e+301");
  assert.equal(formatBy(-1.0051e-299, 1.3e-301), "-1.0051e-299");
  assert.equal(formatFigure(0.00001234), "1.234e-5");
  assert.equal(formatFigure(null), "-");
  assert.equal(formatFigure(Math.SQRT2), "1.4142");
  assert.deepEqual(
    [123_456_789, 1234.5678, 1e15].map((value) => formatNumber(value)),
    ["123456789", "1234.57", "1e+15"],
  );
  assert.equal(formatTime("2026-11-21T07:01:42.788Z"), "2026-11-21 07:01:42 UTC");
});

test("an index that is below the minimum never looks as if it reached it", () => {
  assert.deepEqual(
    [1.327, 1.3349, 1.33, 1.32999999, 1.331, 2.5].map((value) => formatIndex(value, 1.33)),
    ["1.327", "1.33", "1.33", "1.32999999", "1.33", "2.50"],
  );
  assert.equal(formatIndex(1.327), "1.33");
  const index = fc.double({ min: -5, max: 50, noNaN: true });
  fc.assert(
    fc.property(index, index, fc.integer({ min: -20, max: 20 }), (value, minimum, ulps) => {
      for (const [a, b] of [
        [value, minimum],
        [minimum + ulps * 2 ** -45, minimum],
      ] as const) {
        assert.equal(Number(formatIndex(a, b)) >= b, a >= b, `${a} ${b}`);
        const [left, right] = tellApart(a, b).map(Number) as [number, number];
        assert.equal(Math.sign(left - right) + 0, Math.sign(a - b) + 0, `${a} ${b}`);
      }
    }),
  );
});

test("the unit fits the size, and rounding never leaves 1024 of one or 1000 of another", () => {
  const cases: [number, string, string][] = [
    [0, "ms", "0 ms"],
    [0.1234, "ms", "0.123 ms"],
    [999.4, "ms", "999 ms"],
    [999.6, "ms", "1.00 s"],
    [119_900, "ms", "120 s"],
    [120_000, "ms", "2.00 min"],
    [7_300_000, "ms", "2.03 h"],
    [1023, "B", "1023 B"],
    [1048575, "B", "1.00 MiB"],
    [24.5 * 1024 ** 3, "B", "24.5 GiB"],
    [440.000123, "Hz", "440 Hz"],
    [5, "", "5 "],
  ];
  for (const [value, unit, text] of cases) assert.equal(formatQuantity(value, unit).join(" "), text);
  assert.deepEqual([64 * 1024 ** 2, 24.5 * 1024 ** 3, 1024 ** 4].map(formatSetSize), [
    "64 MiB",
    "24.5 GiB",
    "1 TiB",
  ]);
  assert.deepEqual(unitFor("ms", 15_000), { unit: "s", divisor: 1000 });
});

test("print has its own signs", () => {
  assert.equal(typeset("-12345.678"), "\u221212\u202F345.678");
  assert.equal(typeset("1234"), "1234");
  assert.equal(typeset("-1.5e-12"), "\u22121.5\u00A0\u00D7\u00A010\u207B\u00B9\u00B2");
  assert.equal(typeset("2e+20"), "2\u00A0\u00D7\u00A010\u00B2\u2070");
  assert.equal(typeset("\u221E"), "\u221E");
});

test("markup gets no tag, no quote, no character that XML can't hold and none that turns a line around", () => {
  assert.equal(
    escapeMarkup(`<a b="c">&\u0000\uFFFF\uD800`),
    "&lt;a b=&quot;c&quot;&gt;&amp;\uFFFD\uFFFD\uFFFD",
  );
  for (const odd of ["\u009b2J", "\u202eabc", "a\u061cb", "–\u2066", "\u007f"])
    assert.match(escapeMarkup(odd), /\uFFFD/);
  assert.equal(escapeMarkup("1\u2009±\u20612 – é 😀"), "1\u2009±\u20612 – é 😀");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(escapeMarkup(text), /[<>"\uFFFE\uFFFF\p{Bidi_Control}]|(?![\t\n\r])\p{Cc}/u);
    }),
  );
});
