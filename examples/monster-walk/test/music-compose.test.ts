import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { composeSong } from "../music/compose.ts";
import { sharePrimes } from "../music/form.ts";
import { chordClasses } from "../music/harmony.ts";
import { nearestPitch, pitchClass } from "../music/pitch.ts";
import { chordName, spelledName } from "../music/spelling.ts";
import { primes, song, steps } from "./music-matter.ts";

const sung = song.bars.flatMap((bar) => bar.voice);

test("the song has two bars for each of the ten steps, and every bar is full", () => {
  assert.equal(song.bars.length, 20);
  for (const bar of song.bars) {
    let end = 0;
    for (const { onset, quavers } of bar.voice) {
      assert.ok(onset >= end && quavers > 0);
      end = onset + quavers;
    }
    // A quaver's rest, for breath, closes each step but the last.
    const breathes = bar.number % 2 === 0 && bar.number < 20;
    assert.equal(end, breathes ? 7 : 8, `bar ${bar.number}`);
  }
});

test("each prime's name is sung on the note of its measured tone, whole octaves down", () => {
  for (const { prime, pitch, milliHertz } of primes) {
    const names = sung.filter((note) => note.namesPrime && note.tone.prime === prime);
    assert.ok(names.length > 0, `${prime}`);
    for (const { tone } of names) {
      const octaves = (pitch.note - tone.note) / 12;
      assert.ok(Number.isInteger(octaves) && octaves >= 0);
      assert.equal(tone.milliHertz, Math.round(milliHertz / 2 ** octaves));
      assert.equal(tone.centTenths, pitch.centTenths);
      assert.equal(nearestPitch(tone.milliHertz).note, tone.note);
    }
  }
});

test("a bar uses only notes of primes met so far, and its chord holds its own prime", () => {
  for (const bar of song.bars) {
    const met = primes.slice(0, primes.indexOf(bar.prime) + 1);
    const classes = new Set(met.map(({ pitch }) => pitchClass(pitch.note)));
    for (const { tone } of bar.voice)
      assert.ok(classes.has(pitchClass(tone.note)), `bar ${bar.number} ${spelledName(tone)}`);
    assert.ok(chordClasses(bar.chord).includes(pitchClass(bar.prime.pitch.note)));
  }
});

test("the voice stays within a tenth, all notes fit MIDI, only the last prime has the top note", () => {
  const notes = sung.map(({ tone }) => tone.note);
  const top = Math.max(...notes);
  assert.ok(top - Math.min(...notes) <= 16);
  for (const note of sung) if (note.tone.note === top) assert.equal(note.tone.prime, 71);
  for (const note of notes) assert.ok(note >= 0 && note <= 127);
});

test("it ends dominant to tonic, in the key of the first prime, from pp to ff", () => {
  assert.equal(song.tonic, "A");
  const chords = song.bars.map((bar) => chordName(bar.chord));
  assert.deepEqual(chords.slice(-2), ["E", "A(add9)"]);
  assert.equal(song.bars[0]?.dynamic, "pp");
  assert.equal(song.bars.at(-1)?.dynamic, "ff");
});

test("white keys are written natural and chord tones as the chord has them", () => {
  const names = sung.map(({ tone }) => spelledName(tone));
  assert.ok(!names.some((name) => /^(E#|B#|Cb|Fb)/u.test(name)));
  const flatNine = song.bars.find((bar) => chordName(bar.chord) === "A7(b9)");
  assert.ok(flatNine?.voice.some(({ tone }) => spelledName(tone) === "Bb3"));
});

test("primes are shared among steps in order, one or two each, the last alone", () => {
  assert.deepEqual(sharePrimes(15, 10), [
    [0],
    [1],
    [2],
    [3],
    [4, 5],
    [6, 7],
    [8, 9],
    [10, 11],
    [12, 13],
    [14],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 }), (stepCount, extra) => {
      fc.pre(extra <= stepCount - 1);
      const shares = sharePrimes(stepCount + extra, stepCount);
      assert.deepEqual(
        shares.flat(),
        Array.from({ length: stepCount + extra }, (_, index) => index),
      );
      assert.ok(shares.every(({ length }) => length === 1 || length === 2));
      assert.equal(shares.at(-1)?.length, 1);
    }),
  );
  assert.throws(() => sharePrimes(9, 10), RangeError);
  assert.throws(() => sharePrimes(20, 10), RangeError);
});

test("the composer follows what was measured: a prime that sounds elsewhere is sung elsewhere", () => {
  const moved = primes.map((tone) =>
    tone.prime === 13 ? { ...tone, milliHertz: 2_960_000, pitch: nearestPitch(2_960_000) } : tone,
  );
  const other = composeSong(moved, steps);
  const note = other.bars.flatMap((bar) => bar.voice).find((one) => one.namesPrime && one.tone.prime === 13);
  assert.equal(note === undefined ? "" : spelledName(note.tone), "F#4");
  assert.deepEqual(composeSong(primes, steps), song);
});

test("too few primes, or steps without words, are refused", () => {
  assert.throws(() => composeSong([], steps), RangeError);
  const more = Array.from({ length: 11 }, (_, index) => ({ digits: "10", removed: [index] }));
  assert.throws(() => composeSong(primes, more), RangeError);
});
