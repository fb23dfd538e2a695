import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCents, formatHertz, nearestPitch, noteName } from "../music/pitch.ts";

function named(milliHertz: number): string {
  const { note, centTenths } = nearestPitch(milliHertz);
  return `${noteName(note)}${formatCents(centTenths)}`;
}

test("the tones of the chord, 220 Hz times the prime, get their notes and cents", () => {
  const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 41, 47, 59, 71];
  assert.deepEqual(
    primes.map((prime) => named(220_000 * prime)),
    [
      ["A4+0.0", "E5+2.0", "C#6-13.7", "G6-31.2", "D#7-48.7"],
      ["F7+40.5", "A#7+5.0", "C8-2.5", "D#8+28.3", "G8+29.6"],
      ["G#8+45.0", "C#9+29.1", "E9-34.5", "G#9-40.8", "B9-20.3"],
    ].flat(),
  );
  assert.equal(nearestPitch(220_000 * 59).note, 128);
  assert.equal(nearestPitch(220_000 * 71).note, 131);
});

test("a note and its cents lead back to the frequency", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 40_000_000 }), (milliHertz) => {
      const { note, centTenths } = nearestPitch(milliHertz);
      assert.ok(centTenths > -501 && centTenths <= 500);
      const back = 440_000 * 2 ** ((note - 69) / 12 + centTenths / 12_000);
      assert.ok(Math.abs(1200 * Math.log2(back / milliHertz)) < 0.051);
    }),
  );
});

test("numbers are written with fixed decimals and a sign", () => {
  assert.equal(formatCents(-3), "-0.3");
  assert.equal(formatCents(500), "+50.0");
  assert.equal(formatHertz(15_620_007), "15620.007");
});
