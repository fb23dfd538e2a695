// Where labels go, and what stands in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LabelAreas, spreadApart, wrapCut } from "#chart/labels.ts";
import { labelsOf, ticksOf } from "#chart/svg.ts";
import { describePower, exponentFor, inPowers } from "#chart/units.ts";

test("labels beside a plot keep their order and their distance, and stay where they were when they may", () => {
  assert.deepEqual(spreadApart([10, 50, 90], 12, [0, 100]), [10, 50, 90]);
  assert.deepEqual(spreadApart([50, 49, 51], 12, [0, 100]), [61, 49, 73]);
  assert.deepEqual(spreadApart([100, 99], 12, [0, 100]), [100, 88]);
  const position = fc.double({ min: 0, max: 200, noNaN: true });
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 10 }), (positions) => {
      const placed = spreadApart(positions, 12, [0, 200]);
      const sorted = placed.toSorted((a, b) => a - b);
      for (const [index, at] of sorted.entries()) {
        assert.ok(at >= -1e-9 && at <= 200 + 1e-9);
        assert.ok(index === 0 || at - (sorted[index - 1] ?? 0) >= 12 - 1e-9);
      }
    }),
  );
});

test("a place is taken once", () => {
  const area = fc
    .tuple(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
    .map(([left, top, width, height]) => ({ left, top, right: left + width, bottom: top + height }));
  fc.assert(
    fc.property(fc.array(fc.array(area, { minLength: 1, maxLength: 4 })), (wishes) => {
      const places = new LabelAreas();
      const taken = wishes.flatMap((areas) => places.take(areas) ?? []);
      for (const [index, a] of taken.entries())
        for (const b of taken.slice(index + 1))
          assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
    }),
  );
});

test("wrapped text is no wider and no longer than asked, and what is missing is marked", () => {
  assert.deepEqual(wrapCut("one two three four", 9, 2), ["one two", "three \u2026"]);
  assert.deepEqual(wrapCut("one two", 9, 2), ["one two"]);
  const word = fc.string({ minLength: 1, maxLength: 30 }).filter((each) => !/\s|\u2026/.test(each));
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 4, max: 40 }), (words, width) => {
      const text = words.join(" ");
      const lines = wrapCut(text, width, 3);
      assert.ok(lines.length <= 3 && lines.every((line) => line.length <= width));
      if (lines.join(" ") !== text) assert.ok(lines.some((line) => line.endsWith("\u2026")));
    }),
  );
});

test("labels tell the ticks apart, whatever the domain", () => {
  const power = fc.integer({ min: -290, max: 290 });
  fc.assert(
    fc.property(
      fc.integer({ min: -9999, max: 9999 }),
      fc.integer({ min: 1, max: 9999 }),
      power,
      (from, width, exponent) => {
        const low = from * 10 ** exponent;
        const high = (from + width) * 10 ** exponent;
        const ticks = ticksOf([low, high], 6);
        const labels = labelsOf(ticks);
        assert.equal(new Set(labels).size, ticks.length, labels.join(" "));
        const step = Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0));
        for (const [index, tick] of ticks.entries())
          assert.ok(
            Math.abs(Number(labels[index]) - tick) <= step / 100 + Math.abs(tick) * 1e-8,
            labels.join(" "),
          );
      },
    ),
  );
});

test("very large and very small values are drawn in units that the page names", () => {
  assert.equal(exponentFor([[0.5], [123]]), 0);
  assert.equal(exponentFor([[2.5e-7]]), -9);
  assert.equal(describePower(-300), "in units of 10\u207B\u00B3\u2070\u2070");
  assert.equal(describePower(0), "");
  assert.ok(Math.abs(inPowers(-321)(1.5e-320) - 15) < 0.01);
  assert.ok(Math.abs(inPowers(306)(1.5e307) - 15) < 1e-9);
});
