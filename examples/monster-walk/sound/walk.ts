// The walk as sound: one step for each group of digits, two bars of 8/8 each. A step opens with the chord of all fifteen
// prime powers. In its first bar the removed ones leave, lowest prime first, spread evenly over the quavers (three of them
// give 3+3+2); each is struck once more as it goes and dies away. What the quotient is made of stays alone, to the end of
// a whole note tied to a half note, and the step closes with a half rest. The ten steps grow evenly from soft to loud.
// Tones are fundamental * prime as in the chord, two octaves lower, with amplitude 1/(exponent+1) * 2/prime: the fall of
// 6 dB an octave of a plucked string. Only additions, multiplications and divisions of doubles in a fixed order, which
// IEEE 754 and ECMAScript round the same way everywhere, so the bytes are the same on every host.
import { sineTable } from "../mathematics/fixed-point.ts";
import type { Harmonic } from "../mathematics/harmonics.ts";
import { FULL_SCALE } from "./chord.ts";

export interface WalkScore {
  sampleRateHz: number;
  barSamples: number;
  barsPerStep: number;
  periodSamples: number;
  harmonics: readonly Harmonic[];
  steps: readonly { removed: readonly number[] }[];
}

const QUAVERS_PER_BAR = 8;
/** Half quavers: onsets fall on them when more factors leave than the bar has quavers. */
const HALF_QUAVERS_PER_BAR = 2 * QUAVERS_PER_BAR;
/** A whole note tied to a half note. */
const HELD_QUAVERS = 12;
const ATTACK_QUAVERS = 1;
const RELEASE_QUAVERS = 2;
const STRUCK_QUAVERS = 3;
const STRIKE_SECONDS = 1 / 200;
const LEAVE_SECONDS = 1 / 50;
/** How much louder a tone is struck than it was held. */
const STRIKE_GAIN = 3;
/** The first step's loudness as a part of the last one's. */
const SOFTEST = 1 / 4;
const HEADROOM = 9 / 10;
const TABLE_BITS = 48n;

export interface Onset {
  prime: number;
  /** Half quavers from the start of the step. */
  halfQuavers: number;
}

/** When the removed primes leave: on quavers, or on half quavers when there are more of them than quavers in a bar. */
export function listOnsets(removed: readonly number[]): Onset[] {
  const grid = removed.length <= QUAVERS_PER_BAR ? QUAVERS_PER_BAR : HALF_QUAVERS_PER_BAR;
  const unit = HALF_QUAVERS_PER_BAR / grid;
  return removed.map((prime, index) => ({
    prime,
    halfQuavers: unit * Math.ceil((index * grid) / removed.length),
  }));
}

/** The part of a step in which nothing but the quotient's tones sounds, and evenly: sample offsets within the step. */
export function plainWindow({ barSamples }: Pick<WalkScore, "barSamples">): { start: number; end: number } {
  const lastOnset = HALF_QUAVERS_PER_BAR - 1;
  return {
    start: Math.ceil((barSamples * (lastOnset + 2 * STRUCK_QUAVERS)) / HALF_QUAVERS_PER_BAR),
    end: Math.floor((barSamples * HELD_QUAVERS) / QUAVERS_PER_BAR),
  };
}

export function renderWalk(score: WalkScore): Int16Array {
  const stepSamples = score.barSamples * score.barsPerStep;
  const mix = new Float64Array(stepSamples * score.steps.length);
  const scale = Number(1n << TABLE_BITS);
  const table = Float64Array.from(
    sineTable(score.periodSamples, TABLE_BITS),
    (entry) => Number(entry) / scale,
  );
  for (const [index, { removed }] of score.steps.entries()) {
    const last = Math.max(1, score.steps.length - 1);
    const gain = SOFTEST + (1 - SOFTEST) * (index / last);
    const onsets = new Map(listOnsets(removed).map(({ prime, halfQuavers }) => [prime, halfQuavers]));
    const target = mix.subarray(index * stepSamples, (index + 1) * stepSamples);
    for (const harmonic of score.harmonics)
      addVoice(target, score, { harmonic, gain, table, onset: onsets.get(harmonic.prime) });
  }
  return quantise(mix);
}

interface Voice {
  harmonic: Harmonic;
  gain: number;
  table: Float64Array;
  /** When the tone leaves, in half quavers; undefined for a tone that stays. */
  onset: number | undefined;
}

function addVoice(target: Float64Array, score: WalkScore, { harmonic, gain, table, onset }: Voice): void {
  const { sampleRateHz, barSamples, periodSamples } = score;
  const { prime, frequencyHz, amplitude } = harmonic;
  const step = (frequencyHz * periodSamples) / sampleRateHz;
  const weight = (gain * amplitude.numerator * 2) / (amplitude.denominator * prime);
  const quaver = barSamples / QUAVERS_PER_BAR;
  const leave = onset === undefined ? undefined : Math.floor((barSamples * onset) / HALF_QUAVERS_PER_BAR);
  for (let n = 0, phase = 0; n < target.length; n++, phase = (phase + step) % periodSamples) {
    let level =
      smooth(n / (ATTACK_QUAVERS * quaver)) *
      (1 - smooth((n - HELD_QUAVERS * quaver) / (RELEASE_QUAVERS * quaver)));
    if (leave !== undefined && n >= leave) {
      level *= 1 - smooth((n - leave) / (LEAVE_SECONDS * sampleRateHz));
      const rest = 1 - (n - leave) / (STRUCK_QUAVERS * quaver);
      if (rest > 0)
        level +=
          STRIKE_GAIN * smooth((n - leave) / (STRIKE_SECONDS * sampleRateHz)) * rest * rest * rest * rest;
    }
    if (level !== 0) target[n] = (target[n] ?? 0) + weight * level * (table[phase] ?? 0);
  }
}

/** 0 below 0, 1 above 1, and the cubic 3t^2 - 2t^3 between. */
function smooth(t: number): number {
  if (t <= 0) return 0;
  return t >= 1 ? 1 : t * t * (3 - 2 * t);
}

function quantise(mix: Float64Array): Int16Array {
  const peak = mix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Int16Array.from(mix, (value) => Math.round((value / peak) * (FULL_SCALE * HEADROOM)));
}
