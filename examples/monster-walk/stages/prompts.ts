import type { Input } from "pipelite";
import {
  writeMusicPrompt,
  writeReference,
  writeRequest,
  writeTextPrompt,
  writeVisionPrompt,
} from "../music/prompts.ts";
import { stepsOf, tonesOf } from "../music/tones.ts";
import { songRules } from "../music/verify-song.ts";
import type audioStage from "./audio.ts";
import type proofStage from "./proof.ts";

/** Prompts for words, music and picture, from the proof's facts and the frequencies measured in the chord. */
export default async function prompts({
  proof,
  audio,
}: {
  proof: Input<typeof proofStage>;
  audio: Input<typeof audioStage>;
}) {
  const facts = await proof.json("facts.json");
  const { chord } = await audio.json("monster_walk_metadata.json");
  const matter = {
    order: facts.order.decimal,
    primes: tonesOf(facts, chord.measured),
    steps: stepsOf(facts),
    rules: songRules(facts),
    standardErrorsHz: new Map(chord.measured.tones.map((tone) => [tone.prime, tone.standardErrorHz])),
  };
  return {
    "text_prompt.txt": writeTextPrompt(matter),
    "music_prompt.txt": writeMusicPrompt(matter),
    "vision_prompt.txt": writeVisionPrompt(matter),
    "song_reference.md": writeReference(matter),
    "lyrics_request.json": writeRequest(matter),
  };
}
