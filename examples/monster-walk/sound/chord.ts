// The chord: all fifteen harmonics at once. Phases are whole steps through one table (no drift), amplitudes are fractions
// on a common denominator, and each sample is the correctly rounded value of the ideal sum. That it is correctly rounded
// is checked, not hoped for: the table's error is bounded, and a sample nearer to a rounding boundary than that is refused.
import { sineTable } from "../mathematics/fixed-point.ts";
import type { Harmonic } from "../mathematics/harmonics.ts";
import { greatestCommonDivisor, periodSamples } from "../mathematics/harmonics.ts";

const TABLE_BITS = 96n;
/** Bound on the error of a table entry, in its last place (see sineTable). */
const TABLE_ERROR = 1n;
export const FULL_SCALE = 32_767;

/** A harmonic that may begin later in the chord's period than at its start. */
export interface ChordVoice extends Harmonic {
  phaseSamples?: number;
}

/** One period of the chord, scaled so that its largest sample is at full scale. */
export function renderPeriod(harmonics: readonly ChordVoice[], sampleRateHz: number): Int16Array {
  const period = periodSamples(harmonics, sampleRateHz);
  const table = sineTable(period, TABLE_BITS);
  const common = harmonics.reduce((least, { amplitude: { denominator } }) => {
    return (least / greatestCommonDivisor(least, denominator)) * denominator;
  }, 1);
  const voices = harmonics.map(
    ({ frequencyHz, amplitude: { numerator, denominator }, phaseSamples = 0 }) => ({
      step: (frequencyHz * period) / sampleRateHz,
      phaseSamples,
      weight: BigInt((numerator * common) / denominator),
    }),
  );
  const sums = Array.from({ length: period }, (_, index) =>
    voices.reduce(
      (sum, { step, phaseSamples, weight }) =>
        sum + weight * (table[(step * index + phaseSamples) % period] ?? 0n),
      0n,
    ),
  );
  const sumError = TABLE_ERROR * voices.reduce((sum, { weight }) => sum + weight, 0n);
  const peak = sums.reduce((most, sum) => (magnitude(sum) > most ? magnitude(sum) : most), 0n);
  return Int16Array.from(sums, (sum) =>
    roundRatio(sum * BigInt(FULL_SCALE), peak, sumError * BigInt(FULL_SCALE)),
  );
}

/** The period again and again, `samples` samples long. */
export function renderChord(
  harmonics: readonly ChordVoice[],
  sampleRateHz: number,
  samples: number,
): Int16Array {
  const period = renderPeriod(harmonics, sampleRateHz);
  return Int16Array.from({ length: samples }, (_, index) => period[index % period.length] ?? 0);
}

/** round(value / peak), halves away from zero. Throws RangeError when `error` in value or peak could change the result. */
function roundRatio(value: bigint, peak: bigint, error: bigint): number {
  const size = magnitude(value);
  const rounded = (2n * size + peak) / (2n * peak);
  const distance = magnitude(2n * size - (2n * rounded - 1n) * peak);
  const otherDistance = magnitude((2n * rounded + 1n) * peak - 2n * size);
  if (distance <= 4n * error || otherDistance <= 4n * error)
    throw new RangeError("A sample is too near to a rounding boundary");
  return Number(value < 0n ? -rounded : rounded);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
