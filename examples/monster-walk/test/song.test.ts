// The prompts and the song as stages: real proof and real recordings in, all files out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { renderSong } from "../music/synthesis.ts";
import { parseWav } from "../sound/wav.ts";
import audioStage from "../stages/audio.ts";
import promptsStage from "../stages/prompts.ts";
import songStage from "../stages/song.ts";
import verifySongStage from "../stages/verify-song.ts";
import { peer } from "../../../test/rig/peer.ts";
import { facts, song as composed } from "./music-matter.ts";
import { proofFiles } from "./proof-files.ts";
import { inputOf } from "./proof-input.ts";

const proof = inputOf(proofFiles);
let audioFiles: Awaited<ReturnType<typeof audioStage>>;
let promptFiles: Awaited<ReturnType<typeof promptsStage>>;
let files: Awaited<ReturnType<typeof songStage>>;

before(async () => {
  audioFiles = await audioStage({ proof });
  promptFiles = await promptsStage({ proof, audio: inputOf(audioFiles) });
  files = await songStage({ proof, audio: inputOf(audioFiles), prompts: inputOf(promptFiles), lyrics: null });
});

test("prompts carry what was measured, not what was meant", async () => {
  const text = promptFiles["text_prompt.txt"];
  for (const { prime } of facts.powers) assert.ok(text.includes(`${220 * prime}.000 Hz`), `${prime}`);
  for (const { digits } of facts.walk.groups) assert.ok(promptFiles["vision_prompt.txt"].includes(digits));
  assert.ok(promptFiles["music_prompt.txt"].includes("60 seconds"));
  const metadata = structuredClone(audioFiles["monster_walk_metadata.json"]);
  const highest = metadata.chord.measured.tones.find((tone) => tone.prime === 71);
  assert.ok(highest);
  highest.frequencyHz = 15_610;
  const other = await promptsStage({
    proof,
    audio: inputOf({ ...audioFiles, "monster_walk_metadata.json": metadata }),
  });
  assert.ok(other["text_prompt.txt"].includes("71^1: 15610.000 Hz"));
  assert.ok(!other["text_prompt.txt"].includes("15620"));
});

test("the request to a model is the text prompt, at temperature 0, without a model's name", () => {
  const request = promptFiles["lyrics_request.json"];
  assert.deepEqual(Object.keys(request).toSorted(), ["messages", "seed", "temperature"]);
  assert.equal(request.temperature, 0);
  assert.equal(request.messages.at(-1)?.content, promptFiles["text_prompt.txt"]);
});

test("all files of the song are there, and the composer says that it is one", () => {
  assert.deepEqual(Object.keys(files).toSorted(), [
    "melody.mid",
    "monster_walk_lyrics.md",
    "score.musicxml",
    "score.svg",
    "song.json",
    "song.wav",
  ]);
  const record = files["song.json"];
  assert.equal(record.generator, "composer");
  assert.equal(record.lyrics.status, "verified");
  assert.equal(record.lyrics.request, null);
  assert.equal(record.bars, 20);
  assert.equal(record.seconds, 60);
  assert.match(files["monster_walk_lyrics.md"], /no model took part/u);
});

test("the record tells how each prime is sung", () => {
  const tones = new Map(files["song.json"].tones.map((tone) => [tone.prime, tone]));
  assert.deepEqual(tones.get(71)?.sung, { note: "B4", octavesBelow: 5, hz: "488.125", cents: "-20.3" });
  assert.equal(tones.get(59)?.midiNote, 128);
});

test("a model's lyrics take the composer's place and name their request", async () => {
  const body = JSON.stringify({
    model: "some-model",
    choices: [
      {
        message: { role: "assistant", content: `${files["monster_walk_lyrics.md"]}*Fin.*` },
        finish_reason: "stop",
      },
    ],
  });
  const answer = { ...inputOf({ answer: body }), bytes: async () => Buffer.from(body) };
  const verified = inputOf(await verifySongStage({ answer, proof }));
  const made = await songStage({
    proof,
    audio: inputOf(audioFiles),
    prompts: inputOf(promptFiles),
    lyrics: verified,
  });
  assert.match(made["monster_walk_lyrics.md"], /\*Fin\.\*\n$/u);
  const record = made["song.json"];
  assert.equal(record.generator, "model");
  assert.equal(record.lyrics.request?.model, "some-model");
  assert.match(record.lyrics.request?.requestSha256 ?? "", /^[0-9a-f]{64}$/u);
  assert.equal(record.score.words, "composer");
});

test("the song stage verifies lyrics again, whoever vouched for them", async () => {
  const forged = inputOf({
    "lyrics.md": "Error: model not found",
    "verification.json": {
      status: "verified" as const,
      checks: [],
      answerSha256: "",
      model: null,
      finishReason: null,
    },
  });
  const inputs = { proof, audio: inputOf(audioFiles), prompts: inputOf(promptFiles), lyrics: forged };
  await assert.rejects(songStage(inputs), /Cannot accept the lyrics: answer: .*error message/u);
});

test("the song sounds for exactly twenty bars, neither clipped nor quiet, and ends in silence", () => {
  const { sampleRateHz, samples } = parseWav(files["song.wav"]);
  assert.equal(samples.length, 60 * sampleRateHz);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  assert.equal(peak, Math.round(32_767 * 0.9));
  assert.equal(samples[0], 0);
  assert.ok(Math.abs(samples.at(-1) ?? 1) <= 1);
});

test("no clicks: every note of the voice begins and ends in silence", () => {
  const solo = { ...composed, bars: composed.bars.map((bar) => ({ ...bar, right: [], left: [] })) };
  const samples = renderSong(solo, 44_100);
  const boundaries = solo.bars.flatMap((bar) =>
    bar.voice.flatMap(({ onset, quavers }) =>
      [onset, onset + quavers].map((at) => (bar.number - 1) * 8 + at),
    ),
  );
  assert.ok(boundaries.length > 250);
  for (const quaver of boundaries) {
    const at = Math.floor((quaver * 132_300) / 8);
    for (let n = Math.max(1, at - 8); n < at + 8; n++) {
      assert.ok(Math.abs((samples[n] ?? 0) - (samples[n - 1] ?? 0)) < 60, `sample ${n}`);
    }
  }
});

test("the voice is in tune: its first tone alone has the measured frequency", () => {
  const first = composed.bars[0];
  assert.ok(first);
  const solo = { ...composed, bars: [{ ...first, right: [], left: [] }] };
  const samples = renderSong(solo, 44_100);
  const crossings: number[] = [];
  for (let n = 2000; n < 16_000; n++) {
    const [a, b] = [samples[n - 1] ?? 0, samples[n] ?? 0];
    if (a < 0 && b >= 0) crossings.push(n - 1 + a / (a - b));
  }
  const [start = 0, end = 0] = [crossings[0], crossings.at(-1)];
  const hertz = ((crossings.length - 1) * 44_100) / (end - start);
  const wanted = (first.voice[0]?.tone.milliHertz ?? 0) / 1000;
  assert.ok(Math.abs(1200 * Math.log2(hertz / wanted)) < 0.5, `${hertz} Hz, wanted ${wanted} Hz`);
  assert.throws(() => renderSong(solo, 44_100.5), RangeError);
});

test("sox agrees: 60 seconds, one channel, no clipping", { skip: peer("sox") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-song-"));
  try {
    const path = join(folder, "song.wav");
    writeFileSync(path, files["song.wav"]);
    const { stderr } = spawnSync("sox", [path, "-n", "stats"], { encoding: "utf8" });
    assert.match(stderr, /Length s\s+60\.000/u);
    assert.match(stderr, /Flat factor\s+0\.00/u);
    const peak = Number(/Pk lev dB\s+(\S+)/u.exec(stderr)?.[1]);
    assert.ok(peak < -0.5 && peak > -1.5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
