// What validation must catch: each test changes one thing that is right and names the check that then fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioInput } from "../checks/chord-checks.ts";
import { checkProof } from "../checks/proof-checks.ts";
import { checkSong } from "../checks/song-checks.ts";
import type { Check } from "pipelite";
import { attempt, conclude, judgeAtLeast, judgeAtMost } from "../checks/verdict.ts";
import { renderChord } from "../sound/chord.ts";
import { renderWalk } from "../sound/walk.ts";
import { parseWav, writeWav } from "../sound/wav.ts";
import audio from "../stages/audio.ts";
import { proofFiles } from "./proof-files.ts";
import { inputOf } from "./proof-input.ts";
import "../../../test/rig/own-libraries.ts";

const { checkChord } = await import("../checks/chord-checks.ts");
const { checkWalk } = await import("../checks/walk-checks.ts");
const { default: validation } = await import("../stages/validation.ts");

const limits = { cents: 1, capability: 1.33 };
const facts = proofFiles["facts.json"];
const proofInput = inputOf(proofFiles);
const audioFiles = await audio({ proof: proofInput });
const { sampleRateHz } = facts.sound;

type AudioFiles = typeof audioFiles;

function withAudio(changes: Partial<AudioFiles>): AudioInput {
  return inputOf({ ...audioFiles, ...changes });
}

function statusOf(checks: readonly Check[], id: string): Check {
  const found = checks.find((check) => check.id === id);
  assert.ok(found, `there is no check ${id}: ${checks.map((check) => check.id).join(", ")}`);
  return found;
}

function chordOf(frequencyOf: (prime: number) => number): Uint8Array {
  const harmonics = facts.sound.chord.harmonics.map((harmonic) => {
    return { ...harmonic, frequencyHz: frequencyOf(harmonic.prime) };
  });
  return writeWav({ sampleRateHz, samples: renderChord(harmonics, sampleRateHz, facts.sound.chord.samples) });
}

test("what the stages make passes every check; the capability study can't tell and is no pass", async () => {
  const made = await validation({ proof: proofInput, audio: inputOf(audioFiles), limits });
  const { status, checks } = made["verdict.json"];
  assert.deepEqual(
    checks.filter((check) => check.status !== "passed").map(({ id, status }) => [id, status]),
    [["capability.cpk", "gauge-limited"]],
  );
  assert.equal(status, "passed");
  assert.equal(made["measurements.json"].chord.length, 23);
  assert.match(
    statusOf(checks, "chord.frequency-2").statement,
    /^Largest deviation of the harmonic of 2 from 440 Hz/,
  );

  const { capability } = made["six_sigma_cpk.json"];
  assert.equal(capability.n, 345);
  // exact synthesis: what spread there is, is the measuring's
  assert.equal(capability.status, "gauge-limited");
  assert.doesNotMatch(JSON.stringify(made).toLowerCase(), /certified|compliant|conformant/);
});

test("without the proof nothing passes: the verdict is failed and says what is missing", async () => {
  const made = await validation({
    proof: inputOf<typeof proofFiles>({} as typeof proofFiles),
    audio: inputOf(audioFiles),
    limits,
  });
  const { status, checks } = made["verdict.json"];
  assert.equal(status, "failed");
  assert.equal(statusOf(checks, "proof.certificate").status, "failed");
  assert.equal(statusOf(checks, "proof.certificate").value, "the file is missing");
  assert.equal(statusOf(checks, "chord.format").status, "skipped");
  assert.equal(statusOf(checks, "capability.cpk").status, "not-computable");
  assert.deepEqual(
    checks.filter((check) => check.status === "passed"),
    [],
  );
});

test("a certificate with one changed digit fails", async () => {
  const text = JSON.stringify(proofFiles["certificate.json"]).replace(
    '"value":"8080700928',
    '"value":"8080700929',
  );
  const checks = await checkProof(inputOf({ ...proofFiles, "certificate.json": JSON.parse(text) }));
  assert.equal(statusOf(checks, "proof.certificate").status, "failed");
});

test("facts that are not the certificate's fail: 15610 Hz for prime 71", async () => {
  const changed = structuredClone(facts);
  const last = changed.sound.chord.harmonics.at(-1);
  assert.ok(last);
  last.frequencyHz = 15_610;
  const checks = await checkProof(inputOf({ ...proofFiles, "facts.json": changed }));
  assert.equal(statusOf(checks, "proof.certificate").status, "passed");
  assert.equal(statusOf(checks, "proof.facts").status, "failed");
  assert.equal(statusOf(checks, "proof.facts").value, "differs in sound.chord.frequencies");
});

test("metadata that say 15610 Hz for prime 71 fail by 10 Hz", async () => {
  const metadata = structuredClone(audioFiles["monster_walk_metadata.json"]);
  const tone = metadata.chord.measured.tones.find(({ prime }) => prime === 71);
  assert.ok(tone);
  tone.frequencyHz = 15_610;
  const { checks } = await checkChord(withAudio({ "monster_walk_metadata.json": metadata }), facts, limits);
  assert.equal(statusOf(checks, "chord.metadata").status, "failed");
  assert.equal(statusOf(checks, "chord.metadata").value, 10);
  assert.equal(statusOf(checks, "chord.frequency-71").status, "passed");
});

test("a chord with one mistuned harmonic fails at that harmonic, and by how much", async () => {
  const bytes = chordOf((prime) => (prime === 71 ? 15_610 : 220 * prime));
  const { checks, measurements } = await checkChord(withAudio({ "monster_walk.wav": bytes }), facts, limits);
  assert.ok(
    Math.abs(Number(statusOf(checks, "chord.frequency-71").value) - 1200 * Math.log2(15_620 / 15_610)) < 1e-5,
  );
  assert.equal(statusOf(checks, "chord.frequency-71").status, "failed");
  assert.equal(statusOf(checks, "chord.frequency-59").status, "passed");
  // the mistuned tone is a tone all the same: the measuring itself is sound
  assert.equal(statusOf(checks, "chord.residual").status, "passed");
  assert.equal(measurements.length, 23);
});

test("a chord that lacks a harmonic fails, and no frequency is claimed of it", async () => {
  const harmonics = facts.sound.chord.harmonics.filter(({ prime }) => prime !== 2);
  const bytes = writeWav({
    sampleRateHz,
    samples: renderChord(harmonics, sampleRateHz, facts.sound.chord.samples),
  });
  const { checks } = await checkChord(withAudio({ "monster_walk.wav": bytes }), facts, limits);
  assert.equal(statusOf(checks, "chord.tones").status, "failed");
  assert.match(String(statusOf(checks, "chord.tones").value), /Found 14 tones where 15/);
  assert.equal(statusOf(checks, "chord.frequency-2").status, "not-computable");
});

test("a chord with wrong loudness of one harmonic fails", async () => {
  const harmonics = facts.sound.chord.harmonics.map((harmonic) => {
    return harmonic.prime === 2 ? { ...harmonic, amplitude: { numerator: 1, denominator: 46 } } : harmonic;
  });
  const bytes = writeWav({
    sampleRateHz,
    samples: renderChord(harmonics, sampleRateHz, facts.sound.chord.samples),
  });
  const { checks } = await checkChord(withAudio({ "monster_walk.wav": bytes }), facts, limits);
  assert.equal(statusOf(checks, "chord.amplitudes").status, "failed");
});

test("a clipped chord fails", async () => {
  const { samples } = parseWav(audioFiles["monster_walk.wav"]);
  const loud = samples.map((sample) => Math.max(-32_767, Math.min(32_767, sample * 1.5)));
  const bytes = writeWav({ sampleRateHz, samples: loud });
  const { checks } = await checkChord(withAudio({ "monster_walk.wav": bytes }), facts, limits);
  assert.equal(statusOf(checks, "chord.clipping").status, "failed");
  assert.equal(conclude(checks).status, "failed");
});

test("a click that no tone explains fails by the residual; one flipped bit, by the digest", async () => {
  const { samples } = parseWav(audioFiles["monster_walk.wav"]);
  const clicked = Int16Array.from(samples);
  clicked[200_000] = (clicked[200_000] ?? 0) + 300;
  const click = await checkChord(
    withAudio({ "monster_walk.wav": writeWav({ sampleRateHz, samples: clicked }) }),
    facts,
    limits,
  );
  assert.equal(statusOf(click.checks, "chord.residual").status, "failed");

  const flipped = Uint8Array.from(audioFiles["monster_walk.wav"]);
  flipped[500_000] = (flipped[500_000] ?? 0) ^ 1;
  const flip = await checkChord(withAudio({ "monster_walk.wav": flipped }), facts, limits);
  assert.equal(statusOf(flip.checks, "chord.metadata").value, "another recording's digest");
});

test("a chord that is cut short, or is no WAV, fails", async () => {
  const { samples } = parseWav(audioFiles["monster_walk.wav"]);
  const short = writeWav({ sampleRateHz, samples: samples.subarray(0, 300_000) });
  const cut = await checkChord(withAudio({ "monster_walk.wav": short }), facts, limits);
  assert.equal(statusOf(cut.checks, "chord.format").status, "failed");
  assert.equal(statusOf(cut.checks, "chord.format").value, 300_000);
  const none = await checkChord(withAudio({ "monster_walk.wav": Buffer.from("hello") }), facts, limits);
  assert.deepEqual(
    none.checks.map((check) => check.status),
    ["failed"],
  );
});

test("a walk whose steps are not the proof's groups fails", async () => {
  const { sound, walk } = facts;
  const steps = [...walk.groups];
  const [first, second] = steps;
  assert.ok(first && second);
  [steps[0], steps[1]] = [second, first];
  const samples = renderWalk({ ...sound.walk, sampleRateHz, steps });
  const { checks } = await checkWalk(
    withAudio({ "monster_walk_60s.wav": writeWav({ sampleRateHz, samples }) }),
    facts,
    limits,
  );
  assert.equal(statusOf(checks, "walk.groups").status, "failed");
  assert.equal(statusOf(checks, "walk.groups").value, 8);
});

test("lyrics that leave out a prime fail, and the 7 of 47 or of seventy-one is no seven", async () => {
  const words =
    "two three five seven eleven thirteen seventeen nineteen twenty-three 29 31 forty-one 47 fifty nine Seventy-One";
  const status = async (text: string) => {
    const [check] = await checkSong(
      inputOf<Record<string, string>>({ "monster_walk_lyrics.md": text }),
      facts,
    );
    return [check?.status, check?.value];
  };
  assert.deepEqual(await status(words), ["passed", 15]);
  assert.deepEqual(await status(words.replace("seven ", "")), ["failed", 14]);
  assert.deepEqual(await status(words.replace("two", "")), ["failed", 14]);
});

test("only passed is a pass, and a verdict over nothing is failed", async () => {
  const question = { id: "x", statement: "x", limit: 1, evidence: "x" };
  assert.equal(conclude([]).status, "failed");
  assert.equal(conclude([judgeAtMost(question, 1)]).status, "passed");
  for (const status of ["failed", "skipped", "not-computable"] as const) {
    assert.equal(conclude([judgeAtMost(question, 1), { ...question, value: null, status }]).status, "failed");
  }
  assert.equal(judgeAtMost(question, Number.NaN).status, "failed");
  assert.equal(judgeAtLeast(question, Number.NaN).status, "failed");
  assert.equal((await attempt(question, () => assert.fail(new RangeError("bad data")))).value, "bad data");
  await assert.rejects(
    attempt(question, () => assert.fail(new TypeError("a bug"))),
    TypeError,
  );
});
