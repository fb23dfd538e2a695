// What song.json says: who wrote the words, by which request they can be had again, and every bar with its
// tones.
import { formatCents, formatHertz, noteName } from "./pitch.ts";
import type { Song, Tone } from "./score.ts";
import { CROTCHETS_PER_MINUTE } from "./score.ts";
import { BAR_QUAVERS } from "./prosody.ts";
import { chordName, spelledName } from "./spelling.ts";
import type { SongVerdict } from "./verify-song.ts";

export interface SongSources {
  engraver: string;
  /** On the lyrics as they stand, whoever wrote them. */
  verdict: SongVerdict;
  requestSha256: string;
  /** The verification of a model's answer, or null when the composer wrote the words. */
  answer: { answerSha256: string } | null;
}

export function describeSong(song: Song, { engraver, verdict, requestSha256, answer }: SongSources) {
  return {
    generator: answer === null ? "composer" : "model",
    lyrics: {
      ...verdict,
      request: answer === null ? null : { requestSha256, answerSha256: answer.answerSha256 },
    },
    // The score always sets the composer's own words: a model's verses have no fixed number of syllables.
    score: { music: "composer", words: "composer", engraver, key: `${song.tonic} major` },
    bars: song.bars.length,
    meter: `${BAR_QUAVERS}/8`,
    crotchetsPerMinute: CROTCHETS_PER_MINUTE,
    seconds: (song.bars.length * BAR_QUAVERS * 60) / (2 * CROTCHETS_PER_MINUTE),
    tones: song.primes.map(({ prime, exponent, milliHertz, pitch }) => ({
      prime,
      exponent,
      measuredHz: formatHertz(milliHertz),
      nearestNote: noteName(pitch.note),
      midiNote: pitch.note,
      cents: formatCents(pitch.centTenths),
      sung: sungAs(song, prime),
    })),
    walk: song.bars.map((bar) => ({
      bar: bar.number,
      digits: song.steps[bar.step]?.digits ?? "",
      prime: bar.prime.prime,
      chord: chordName(bar.chord),
      dynamic: bar.dynamic,
      melody: bar.voice.map(({ tone }) => spelledName(tone)).join(" "),
      lines: bar.lines,
    })),
  };
}

/**
 * How the prime's name is sung: the written note, how many octaves below the measured tone, and what sounds.
 */
function sungAs(song: Song, prime: number) {
  const sung = song.bars
    .flatMap((bar) => bar.voice)
    .find((note) => note.namesPrime && note.tone.prime === prime);
  const source = song.primes.find((tone) => tone.prime === prime);
  if (sung === undefined || source === undefined) return null;
  const { tone }: { tone: Tone } = sung;
  return {
    note: spelledName(tone),
    octavesBelow: (source.pitch.note - tone.note) / 12,
    hz: formatHertz(tone.milliHertz),
    cents: formatCents(tone.centTenths),
  };
}
