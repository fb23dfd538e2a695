// Power spectra of many frames of one recording. Roots and window come from our own cosine and the rest is
// IEEE 754 arithmetic in a fixed order, so the picture has the same pixels on every host.
// Window: F. J. Harris, Proc. IEEE 66 (1978), minimum 4-term Blackman-Harris, side lobes at -92 dB.
import { cosSinOfTurns } from "../sound/elementary.ts";

const WINDOW_TERMS = [0.358_75, -0.488_29, 0.141_28, -0.011_68];

/** Power of the bins of a frame, from 0; a full-scale sine has power 1. */
export type Spectrum = Float64Array;

/**
 * Prepares transforms of `size` samples (a power of two) to their lowest bins; the result takes two frames at
 * once.
 */
export function prepareSpectra(
  size: number,
  bins: number,
): (samples: Int16Array, starts: readonly [number, number]) => [Spectrum, Spectrum] {
  if (size < 4 || (size & (size - 1)) !== 0)
    throw new RangeError(`Cannot transform ${size} samples: not a power of two`);
  const rootReal = new Float64Array(size / 2);
  const rootImaginary = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k++) {
    const root = cosSinOfTurns(-k / size);
    rootReal[k] = root.cos;
    rootImaginary[k] = root.sin;
  }
  const window = Float64Array.from({ length: size }, (_, n) =>
    WINDOW_TERMS.reduce((sum, term, k) => sum + term * cosSinOfTurns(((k * n) % size) / size).cos, 0),
  );
  // A sine of amplitude 32767 comes out of the transform with this magnitude.
  const scale = (32_767 * window.reduce((sum, weight) => sum + weight, 0)) / 2;
  const order = bitReversal(size);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  return (samples, [first, second]) => {
    for (let n = 0; n < size; n++) {
      const target = order[n] ?? 0;
      const weight = window[n] ?? 0;
      real[target] = weight * (samples[first + n] ?? 0);
      imaginary[target] = weight * (samples[second + n] ?? 0);
    }
    butterflies(real, imaginary, rootReal, rootImaginary);
    return separate(real, imaginary, { bins: Math.min(bins, size / 2), scale });
  };
}

function butterflies(
  real: Float64Array,
  imaginary: Float64Array,
  rootReal: Float64Array,
  rootImaginary: Float64Array,
): void {
  const size = real.length;
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let k = 0; k < half; k++) {
      const c = rootReal[k * stride] ?? 0;
      const s = rootImaginary[k * stride] ?? 0;
      for (let a = k; a < size; a += 2 * half) {
        const b = a + half;
        const x = real[b] ?? 0;
        const y = imaginary[b] ?? 0;
        const re = x * c - y * s;
        const im = x * s + y * c;
        const u = real[a] ?? 0;
        const v = imaginary[a] ?? 0;
        real[b] = u - re;
        imaginary[b] = v - im;
        real[a] = u + re;
        imaginary[a] = v + im;
      }
    }
  }
}

/** Two real frames went in as one complex frame: their spectra are its even and odd parts. */
function separate(
  real: Float64Array,
  imaginary: Float64Array,
  { bins, scale }: { bins: number; scale: number },
): [Spectrum, Spectrum] {
  const first = new Float64Array(bins);
  const second = new Float64Array(bins);
  const whole = 4 * scale * scale;
  for (let k = 0; k < bins; k++) {
    const mirror = k === 0 ? 0 : real.length - k;
    const even = (real[k] ?? 0) + (real[mirror] ?? 0);
    const odd = (imaginary[k] ?? 0) - (imaginary[mirror] ?? 0);
    first[k] = (even * even + odd * odd) / whole;
    const secondReal = (imaginary[k] ?? 0) + (imaginary[mirror] ?? 0);
    const secondImaginary = (real[mirror] ?? 0) - (real[k] ?? 0);
    second[k] = (secondReal * secondReal + secondImaginary * secondImaginary) / whole;
  }
  return [first, second];
}

function bitReversal(size: number): Int32Array {
  const order = new Int32Array(size);
  for (let index = 1; index < size; index++) {
    order[index] = ((order[index >> 1] ?? 0) >> 1) | (index & 1 ? size >> 1 : 0);
  }
  return order;
}
