// The spectrogram of the walk: time across, pitch (logarithm of frequency) up, level as colour, with the
// groups of digits above and the primes with their measured frequencies at the side.
import { decibels } from "../sound/elementary.ts";
import type { Recording } from "../sound/wav.ts";
import { drawLine, drawText, fillRectangle, makeCanvas } from "./canvas.ts";
import type { Canvas, Ramp } from "./canvas.ts";
import { prepareSpectra } from "./fourier.ts";
import type { Spectrum } from "./fourier.ts";
import { writePng } from "./png.ts";

export interface SpectrogramLabels {
  title: string;
  /** Groups of digits with their first second. */
  steps: readonly { digits: string; startSeconds: number }[];
  /** Tones to name, with the frequency measured for them. */
  tones: readonly { prime: number; hertz: number; text: string }[];
}

const SIZE = { width: 1720, height: 1060 };
const PLOT = { left: 110, top: 132, width: 1380, height: 810 };
const FRAME = 8192;
const OCTAVE_BELOW = 0.75;
const OCTAVE_ABOVE = 1.25;
const FLOOR_DECIBELS = -84;
const TOP_DECIBELS = -14;
/** Power far below the floor, so that silence has a logarithm. */
const SILENCE = 1e-12;
const HEAT_STEPS = 176;
const INK: Ramp = { first: HEAT_STEPS, steps: 40 };
const PALE: Ramp = { first: HEAT_STEPS + 40, steps: 40 };

type Colour = readonly [number, number, number];
const PAPER: Colour = [250, 249, 246];
const INK_COLOUR: Colour = [34, 34, 46];
const PALE_COLOUR: Colour = [176, 172, 168];
// From silence to full level: night blue, violet, red, orange, pale yellow; lightness rises all the way.
const HEAT: readonly Colour[] = [
  [13, 12, 34],
  [52, 21, 92],
  [121, 31, 109],
  [190, 55, 82],
  [236, 106, 44],
  [251, 176, 60],
  [253, 246, 196],
];

/** The picture as a PNG. Throws RangeError when a label needs a letter that there is none of. */
export function drawSpectrogram(recording: Recording, labels: SpectrogramLabels): Uint8Array {
  const canvas = makeCanvas(SIZE.width, SIZE.height, INK.first);
  const hertz = labels.tones.map((tone) => tone.hertz);
  const scale = logarithmicScale(Math.min(...hertz) * OCTAVE_BELOW, Math.max(...hertz) * OCTAVE_ABOVE);
  paintLevels(canvas, recording, scale);
  const seconds = recording.samples.length / recording.sampleRateHz;
  drawText(canvas, [PLOT.left, 46], labels.title, { size: 22, weight: 2.6, ramp: INK });
  drawTimeAxis(canvas, seconds);
  drawStepLabels(canvas, labels.steps, seconds);
  drawFrequencyAxis(canvas, scale);
  drawToneLabels(canvas, labels.tones, scale);
  drawColourKey(canvas);
  return writePng({ ...SIZE, pixels: canvas.pixels, palette: makePalette() });
}

interface Scale {
  /** Pixels from the top of the plot to this frequency. */
  toRow(hertz: number): number;
  /** Frequency in the middle of a row. */
  toHertz(row: number): number;
}

/** Logarithm by the same series everywhere; its inverse by bisection on it, once for each row. */
function logarithmicScale(lowest: number, highest: number): Scale {
  const low = decibels(lowest);
  const span = decibels(highest) - low;
  const toRow = (hertz: number): number => PLOT.height * (1 - (decibels(hertz) - low) / span);
  const rows = Float64Array.from({ length: PLOT.height }, (_, row) => {
    let [a, b] = [lowest / 2, highest * 2];
    for (let turn = 0; turn < 50; turn++) {
      const middle = (a + b) / 2;
      if (toRow(middle) > row + 0.5) a = middle;
      else b = middle;
    }
    return (a + b) / 2;
  });
  return { toRow, toHertz: (row) => rows[row] ?? 0 };
}

function paintLevels(canvas: Canvas, { samples, sampleRateHz }: Recording, scale: Scale): void {
  const padded = new Int16Array(samples.length + FRAME);
  padded.set(samples, FRAME / 2);
  const bins = Float64Array.from(
    { length: PLOT.height },
    (_, row) => (scale.toHertz(row) * FRAME) / sampleRateHz,
  );
  const spectra = prepareSpectra(FRAME, Math.ceil(bins[0] ?? 0) + 2);
  const startOf = (column: number): number => Math.floor(((column + 0.5) * samples.length) / PLOT.width);
  for (let column = 0; column < PLOT.width; column += 2) {
    const pair = spectra(padded, [startOf(column), startOf(Math.min(column + 1, PLOT.width - 1))]);
    for (const [offset, power] of pair.entries()) {
      const levels = power.map((value) => decibels(value + SILENCE));
      for (let row = 0; row < PLOT.height; row++) {
        const x = PLOT.left + column + offset;
        canvas.pixels[(PLOT.top + row) * canvas.width + x] = heatOf(levelAt(levels, bins, row));
      }
    }
  }
}

/** Level at a row: the loudest bin where a row spans several, else between its two neighbours. */
function levelAt(levels: Spectrum, bins: Float64Array, row: number): number {
  const middle = bins[row] ?? 0;
  const upper = row === 0 ? middle : (middle + (bins[row - 1] ?? 0)) / 2;
  const lower = row === bins.length - 1 ? middle : (middle + (bins[row + 1] ?? 0)) / 2;
  const below = Math.floor(middle);
  const part = middle - below;
  let level = (levels[below] ?? 0) * (1 - part) + (levels[below + 1] ?? 0) * part;
  for (let bin = Math.ceil(lower); bin <= upper; bin++) level = Math.max(level, levels[bin] ?? level);
  return level;
}

function heatOf(level: number): number {
  const part = (level - FLOOR_DECIBELS) / (TOP_DECIBELS - FLOOR_DECIBELS);
  return Math.round(Math.max(0, Math.min(1, part)) * (HEAT_STEPS - 1));
}

const LABEL = { size: 13, weight: 1.7, ramp: INK };
const SMALL = { size: 11, weight: 1.5, ramp: INK };
const TICK = { weight: 1.4, ramp: INK };

function drawTimeAxis(canvas: Canvas, seconds: number): void {
  const bottom = PLOT.top + PLOT.height;
  for (let second = 0; second <= seconds; second += 5) {
    const x = PLOT.left + (second * PLOT.width) / seconds;
    const long = second % 10 === 0;
    drawLine(canvas, [x, bottom + 3], [x, bottom + (long ? 11 : 7)], TICK);
    if (long) drawText(canvas, [x, bottom + 30], String(second), { ...LABEL, align: "centre" });
  }
  drawText(canvas, [PLOT.left + PLOT.width / 2, bottom + 60], "time in seconds", {
    ...LABEL,
    align: "centre",
  });
}

function drawStepLabels(canvas: Canvas, steps: SpectrogramLabels["steps"], seconds: number): void {
  drawText(canvas, [PLOT.left, 82], "The walk reaches these digits of the order:", SMALL);
  for (const [index, { digits, startSeconds }] of steps.entries()) {
    const start = PLOT.left + (startSeconds * PLOT.width) / seconds;
    const end = PLOT.left + ((steps[index + 1]?.startSeconds ?? seconds) * PLOT.width) / seconds;
    drawText(canvas, [(start + end) / 2, PLOT.top - 16], digits, {
      size: 15,
      weight: 2,
      ramp: INK,
      align: "centre",
    });
    drawLine(canvas, [start + 4, PLOT.top - 6], [end - 4, PLOT.top - 6], { weight: 1.6, ramp: PALE });
  }
}

const AXIS_HERTZ = [50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000, 20_000];

function drawFrequencyAxis(canvas: Canvas, scale: Scale): void {
  for (const hertz of AXIS_HERTZ) {
    const y = scale.toRow(hertz);
    if (y < 0 || y > PLOT.height) continue;
    drawLine(canvas, [PLOT.left - 11, PLOT.top + y], [PLOT.left - 3, PLOT.top + y], TICK);
    drawText(canvas, [PLOT.left - 18, PLOT.top + y + 5], String(hertz), { ...LABEL, align: "right" });
  }
  const middle = PLOT.top + PLOT.height / 2;
  drawText(canvas, [32, middle], "frequency in Hz", { ...LABEL, align: "centre", upwards: true });
}

const LABEL_PITCH = 25;

/** Labels stand at their tones where there is room, else they are moved apart, with a line to the tone. */
function drawToneLabels(canvas: Canvas, tones: SpectrogramLabels["tones"], scale: Scale): void {
  const right = PLOT.left + PLOT.width;
  const rows = tones.map(({ hertz }) => PLOT.top + scale.toRow(hertz));
  const places = spread(rows, LABEL_PITCH, { top: PLOT.top + 8, bottom: PLOT.top + PLOT.height - 4 });
  for (const [index, { prime, text }] of tones.entries()) {
    const [row, place] = [rows[index] ?? 0, places[index] ?? 0];
    drawLine(canvas, [right + 3, row], [right + 9, row], TICK);
    drawLine(canvas, [right + 9, row], [right + 34, place], { weight: 1.2, ramp: PALE });
    drawText(canvas, [right + 66, place + 6], String(prime), { ...LABEL, weight: 2.2, align: "right" });
    drawText(canvas, [right + 190, place + 6], text, { ...LABEL, align: "right" });
  }
  drawText(canvas, [right + 66, PLOT.top - 16], "prime", { ...SMALL, align: "right" });
  drawText(canvas, [right + 190, PLOT.top - 16], "measured Hz", { ...SMALL, align: "right" });
}

/**
 * Moves descending places apart to at least `pitch`, within bounds, as little as pushing from both ends
 * allows.
 */
export function spread(
  places: readonly number[],
  pitch: number,
  bounds: { top: number; bottom: number },
): number[] {
  const order = [...places.keys()].toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const moved = order.map((index) => places[index] ?? 0);
  for (let turn = 0; turn < 200; turn++) {
    for (let index = 1; index < moved.length; index++) {
      const [upper, lower] = [moved[index - 1] ?? 0, moved[index] ?? 0];
      const lack = pitch - (lower - upper);
      if (lack <= 0) continue;
      moved[index - 1] = upper - lack / 2;
      moved[index] = lower + lack / 2;
    }
    for (const [index, place] of moved.entries())
      moved[index] = Math.min(bounds.bottom, Math.max(bounds.top, place));
  }
  const result = [...places];
  for (const [rank, index] of order.entries()) result[index] = moved[rank] ?? 0;
  return result;
}

function drawColourKey(canvas: Canvas): void {
  const [width, height, y] = [360, 14, PLOT.top + PLOT.height + 78];
  const left = PLOT.left + PLOT.width - width;
  for (let x = 0; x < width; x++) {
    fillRectangle(canvas, [left + x, y], [1, height], Math.round((x * (HEAT_STEPS - 1)) / (width - 1)));
  }
  const label = `level in dB below full scale: ${-FLOOR_DECIBELS}`;
  drawText(canvas, [left - 10, y + 12], label, { ...SMALL, align: "right" });
  drawText(canvas, [left + width + 10, y + 12], String(-TOP_DECIBELS), SMALL);
}

function makePalette(): Colour[] {
  const heat = Array.from({ length: HEAT_STEPS }, (_, index): Colour => {
    const place = (index * (HEAT.length - 1)) / (HEAT_STEPS - 1);
    const segment = Math.min(HEAT.length - 2, Math.floor(place));
    return blend(HEAT[segment] ?? PAPER, HEAT[segment + 1] ?? PAPER, place - segment);
  });
  const ramp = (colour: Colour, steps: number): Colour[] =>
    Array.from({ length: steps }, (_, index) => blend(PAPER, colour, index / (steps - 1)));
  return [...heat, ...ramp(INK_COLOUR, INK.steps), ...ramp(PALE_COLOUR, PALE.steps)];
}

function blend(from: Colour, to: Colour, part: number): Colour {
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * part);
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}
