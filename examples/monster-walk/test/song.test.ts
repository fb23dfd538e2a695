// The prompts and the song as stages: real proof and real recordings in, all files out.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import audioStage from "../stages/audio.ts";
import promptsStage from "../stages/prompts.ts";
import songStage from "../stages/song.ts";
import verifySongStage from "../stages/verify-song.ts";
import { facts } from "./music-matter.ts";
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
  const text = `${files["monster_walk_lyrics.md"]}*Fin.*`;
  const answer = { ...inputOf({ answer: text }), bytes: async () => Buffer.from(text) };
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
    },
  });
  const inputs = { proof, audio: inputOf(audioFiles), prompts: inputOf(promptFiles), lyrics: forged };
  await assert.rejects(
    songStage(inputs),
    /Cannot accept the lyrics: answer: the text has no verse: "Error: model not found/u,
  );
});
