// What the order of the Monster sounds like: one harmonic for each prime power, at fundamental * prime, with amplitude
// 1 / (exponent + 1). All exact: frequencies are whole hertz, amplitudes are fractions, the period is whole samples.
import type { PrimePower } from "./monster.ts";

export interface Harmonic extends PrimePower {
  frequencyHz: number;
  amplitude: { numerator: number; denominator: number };
}

/** The design of the two recordings: the only numbers about sound that are written down. */
export const DESIGN = {
  sampleRateHz: 44_100,
  chord: { fundamentalHz: 220, seconds: 10 },
  walk: { fundamentalHz: 55, barsPerStep: 2, beatsPerBar: 8, beatUnit: 8, crotchetsPerMinute: 80 },
};

export function listHarmonics(powers: readonly PrimePower[], fundamentalHz: number): Harmonic[] {
  return powers.map(({ prime, exponent }) => ({
    prime,
    exponent,
    frequencyHz: fundamentalHz * prime,
    amplitude: { numerator: 1, denominator: exponent + 1 },
  }));
}

export function highestOf(harmonics: readonly Harmonic[]): Harmonic {
  return harmonics.reduce((a, b) => (b.frequencyHz > a.frequencyHz ? b : a));
}

export function quietestOf(harmonics: readonly Harmonic[]): Harmonic {
  return harmonics.reduce((a, b) => (b.exponent > a.exponent ? b : a));
}

/** The smallest number of samples after which all harmonics are back at their start together. */
export function periodSamples(harmonics: readonly Harmonic[], sampleRateHz: number): number {
  return harmonics.reduce((period, { frequencyHz }) => {
    const own = sampleRateHz / greatestCommonDivisor(sampleRateHz, frequencyHz);
    return (period / greatestCommonDivisor(period, own)) * own;
  }, 1);
}

/** Samples in this many bars. Throws RangeError when that is not a whole number. */
export function barSamples(bars: number, sampleRateHz: number): number {
  const { beatsPerBar, beatUnit, crotchetsPerMinute } = DESIGN.walk;
  const samples = (bars * beatsPerBar * 4 * 60 * sampleRateHz) / (beatUnit * crotchetsPerMinute);
  if (!Number.isInteger(samples)) throw new RangeError(`${bars} bars are not a whole number of samples`);
  return samples;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
