// The two recordings: their bytes, their form, and that no function of the host's mathematics library made them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import { listHarmonics } from "../mathematics/harmonics.ts";
import { renderPeriod } from "../sound/chord.ts";
import { listOnsets, plainWindow } from "../sound/walk.ts";
import { parseWav } from "../sound/wav.ts";
import audio from "../stages/audio.ts";
import { peer } from "../../../test/rig/peer.ts";
import { proofFiles } from "./proof-files.ts";
import { inputOf } from "./proof-input.ts";

const LIBRARY_FUNCTIONS =
  "sin cos tan asin acos atan atan2 sinh cosh tanh exp expm1 log log2 log10 log1p pow cbrt hypot random";

/** Runs `make` while every function whose result may differ between hosts throws. */
async function withoutLibrary<T>(make: () => Promise<T>): Promise<T> {
  const kept = LIBRARY_FUNCTIONS.split(" ").map((name) => [name, Reflect.get(Math, name)] as const);
  const { now } = Date;
  for (const [name] of kept) {
    Reflect.set(Math, name, () => assert.fail(`Math.${name} was called`));
  }
  Date.now = () => assert.fail("the clock was read");
  try {
    return await make();
  } finally {
    for (const [name, value] of kept) Reflect.set(Math, name, value);
    Date.now = now;
  }
}

const { "facts.json": facts } = proofFiles;
const proofInput = inputOf(proofFiles);
const made = await withoutLibrary(() => audio({ proof: proofInput }));
const metadata = made["monster_walk_metadata.json"];

test("the chord has the bytes of the published reference, which was made with another sine", () => {
  const bytes = made["monster_walk.wav"];
  assert.equal(bytes.length, 882_044);
  const digest = createHash("sha256").update(bytes).digest("hex");
  assert.equal(digest, "0f1e3666a13dd4f477320d7cb1865081fff46d295509196a76acb5846950982d");
  assert.equal(metadata.chord.sha256, digest);
});

test("each sample of the chord is the sum of the sines, rounded", () => {
  const { harmonics } = facts.sound.chord;
  const sums = Array.from({ length: 2205 }, (_, n) =>
    harmonics.reduce(
      (sum, { prime, exponent }) => sum + Math.sin((2 * Math.PI * 11 * prime * n) / 2205) / (exponent + 1),
      0,
    ),
  );
  const peak = Math.max(...sums.map(Math.abs));
  assert.ok(Math.abs(peak - 3.8475145800655532) < 1e-12);
  const period = renderPeriod(harmonics, facts.sound.sampleRateHz);
  assert.deepEqual(
    period,
    Int16Array.from(sums, (sum) => Math.round((sum / peak) * 32_767)),
  );
});

test("renderPeriod() refuses a sample that lies on a rounding boundary", () => {
  // one tone at a quarter of the rate: 0, 1, 0, -1; two of them weighted so that a sample falls on one half
  const [first] = listHarmonics(PRIME_POWERS, 1);
  assert.ok(first);
  const tone = (frequencyHz: number, numerator: number, denominator: number) => {
    return { ...first, frequencyHz, amplitude: { numerator, denominator } };
  };
  assert.deepEqual(renderPeriod([tone(2, 1, 1)], 8), Int16Array.of(0, 32_767, 0, -32_767));
  assert.throws(() => renderPeriod([tone(1, 1, 1)], 12), /rounding boundary/);
});

test("the walk is 60 s long, a step each 6 s, and every step ends in silence", () => {
  const { samples, sampleRateHz } = parseWav(made["monster_walk_60s.wav"]);
  assert.equal(samples.length / sampleRateHz, 60);
  assert.equal(metadata.walk.steps.length, 10);
  const loudness: number[] = [];
  for (const { startSample, samples: length } of metadata.walk.steps) {
    const step = samples.subarray(startSample, startSample + length);
    assert.ok(step.subarray(-10_000).every((sample) => sample === 0));
    const { start, end } = plainWindow(facts.sound.walk);
    loudness.push(Math.max(...step.subarray(start, end)));
  }
  assert.ok((loudness.at(-1) ?? 0) > 2 * (loudness[0] ?? 0));
});

test("the removed primes leave on the quavers of the first bar, three of them as 3+3+2", () => {
  assert.deepEqual(
    listOnsets([5, 41, 59]).map((onset) => onset.halfQuavers / 2),
    [0, 3, 6],
  );
  assert.deepEqual(
    listOnsets([1, 2, 3, 4]).map((onset) => onset.halfQuavers / 2),
    [0, 2, 4, 6],
  );
  assert.deepEqual(
    listOnsets([1, 2, 3, 4, 5, 6, 7, 8]).map((onset) => onset.halfQuavers / 2),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  const many = listOnsets(PRIME_POWERS.map((power) => power.prime)).map((onset) => onset.halfQuavers);
  assert.equal(new Set(many).size, many.length);
  assert.ok(Math.max(...many) < 16);
});

test("the metadata hold what was measured: near nominal, with a standard error near the least possible", () => {
  const { measured } = metadata.chord;
  assert.equal(measured.tones.length, 15);
  for (const tone of measured.tones) {
    assert.ok(Math.abs(tone.deviationHz) < 5 * tone.standardErrorHz, String(tone.prime));
    assert.ok(Math.abs(tone.errorToBound - 1) < 0.05, String(tone.prime));
    assert.ok(tone.standardErrorHz < 2e-6);
  }
  assert.ok(Math.abs(measured.residual.toQuantisation - 1) < 0.02);
  assert.equal(measured.tones.find((tone) => tone.prime === 71)?.frequencyHz.toFixed(6), "15620.000000");
});

test("the tones heard in each step of the walk are the primes that its group leaves", () => {
  for (const [index, { digits, measured }] of metadata.walk.steps.entries()) {
    const group = facts.walk.groups[index];
    assert.equal(digits, group?.digits);
    assert.deepEqual(
      measured.tones.map((tone) => tone.prime),
      group?.kept,
    );
    assert.ok(Math.abs(measured.residual.toQuantisation - 1) < 0.05);
  }
});

test("sox reads the walk: 60 seconds, one channel, no clipping", { skip: peer("sox") }, () => {
  const { stderr } = spawnSync("sox", ["-t", "wav", "-", "-n", "stats"], {
    input: made["monster_walk_60s.wav"],
    encoding: "utf8",
  });
  assert.match(stderr, /Length s\s+60\.000/u);
  assert.match(stderr, /Flat factor\s+0\.00/u);
});
