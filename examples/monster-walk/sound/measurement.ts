// What is really in a recording: the tones of one window with their standard errors, found without being told where to
// look, and only then put beside the tones that should be there.
//
// Every figure that is written is rounded here. The arithmetic underneath is IEEE 754 additions, multiplications,
// divisions and square roots in a fixed order, which ECMAScript requires to be correctly rounded, so even the unrounded
// doubles are the same on every host. The decimals kept (1e-9 Hz at a standard error of 5e-8 Hz) are about a hundred
// times coarser than the rounding noise of the fit (near 1e-11 Hz), so they also survive a reordering of its sums.
import { cents } from "./elementary.ts";
import type { FittedTone } from "./fit.ts";
import { fitTones } from "./fit.ts";
import { findPeaks } from "./spectrum.ts";
import type { Recording } from "./wav.ts";

export type MeasuredTone = ReturnType<typeof describeTone>;

export interface Window {
  start: number;
  samples: number;
}

export type Measurement = ReturnType<typeof measureWindow>;

export interface NominalTone {
  prime: number;
  frequencyHz: number;
}

const QUANTISATION_VARIANCE = 1 / 12;
const SPECTRUM_MAX = 32_768;
/** A tone farther than this from every nominal one belongs to none. */
const FAR_CENTS = 50;

/** Throws RangeError when the tones found are not, one to one, near the nominal ones, or when no fit settles. */
export function measureWindow(recording: Recording, window: Window, nominal: readonly NominalTone[]) {
  const samples = recording.samples.subarray(window.start, window.start + window.samples);
  const peaks = findPeaks(samples, spectrumSize(samples.length));
  if (peaks.length !== nominal.length) {
    throw new RangeError(`Found ${peaks.length} tones where ${nominal.length} should sound`);
  }
  const fit = fitTones(samples, peaks);
  const pairs = pairTones(fit.tones, nominal, recording.sampleRateHz);
  return {
    window,
    tones: pairs.map((pair) => describeTone(pair, recording.sampleRateHz, samples.length)),
    residual: {
      /** Root mean square over the degrees of freedom, in steps of the 16-bit scale. */
      rms: round(fit.residual, 9),
      /** Against 1/sqrt(12), which rounding alone would leave: near 1 when the tones explain the window, and nothing else does. */
      toQuantisation: round(fit.residual / Math.sqrt(QUANTISATION_VARIANCE), 9),
    },
  };
}

function spectrumSize(length: number): number {
  let size = 1;
  while (2 * size <= Math.min(length, SPECTRUM_MAX)) size *= 2;
  return size;
}

interface Pair {
  tone: FittedTone;
  wanted: NominalTone;
}

function pairTones(
  tones: readonly FittedTone[],
  nominal: readonly NominalTone[],
  sampleRateHz: number,
): Pair[] {
  const wantedTones = nominal.toSorted((a, b) => a.frequencyHz - b.frequencyHz);
  return tones
    .toSorted((a, b) => a.frequency - b.frequency)
    .flatMap((tone, index) => {
      const wanted = wantedTones[index];
      if (wanted === undefined) return [];
      const found = tone.frequency * sampleRateHz;
      if (Math.abs(cents(found, wanted.frequencyHz)) > FAR_CENTS) {
        throw new RangeError(
          `Found a tone at ${found.toFixed(3)} Hz where ${wanted.frequencyHz} Hz should sound`,
        );
      }
      return { tone, wanted };
    });
}

function describeTone(
  { tone, wanted: { prime, frequencyHz: nominalHz } }: Pair,
  sampleRateHz: number,
  length: number,
) {
  const found = tone.frequency * sampleRateHz;
  const standardError = tone.frequencyError * sampleRateHz;
  const bound = cramerRaoBound(tone.amplitude, length) * sampleRateHz;
  return {
    prime,
    nominalHz,
    frequencyHz: round(found, 9),
    /** Of the frequency, from the residual and the normal equations of the fit. */
    standardErrorHz: threeDigits(standardError),
    /** Cramer-Rao bound of a lone tone in white quantisation noise of variance 1/12. */
    boundHz: threeDigits(bound),
    errorToBound: threeDigits(standardError / bound),
    deviationHz: round(found - nominalHz, 9),
    deviationCents: round(cents(found, nominalHz), 9),
    standardErrorCents: threeDigits(cents(nominalHz + standardError, nominalHz)),
    /** In steps of the 16-bit scale. */
    amplitude: round(tone.amplitude, 6),
    amplitudeStandardError: round(tone.amplitudeError, 6),
  };
}

/** For uncertainties, which the fit knows to about one part in a thousand. */
function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}

/**
 * Smallest standard deviation, in cycles per sample, of any unbiased estimate of a tone's frequency in white noise:
 * var(omega) >= 12 / (eta N (N^2 - 1)) with eta = A^2 / (2 sigma^2). Source: D. Rife and R. Boorstyn, IEEE Trans. IT-20
 * (1974).
 */
export function cramerRaoBound(amplitude: number, length: number): number {
  const eta = (amplitude * amplitude) / (2 * QUANTISATION_VARIANCE);
  return Math.sqrt(12 / (eta * length * (length * length - 1))) / (2 * Math.PI);
}

/** Rounds to this many decimals; never gives -0. `toFixed` is specified exactly, so the result does not depend on the host. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0;
}
