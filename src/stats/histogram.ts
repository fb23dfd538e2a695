// Bins of a histogram.
import { largest, smallest } from "#base/extremes.ts";
import { quantileOf, scaleOf, unscaled } from "./moments.ts";

export interface Histogram {
  /** Lower edge of the first bin. */
  start: number;
  width: number;
  counts: number[];
}

const BINS_MAX = 60;

/** Freedman and Diaconis: bins of width 2 IQR / n^(1/3), at least as many as Sturges. */
export function histogramOf(values: readonly number[]): Histogram {
  const [low, high] = [smallest(values), largest(values)];
  const n = values.length;
  // Of numbers that are far apart the difference, or a bin's part of it, is none that 64 bits hold.
  const scale = scaleOf(values);
  if (scale !== 1) {
    const { start, width, counts } = histogramOf(unscaled(values, scale));
    return { start: start * scale, width: width * scale, counts };
  }
  const range = high - low;
  if (!(range > 0)) return { start: n === 0 ? -0.5 : low - 0.5, width: 1, counts: [n] };
  const spread = quantileOf(values, 0.75) - quantileOf(values, 0.25);
  const wanted = spread > 0 ? range / ((2 * spread) / Math.cbrt(n)) : 1;
  const bins = Math.min(BINS_MAX, Math.max(Math.ceil(wanted), Math.ceil(Math.log2(n)) + 1));
  const width = range / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const index = Math.min(bins - 1, Math.floor((value - low) / width));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return { start: low, width, counts };
}
