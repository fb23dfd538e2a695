// What a seed stands for: one variation of the Monster Walk's audio stage. Its chord of fifteen harmonics gets other
// loudnesses, other phases and another length, and one step of the walk gets other factors to lose and another tempo. The
// draws are sha256 of seed and name, so a variation is the same everywhere and for ever.
import { createHash } from "node:crypto";
import { DESIGN, listHarmonics, periodSamples } from "../mathematics/harmonics.ts";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import type { ChordVoice } from "../sound/chord.ts";
import type { WalkScore } from "../sound/walk.ts";

/** A prime, so that the window is no whole number of the chord's periods. */
const WINDOW_SAMPLES = 32_749;
/** Loudness of a harmonic, in hundredths of what the walk gives it. */
const LOUDNESS = { lowest: 50, highest: 150 };
const LENGTH_SAMPLES = { shortest: 33_075, longest: 66_150 };
/** A bar has quavers of so many samples: a multiple of two, so that half quavers are whole samples. */
const QUAVER_SAMPLES = { shortest: 8_000, longest: 16_000 };
const QUAVERS_PER_BAR = 8;
const REMOVED_MAX = 8;

export interface Variation {
  seed: number;
  sampleRateHz: number;
  chord: { samples: number; voices: ChordVoice[]; window: { start: number; samples: number } };
  walk: { score: WalkScore; removed: number[] };
}

export function variationOf(seed: number): Variation {
  const draw = (name: string, low: number, high: number): number => {
    const bytes = createHash("sha256").update(`pipelite study ${seed} ${name}`).digest();
    return low + (bytes.readUIntBE(0, 6) % (high - low + 1));
  };
  const { sampleRateHz } = DESIGN;
  const harmonics = listHarmonics(PRIME_POWERS, DESIGN.chord.fundamentalHz);
  const period = periodSamples(harmonics, sampleRateHz);
  const samples = draw("length", LENGTH_SAMPLES.shortest, LENGTH_SAMPLES.longest);
  const voices = harmonics.map((harmonic) => ({
    ...harmonic,
    amplitude: {
      numerator: draw(`loudness ${harmonic.prime}`, LOUDNESS.lowest, LOUDNESS.highest),
      denominator: 100 * harmonic.amplitude.denominator,
    },
    phaseSamples: draw(`phase ${harmonic.prime}`, 0, period - 1),
  }));
  const window = { start: draw("window", 0, samples - WINDOW_SAMPLES), samples: WINDOW_SAMPLES };
  const quaver = 2 * draw("tempo", QUAVER_SAMPLES.shortest / 2, QUAVER_SAMPLES.longest / 2);
  const removed = PRIME_POWERS.map(({ prime }) => ({ prime, rank: draw(`removed ${prime}`, 0, 2 ** 32) }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, draw("removed", 1, REMOVED_MAX))
    .map(({ prime }) => prime)
    .toSorted((a, b) => a - b);
  const walked = listHarmonics(PRIME_POWERS, DESIGN.walk.fundamentalHz);
  const score: WalkScore = {
    sampleRateHz,
    barSamples: QUAVERS_PER_BAR * quaver,
    barsPerStep: DESIGN.walk.barsPerStep,
    periodSamples: periodSamples(walked, sampleRateHz),
    harmonics: walked,
    steps: [{ removed }],
  };
  return { seed, sampleRateHz, chord: { samples, voices, window }, walk: { score, removed } };
}
