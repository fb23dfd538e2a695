// Sums, means, standard deviations and autocorrelations that keep the digits the data have: compensated sums, and second
// moments around the mean in a second pass. Held to the certified values of the NIST StRD sets.

/** Sum by Neumaier's compensated summation (ZAMM 54, 1974). */
export function sumOf(values: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/**
 * A power of two near the largest size, where sums or squares of the values would leave the range of 64-bit numbers; 1
 * elsewhere. Dividing by it changes no digit, so what has no unit is free of scale, and what has one is multiplied by it.
 */
export function scaleOf(values: readonly number[]): number {
  let size = 0;
  for (const value of values) size = Math.max(size, Math.abs(value));
  const isPlain = size === 0 || !Number.isFinite(size) || (size > PLAIN_MIN && size < PLAIN_MAX);
  return isPlain ? 1 : 2 ** Math.min(1023, Math.floor(Math.log2(size)));
}

const PLAIN_MIN = 2 ** -300;
const PLAIN_MAX = 2 ** 300;

/** The values divided by their scale: themselves, where that is 1. */
export function unscaled(values: readonly number[], scale = scaleOf(values)): readonly number[] {
  return scale === 1 ? values : values.map((value) => value / scale);
}

/** Arithmetic mean; NaN of nothing. */
export function meanOf(values: readonly number[]): number {
  const scale = scaleOf(values);
  if (scale !== 1) return scale * meanOf(unscaled(values, scale));
  const mean = sumOf(values) / values.length;
  // What the division rounded off.
  return mean + sumOf(values.map((value) => value - mean)) / values.length;
}

/** Mean with a weight above 0 for each value; NaN of nothing. */
export function weightedMeanOf(values: readonly number[], weights: readonly number[]): number {
  const total = sumOf(weights);
  const of = (each: readonly number[]) => sumOf(each.map((value, i) => value * (weights[i] ?? 0))) / total;
  const scale = scaleOf(values);
  const plain = unscaled(values, scale);
  const mean = of(plain);
  return scale * (mean + of(plain.map((value) => value - mean)));
}

/** Sum of squared deviations from the mean, corrected for the mean's own rounding (Chan, Golub and LeVeque 1983). */
export function squaresOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const deviations = values.map((value) => value - mean);
  const drift = sumOf(deviations);
  return sumOf(deviations.map((each) => each * each)) - (drift * drift) / values.length;
}

/** Standard deviation with n - 1; NaN for fewer than two values. */
export function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const scale = scaleOf(values);
  return scale * Math.sqrt(Math.max(0, squaresOf(unscaled(values, scale))) / (values.length - 1));
}

/** Lag-k autocorrelation: sum of (x_i - m)(x_{i+k} - m) over the sum of squares. Box and Jenkins. NaN without spread. */
export function autocorrelationOf(given: readonly number[], lag = 1): number {
  const values = unscaled(given);
  const mean = meanOf(values);
  const products = values.slice(lag).map((value, index) => (value - mean) * ((values[index] ?? 0) - mean));
  return sumOf(products) / squaresOf(values);
}

/** Values from small to large. */
export function sortedOf(values: readonly number[]): number[] {
  return Float64Array.from(values).toSorted().values().toArray();
}

/** Median; NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/**
 * Sample quantile by linear interpolation between order statistics: Hyndman and Fan's type 6 (Minitab, NIST: rank
 * p (n + 1)) or 7 (R's default: rank 1 + p (n - 1)); the extreme values beyond their ranks.
 */
export function quantileOf(values: readonly number[], p: number, type: 6 | 7 = 7): number {
  const scale = scaleOf(values);
  if (scale !== 1) return scale * quantileOf(unscaled(values, scale), p, type);
  const sorted = sortedOf(values);
  const n = sorted.length;
  const rank = type === 6 ? p * (n + 1) - 1 : p * (n - 1);
  const index = Math.min(n - 1, Math.max(0, rank));
  const below = Math.floor(index);
  const [low = Number.NaN, high = low] = [sorted[below], sorted[Math.min(n - 1, below + 1)]];
  return low + (index - below) * (high - low);
}

/** Median absolute deviation from the median times 1.4826, which estimates the sigma of a normal distribution. */
export function robustDeviationOf(values: readonly number[]): number {
  const median = medianOf(values);
  return 1.482602218505602 * medianOf(values.map((value) => Math.abs(value - median)));
}

/** Largest less smallest. */
export function rangeOf(values: readonly number[]): number {
  const sorted = sortedOf(values);
  return (sorted.at(-1) ?? Number.NaN) - (sorted[0] ?? Number.NaN);
}
