import { createHash } from "node:crypto";
import type { Input } from "pipelite";
import { composeSong } from "../music/compose.ts";
import { engraveScore } from "../music/engrave.ts";
import { writeLyrics } from "../music/lyrics.ts";
import { headingOf, writeMusicXml } from "../music/musicxml.ts";
import { writeSongMidi } from "../music/song-midi.ts";
import { describeSong } from "../music/song-record.ts";
import { stepsOf, tonesOf } from "../music/tones.ts";
import { songRules, verifySong } from "../music/verify-song.ts";
import type audioStage from "./audio.ts";
import type promptsStage from "./prompts.ts";
import type proofStage from "./proof.ts";
import type verifySongStage from "./verify-song.ts";

interface Inputs {
  proof: Input<typeof proofStage>;
  audio: Input<typeof audioStage>;
  prompts: Input<typeof promptsStage>;
  /** A model's verified lyrics; none in a run without a model. */
  lyrics?: Input<typeof verifySongStage> | null;
}

/** The song: words, score and melody. */
export default async function song({ proof, audio, prompts, lyrics }: Inputs) {
  const facts = await proof.json("facts.json");
  const { chord } = await audio.json("monster_walk_metadata.json");
  const composed = composeSong(tonesOf(facts, chord.measured), stepsOf(facts));
  const words = lyrics ? await lyrics.text("lyrics.md") : writeLyrics(composed);
  const verdict = verifySong(words, songRules(facts));
  const score = writeMusicXml(composed);
  const { svg, engraver } = await engraveScore(score, headingOf(composed));
  return {
    "monster_walk_lyrics.md": words,
    "melody.mid": writeSongMidi(composed),
    "score.musicxml": score,
    "score.svg": svg,
    "song.json": describeSong(composed, {
      engraver,
      verdict,
      requestSha256: createHash("sha256")
        .update(await prompts.bytes("lyrics_request.json"))
        .digest("hex"),
      answer: lyrics ? await lyrics.json("verification.json") : null,
    }),
  };
}
