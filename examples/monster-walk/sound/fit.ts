// Joint least-squares fit of several sinusoids and a constant, with unknown frequencies: the four-parameter sine fit of
// IEEE Std 1057, generalised to many tones that are fitted together. Gauss-Newton from start frequencies that must be
// right to about a third of a bin; the standard errors come from the residual and the inverse of the normal matrix.
import { choleskyInverse } from "./cholesky.ts";
import { cosSinOfTurns } from "./elementary.ts";

export interface FittedTone {
  /** Cycles per sample. */
  frequency: number;
  frequencyError: number;
  /** In the samples' unit. */
  amplitude: number;
  amplitudeError: number;
}

export interface Fit {
  tones: FittedTone[];
  /** Root of the mean squared residual over the degrees of freedom, in the samples' unit. */
  residual: number;
}

/** Tone k is cosines[k] cos(2 pi f t) + sines[k] sin(2 pi f t), with t counted from the middle of the samples. */
interface Model {
  frequencies: Float64Array;
  cosines: Float64Array;
  sines: Float64Array;
  offset: number;
}

const ITERATIONS_MAX = 12;
/** Frequencies have settled when no step moves any by more than this part of a bin. */
const SETTLED_BINS = 1e-10;
const BLOCK = 256;
const MIDDLE = 4096;

/** Throws RangeError when the normal equations are singular or the fit does not settle. */
export function fitTones(samples: Int16Array, startFrequencies: readonly number[]): Fit {
  const tones = startFrequencies.length;
  const length = samples.length;
  if (length <= 3 * tones + 1) throw new RangeError(`Cannot fit ${tones} tones to ${length} samples`);
  const model: Model = {
    frequencies: Float64Array.from(startFrequencies),
    cosines: new Float64Array(tones),
    sines: new Float64Array(tones),
    offset: 0,
  };
  // without amplitudes the frequency columns would be zero: first the amplitudes alone, from the samples in the middle
  improve(middleOf(samples), model, { unknowns: "amplitudes" });
  const { inverse } = improve(samples, model, { unknowns: "all" });
  for (let iterations = 2; iterations <= ITERATIONS_MAX; iterations++) {
    // the start is so near that the normal matrix hardly changes any more: one is enough, and it is the costly part
    const { moved } = improve(samples, model, { unknowns: "all", inverse });
    if (moved * length <= SETTLED_BINS) return describe(samples, model, inverse);
  }
  throw new RangeError(`The fit has not settled after ${ITERATIONS_MAX} iterations`);
}

/** Up to MIDDLE samples around the same middle. */
function middleOf(samples: Int16Array): Int16Array {
  const spare = Math.floor((samples.length - MIDDLE) / 2);
  return spare <= 0 ? samples : samples.subarray(spare, samples.length - spare);
}

/** Columns of the Jacobian for one block of samples, one after the other, and the residuals. */
interface Block {
  columns: Float64Array;
  residuals: Float64Array;
  count: number;
}

type Unknowns = "amplitudes" | "all";

function columnsFor(unknowns: Unknowns, tones: number): number {
  return (unknowns === "all" ? 3 : 2) * tones + 1;
}

function newBlock(columns: number): Block {
  return { columns: new Float64Array(columns * BLOCK), residuals: new Float64Array(BLOCK), count: 0 };
}

interface Step {
  unknowns: Unknowns;
  /** Inverse of the normal matrix of an earlier step, to be used again. */
  inverse?: Float64Array;
}

/** One Gauss-Newton step, applied to the model in place; `moved` is the largest change of a frequency. */
function improve(
  samples: Int16Array,
  model: Model,
  { unknowns, inverse: known }: Step,
): { moved: number; inverse: Float64Array } {
  const tones = model.frequencies.length;
  const size = columnsFor(unknowns, tones);
  const normal = new Float64Array(size * size);
  const right = new Float64Array(size);
  const block = newBlock(size);
  for (let start = 0; start < samples.length; start += BLOCK) {
    fillBlock(samples, start, { model, unknowns, block });
    if (known === undefined) addProducts(block, normal, size);
    addGradient(block, right);
  }
  const inverse = known ?? choleskyInverse(normal, size);
  const step = Float64Array.from({ length: size }, (_, row) => {
    return right.reduce((sum, value, column) => sum + value * (inverse[row * size + column] ?? 0), 0);
  });
  for (let tone = 0; tone < tones; tone++) {
    model.cosines[tone] = (model.cosines[tone] ?? 0) + (step[tone] ?? 0);
    model.sines[tone] = (model.sines[tone] ?? 0) + (step[tones + tone] ?? 0);
  }
  model.offset += step[size - 1] ?? 0;
  if (unknowns === "amplitudes") return { moved: 0, inverse };
  let moved = 0;
  for (let tone = 0; tone < tones; tone++) {
    const change = (step[2 * tones + tone] ?? 0) / (Math.PI * samples.length);
    model.frequencies[tone] = (model.frequencies[tone] ?? 0) + change;
    moved = Math.max(moved, Math.abs(change));
  }
  return { moved, inverse };
}

/** Columns: d/d cosine, d/d sine, d/d frequency in units of 1/(pi * length), and the constant. */
function fillBlock(
  samples: Int16Array,
  start: number,
  { model, unknowns, block }: { model: Model; unknowns: Unknowns; block: Block },
): void {
  const { columns, residuals } = block;
  const tones = model.frequencies.length;
  const middle = (samples.length - 1) / 2;
  const half = samples.length / 2;
  const count = Math.min(BLOCK, samples.length - start);
  block.count = count;
  const constant = (columnsFor(unknowns, tones) - 1) * BLOCK;
  columns.fill(1, constant, constant + count);
  for (let n = 0; n < count; n++) residuals[n] = (samples[start + n] ?? 0) - model.offset;
  for (let tone = 0; tone < tones; tone++) {
    const frequency = model.frequencies[tone] ?? 0;
    const a = model.cosines[tone] ?? 0;
    const b = model.sines[tone] ?? 0;
    const turn = cosSinOfTurns(frequency);
    let { cos, sin } = cosSinOfTurns(frequency * (start - middle));
    for (let n = 0; n < count; n++) {
      columns[tone * BLOCK + n] = cos;
      columns[(tones + tone) * BLOCK + n] = sin;
      residuals[n] = (residuals[n] ?? 0) - (a * cos + b * sin);
      if (unknowns === "all") {
        columns[(2 * tones + tone) * BLOCK + n] = ((start + n - middle) / half) * (b * cos - a * sin);
      }
      const next = cos * turn.cos - sin * turn.sin;
      sin = sin * turn.cos + cos * turn.sin;
      cos = next;
    }
  }
}

function addProducts({ columns, count }: Block, normal: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = dot(columns, i * BLOCK, { other: columns, offset: j * BLOCK, count });
      normal[i * size + j] = (normal[i * size + j] ?? 0) + sum;
    }
  }
}

function addGradient({ columns, residuals, count }: Block, right: Float64Array): void {
  for (let i = 0; i < right.length; i++) {
    right[i] = (right[i] ?? 0) + dot(columns, i * BLOCK, { other: residuals, offset: 0, count });
  }
}

/** Scalar product of two stretches, in four interleaved sums: a fixed order, and less rounding than one long sum. */
function dot(
  values: Float64Array,
  from: number,
  { other, offset, count }: { other: Float64Array; offset: number; count: number },
): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let n = 0;
  for (; n + 3 < count; n += 4) {
    sum0 += (values[from + n] ?? 0) * (other[offset + n] ?? 0);
    sum1 += (values[from + n + 1] ?? 0) * (other[offset + n + 1] ?? 0);
    sum2 += (values[from + n + 2] ?? 0) * (other[offset + n + 2] ?? 0);
    sum3 += (values[from + n + 3] ?? 0) * (other[offset + n + 3] ?? 0);
  }
  for (; n < count; n++) sum0 += (values[from + n] ?? 0) * (other[offset + n] ?? 0);
  return sum0 + sum1 + (sum2 + sum3);
}

function describe(samples: Int16Array, model: Model, inverse: Float64Array): Fit {
  const tones = model.frequencies.length;
  const size = columnsFor("all", tones);
  const residual = Math.sqrt(sumResidualSquares(samples, model) / (samples.length - size));
  const covariance = (row: number, column: number): number => inverse[row * size + column] ?? 0;
  const fitted = Array.from(model.frequencies, (frequency, tone): FittedTone => {
    const a = model.cosines[tone] ?? 0;
    const b = model.sines[tone] ?? 0;
    const [cosine, sine, slope] = [tone, tones + tone, 2 * tones + tone];
    const amplitude = Math.sqrt(a * a + b * b);
    const variance =
      a * a * covariance(cosine, cosine) +
      b * b * covariance(sine, sine) +
      2 * a * b * covariance(sine, cosine);
    return {
      frequency,
      frequencyError: (residual * Math.sqrt(covariance(slope, slope))) / (Math.PI * samples.length),
      amplitude,
      amplitudeError: (residual * Math.sqrt(variance)) / amplitude,
    };
  });
  return { tones: fitted, residual };
}

function sumResidualSquares(samples: Int16Array, model: Model): number {
  const block = newBlock(columnsFor("amplitudes", model.frequencies.length));
  const { residuals } = block;
  let squares = 0;
  for (let start = 0; start < samples.length; start += BLOCK) {
    fillBlock(samples, start, { model, unknowns: "amplitudes", block });
    squares += dot(residuals, 0, { other: residuals, offset: 0, count: block.count });
  }
  return squares;
}
