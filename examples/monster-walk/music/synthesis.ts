// The song as sound: additive tones read from tables of integers, with a 30-bit phase that is a whole number,
// so that the bytes are the same on every host. Every note begins and ends at silence within its own length:
// no clicks, and the last sample of the last bar is the end of the sound.
import { sineTable } from "../mathematics/fixed-point.ts";
import { BAR_QUAVERS } from "./prosody.ts";
import type { Dynamic, Song, Tone } from "./score.ts";
import { QUAVERS_PER_MINUTE } from "./score.ts";

interface Instrument {
  /** Parts of the harmonics 1, 2, 3 ... */
  harmonics: readonly number[];
  gain: number;
  attackSeconds: number;
  releaseSeconds: number;
  /** Time in which a held tone falls to half; undefined for one that is held evenly. */
  halfLifeSeconds: number | undefined;
}

const VOICE: Instrument = {
  harmonics: [1, 0.55, 0.32, 0.2, 0.1, 0.06, 0.03],
  gain: 0.9,
  attackSeconds: 0.045,
  releaseSeconds: 0.07,
  halfLifeSeconds: undefined,
};
const PIANO: Instrument = {
  harmonics: [1, 0.45, 0.25, 0.12, 0.06, 0.03],
  gain: 0.3,
  attackSeconds: 0.006,
  releaseSeconds: 0.09,
  halfLifeSeconds: 1.1,
};
const BASS: Instrument = {
  ...PIANO,
  harmonics: [1, 0.7, 0.45, 0.25, 0.12, 0.06],
  gain: 0.42,
  halfLifeSeconds: 1.6,
};

const LOUDNESS: Record<Dynamic, number> = { pp: 0.3, p: 0.4, mp: 0.52, mf: 0.66, f: 0.82, ff: 1 };
/** The song's last chord is let ring and fade over this part of its length. */
const LAST_RELEASE = 0.6;

const TABLE_LENGTH = 4096;
const TABLE_BITS = 40n;
const PHASE_STEPS = 2 ** 30;
const INDEX_SHIFT = 18;
const FRACTION = 2 ** INDEX_SHIFT;
const FULL_SCALE = 32_767;
const HEADROOM = 0.9;

/**
 * 16-bit samples of the first singing: exactly as long as the song's bars. Throws RangeError when a bar is no
 * whole number of samples.
 */
export function renderSong(song: Song, sampleRateHz: number): Int16Array {
  const bar = (60 * BAR_QUAVERS * sampleRateHz) / QUAVERS_PER_MINUTE;
  if (!Number.isInteger(bar)) throw new RangeError(`A bar is ${bar} samples: it must be a whole number`);
  const sampleOf = (quavers: number): number => Math.floor((quavers * bar) / BAR_QUAVERS);
  const mix = new Float64Array(song.bars.length * bar);
  const sine = Float64Array.from(
    sineTable(TABLE_LENGTH, TABLE_BITS),
    (entry) => Number(entry) / 2 ** Number(TABLE_BITS),
  );
  const [voice, piano, bass] = [VOICE, PIANO, BASS].map((instrument) =>
    prepare(instrument, sine, sampleRateHz),
  );
  for (const [index, { dynamic, voice: sung, right, left }] of song.bars.entries()) {
    const loudness = LOUDNESS[dynamic];
    const isLast = index === song.bars.length - 1;
    const play = (
      player: Player | undefined,
      tones: readonly Tone[],
      onset: number,
      quavers: number,
    ): void => {
      const start = sampleOf(index * BAR_QUAVERS + onset);
      const length = sampleOf(index * BAR_QUAVERS + onset + quavers) - start;
      const isFinal = isLast && onset + quavers === BAR_QUAVERS;
      for (const { milliHertz } of tones) player?.({ mix, start, length, milliHertz, loudness, isFinal });
    };
    for (const note of sung) play(voice, [note.tone], note.onset, note.quavers);
    for (const stroke of right) play(piano, stroke.tones, stroke.onset, stroke.quavers);
    for (const stroke of left) play(bass, stroke.tones, stroke.onset, stroke.quavers);
  }
  return quantise(mix);
}

interface Note {
  mix: Float64Array;
  start: number;
  length: number;
  milliHertz: number;
  loudness: number;
  isFinal: boolean;
}
type Player = (note: Note) => void;

function prepare(instrument: Instrument, sine: Float64Array, sampleRateHz: number): Player {
  const wave = sumHarmonics(instrument.harmonics, sine);
  const attack = Math.round(instrument.attackSeconds * sampleRateHz);
  const usualRelease = Math.round(instrument.releaseSeconds * sampleRateHz);
  const { halfLifeSeconds } = instrument;
  const decay = halfLifeSeconds === undefined ? 1 : 1 - Math.LN2 / (halfLifeSeconds * sampleRateHz);
  return ({ mix, start, length, milliHertz, loudness, isFinal }) => {
    const increment = Math.round((milliHertz * PHASE_STEPS) / (1000 * sampleRateHz));
    const release = isFinal ? Math.round(length * LAST_RELEASE) : Math.min(usualRelease, length - attack);
    let level = instrument.gain * loudness;
    for (
      let n = 0, phase = 0;
      n < length;
      n++, phase = (phase + increment) & (PHASE_STEPS - 1), level *= decay
    ) {
      const rising = n < attack ? smooth(n / attack) : 1;
      const falling = length - n < release ? smooth((length - n) / release) : 1;
      const index = phase >>> INDEX_SHIFT;
      const here = wave[index] ?? 0;
      const next = wave[index + 1] ?? 0;
      const value = here + ((next - here) * (phase & (FRACTION - 1))) / FRACTION;
      mix[start + n] = (mix[start + n] ?? 0) + level * rising * falling * value;
    }
  };
}

/** One period and its first value again, for interpolation; parts sum to 1. */
function sumHarmonics(harmonics: readonly number[], sine: Float64Array): Float64Array {
  const whole = harmonics.reduce((sum, part) => sum + part, 0);
  return Float64Array.from({ length: TABLE_LENGTH + 1 }, (_, index) =>
    harmonics.reduce(
      (sum, part, rank) => sum + (part / whole) * (sine[(index * (rank + 1)) % TABLE_LENGTH] ?? 0),
      0,
    ),
  );
}

/** From 0 to 1 with level ends, for t in [0, 1]. */
function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function quantise(mix: Float64Array): Int16Array {
  let peak = 0;
  for (let n = 0; n < mix.length; n++) peak = Math.max(peak, Math.abs(mix[n] ?? 0));
  const scale = peak === 0 ? 0 : (FULL_SCALE * HEADROOM) / peak;
  const samples = new Int16Array(mix.length);
  for (let n = 0; n < mix.length; n++) samples[n] = Math.round((mix[n] ?? 0) * scale);
  return samples;
}
