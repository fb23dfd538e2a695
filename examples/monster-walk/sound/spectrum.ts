// Where the tones of a recording are, roughly: the peaks of a Blackman-Harris windowed spectrum, refined by a parabola
// through the logarithms of three bins. Good to a few hundredths of a bin, which is what the fit needs as a start.
// Window: F. J. Harris, "On the use of windows for harmonic analysis", Proc. IEEE 66 (1978), minimum 4-term, -92 dB.
import { FULL_SCALE } from "./chord.ts";
import { cosSinOfTurns, naturalLogarithm } from "./elementary.ts";

const WINDOW = [0.35875, -0.48829, 0.14128, -0.01168] as const;
/** Half width of the window's main lobe, in bins: tones must be farther apart than that. */
const LOBE_BINS = 4;
/** Power below the strongest peak (60 dB) at which a peak is no longer taken for a tone. */
const FLOOR = 1e-6;

/** Peak frequencies in cycles per sample, ascending. `size` is a power of two, at most the number of samples. */
export function findPeaks(samples: Int16Array, size: number): number[] {
  const power = powerSpectrum(samples, size);
  const strongest = power.reduce((most, value) => Math.max(most, value), 0);
  const peaks: number[] = [];
  for (let bin = LOBE_BINS; bin < power.length - LOBE_BINS; bin++) {
    const height = power[bin] ?? 0;
    if (height < strongest * FLOOR || height === 0 || !isLocalMaximum(power, bin)) continue;
    const left = naturalLogarithm(power[bin - 1] || Number.MIN_VALUE);
    const right = naturalLogarithm(power[bin + 1] || Number.MIN_VALUE);
    const middle = naturalLogarithm(height);
    peaks.push((bin + (0.5 * (left - right)) / (left - 2 * middle + right)) / size);
  }
  return peaks;
}

function isLocalMaximum(power: Float64Array, bin: number): boolean {
  for (let near = bin - LOBE_BINS; near <= bin + LOBE_BINS; near++) {
    const other = power[near] ?? 0;
    const height = power[bin] ?? 0;
    if (other > height || (other === height && near < bin)) return false;
  }
  return true;
}

/**
 * Power of each bin of the first `size` samples, without their mean; a sine of full scale has power 1.
 * @param size a power of two
 */
export function powerSpectrum(samples: Int16Array, size: number): Float64Array {
  const { window, gain } = windowOf(size);
  const mean = samples.subarray(0, size).reduce((sum, sample) => sum + sample, 0) / size;
  const real = window.map((weight, n) => weight * ((samples[n] ?? 0) - mean));
  const imaginary = new Float64Array(size);
  transform(real, imaginary);
  const fullScale = (FULL_SCALE * gain) / 2;
  return Float64Array.from({ length: size / 2 }, (_, bin) => {
    const re = real[bin] ?? 0;
    const im = imaginary[bin] ?? 0;
    return (re * re + im * im) / (fullScale * fullScale);
  });
}

/** In-place Fourier transform (radix 2, decimation in time); the length is a power of two. */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  if (size === 0 || (size & (size - 1)) !== 0)
    throw new RangeError(`Cannot transform ${size} values: not a power of two`);
  reverseBits(real);
  reverseBits(imaginary);
  const { rootReal, rootImaginary } = rootsOf(size);
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const c = rootReal[k * stride] ?? 0;
        const s = rootImaginary[k * stride] ?? 0;
        const re = (real[b] ?? 0) * c - (imaginary[b] ?? 0) * s;
        const im = (real[b] ?? 0) * s + (imaginary[b] ?? 0) * c;
        real[b] = (real[a] ?? 0) - re;
        imaginary[b] = (imaginary[a] ?? 0) - im;
        real[a] = (real[a] ?? 0) + re;
        imaginary[a] = (imaginary[a] ?? 0) + im;
      }
    }
  }
}

const windowOf = remember((size) => {
  const window = Float64Array.from({ length: size }, (_, n) =>
    WINDOW.reduce((sum, term, k) => sum + term * cosSinOfTurns((k * n) / size).cos, 0),
  );
  return { window, gain: window.reduce((sum, weight) => sum + weight, 0) };
});

const rootsOf = remember((size) => {
  const roots = Array.from({ length: size / 2 }, (_, k) => cosSinOfTurns(-k / size));
  return {
    rootReal: Float64Array.from(roots, ({ cos }) => cos),
    rootImaginary: Float64Array.from(roots, ({ sin }) => sin),
  };
});

/** Computes for each size once. */
function remember<T>(compute: (size: number) => T): (size: number) => T {
  const known = new Map<number, T>();
  return (size) => {
    const value = known.get(size) ?? compute(size);
    known.set(size, value);
    return value;
  };
}

function reverseBits(values: Float64Array): void {
  for (let index = 0, mirror = 0; index < values.length; index++) {
    if (index < mirror) {
      const value = values[index] ?? 0;
      values[index] = values[mirror] ?? 0;
      values[mirror] = value;
    }
    let bit = values.length >> 1;
    while (bit > 0 && mirror & bit) {
      mirror ^= bit;
      bit >>= 1;
    }
    mirror |= bit;
  }
}
