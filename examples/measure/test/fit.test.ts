// What the fit must say of readings that are known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLine, parseReadings, residualOf } from "../stages/line.ts";

test("readings on a line give that line, and one beside it is found", () => {
  const readings = parseReadings("celsius,volts\n0,0.5\n10,0.6\n20,0.7\n");
  const line = fitLine(readings);
  assert.ok(Math.abs(line.offset - 0.5) < 1e-12 && Math.abs(line.slope - 0.01) < 1e-12);
  assert.ok(Math.abs(residualOf(line, { celsius: 10, volts: 0.65 }) - 0.05) < 1e-12);
});

test("what is no reading is refused, with its line", () => {
  assert.throws(() => parseReadings("celsius,volts\n0,0.5\n10,warm\n"), /line 3/);
  assert.throws(() => fitLine(parseReadings("celsius,volts\n20,0.7\n20,0.7\n")), RangeError);
});
