// The spectrogram of a recording as SVG: time across, pitch (logarithm of frequency) up, level as colour in a PNG; around
// it the axes, the groups of digits above, and the primes with their measured frequencies at the side.
import { element, writeXml } from "../music/xml.ts";
import type { XmlElement } from "../music/xml.ts";
import { decibels } from "../sound/elementary.ts";
import { powerSpectrum } from "../sound/spectrum.ts";
import type { Recording } from "../sound/wav.ts";
import { writePng } from "./png.ts";

export interface SpectrogramLabels {
  title: string;
  /** Groups of digits with their first second. */
  steps: readonly { digits: string; startSeconds: number }[];
  /** Tones to name, with the frequency measured for them. */
  tones: readonly { prime: number; frequencyHz: number }[];
}

const SIZE = { width: 864, height: 530 };
const PLOT = { left: 56, top: 66, width: 690, height: 405 };
/** Pixels of the picture for each unit of height: thin lines stay thin. */
const DETAIL = 2;
const FRAME = 8192;
const OCTAVE_BELOW = 0.75;
const OCTAVE_ABOVE = 1.25;
const FLOOR_DECIBELS = -84;
const TOP_DECIBELS = -14;
/** Power far below the floor, so that silence has a logarithm. */
const SILENCE = 1e-12;

type Colour = readonly [number, number, number];
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

export function drawSpectrogram(recording: Recording, labels: SpectrogramLabels): string {
  const hertz = labels.tones.map((tone) => tone.frequencyHz);
  const scale = logarithmicScale(Math.min(...hertz) * OCTAVE_BELOW, Math.max(...hertz) * OCTAVE_ABOVE);
  const seconds = recording.samples.length / recording.sampleRateHz;
  const { left, top, width, height } = PLOT;
  return writeXml(
    element(
      "svg",
      {
        xmlns: "http://www.w3.org/2000/svg",
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
        "font-family": "sans-serif",
        "font-size": "9",
        fill: "#22222e",
      },
      [
        element("title", {}, labels.title),
        element("rect", { width: String(SIZE.width), height: String(SIZE.height), fill: "#faf9f6" }),
        text(left, 22, labels.title, { "font-size": "14" }),
        element("image", {
          ...box(left, top, width, height),
          preserveAspectRatio: "none",
          href: dataOf(paintLevels(recording, scale)),
        }),
        ...timeAxis(seconds),
        ...stepLabels(labels.steps, seconds),
        ...frequencyAxis(scale),
        ...toneLabels(labels.tones, scale),
        ...colourKey(),
      ],
    ),
  );
}

interface Scale {
  /** From the top of the plot, 0, to its bottom, 1. */
  toPart(hertz: number): number;
  toHertz(part: number): number;
}

function logarithmicScale(lowest: number, highest: number): Scale {
  const low = decibels(lowest);
  const span = decibels(highest) - low;
  const toPart = (hertz: number): number => 1 - (decibels(hertz) - low) / span;
  // By bisection on our own logarithm: Math.exp may differ between hosts.
  const toHertz = (part: number): number => {
    let [a, b] = [lowest / 2, highest * 2];
    for (let turn = 0; turn < 50; turn++) {
      const middle = (a + b) / 2;
      if (toPart(middle) > part) a = middle;
      else b = middle;
    }
    return (a + b) / 2;
  };
  return { toPart, toHertz };
}

function paintLevels({ samples, sampleRateHz }: Recording, scale: Scale): Uint8Array {
  const [columns, rows] = [PLOT.width, PLOT.height * DETAIL];
  const padded = new Int16Array(samples.length + FRAME);
  padded.set(samples, FRAME / 2);
  const bins = Float64Array.from(
    { length: rows },
    (_, row) => (scale.toHertz((row + 0.5) / rows) * FRAME) / sampleRateHz,
  );
  const most = Math.ceil(bins[0] ?? 0) + 2;
  const pixels = new Uint8Array(columns * rows);
  for (let column = 0; column < columns; column++) {
    const start = Math.floor(((column + 0.5) * samples.length) / columns);
    const power = powerSpectrum(padded.subarray(start, start + FRAME), FRAME).subarray(0, most);
    const levels = power.map((value) => decibels(value + SILENCE));
    for (let row = 0; row < rows; row++) pixels[row * columns + column] = heatOf(levelAt(levels, bins, row));
  }
  return writePng({ width: columns, height: rows, pixels, palette: PALETTE });
}

/** Level at a row: the loudest bin where a row spans several, else between its two neighbours. */
function levelAt(levels: Float64Array, bins: Float64Array, row: number): number {
  const middle = bins[row] ?? 0;
  const upper = (middle + (bins[row - 1] ?? middle)) / 2;
  const lower = (middle + (bins[row + 1] ?? middle)) / 2;
  const below = Math.floor(middle);
  const part = middle - below;
  let level = (levels[below] ?? 0) * (1 - part) + (levels[below + 1] ?? 0) * part;
  for (let bin = Math.ceil(lower); bin <= upper; bin++) level = Math.max(level, levels[bin] ?? level);
  return level;
}

const PALETTE: readonly Colour[] = Array.from({ length: 256 }, (_, index): Colour => {
  const place = (index * (HEAT.length - 1)) / 255;
  const segment = Math.min(HEAT.length - 2, Math.floor(place));
  const [from, to] = [HEAT[segment] ?? [0, 0, 0], HEAT[segment + 1] ?? [0, 0, 0]];
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * (place - segment));
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
});

function heatOf(level: number): number {
  const part = (level - FLOOR_DECIBELS) / (TOP_DECIBELS - FLOOR_DECIBELS);
  return Math.round(Math.max(0, Math.min(1, part)) * 255);
}

function timeAxis(seconds: number): XmlElement[] {
  const bottom = PLOT.top + PLOT.height;
  const ticks = Array.from({ length: Math.floor(seconds / 10) + 1 }, (_, index) => index * 10);
  return [
    ...ticks.flatMap((second) => {
      const x = PLOT.left + (second * PLOT.width) / seconds;
      return [
        line([x, bottom + 2], [x, bottom + 6]),
        text(x, bottom + 16, String(second), { "text-anchor": "middle" }),
      ];
    }),
    text(PLOT.left + PLOT.width / 2, bottom + 30, "time in seconds", { "text-anchor": "middle" }),
  ];
}

function stepLabels(steps: SpectrogramLabels["steps"], seconds: number): XmlElement[] {
  const xOf = (second: number): number => PLOT.left + (second * PLOT.width) / seconds;
  return [
    text(PLOT.left, 40, "The walk reaches these digits of the order:"),
    ...steps.flatMap(({ digits, startSeconds }, index) => {
      const [start, end] = [xOf(startSeconds), xOf(steps[index + 1]?.startSeconds ?? seconds)];
      return [
        text((start + end) / 2, PLOT.top - 8, digits, { "font-size": "11", "text-anchor": "middle" }),
        line([start + 2, PLOT.top - 3], [end - 2, PLOT.top - 3]),
      ];
    }),
  ];
}

const AXIS_HERTZ = [50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000, 20_000];

function frequencyAxis(scale: Scale): XmlElement[] {
  const [x, middle] = [16, PLOT.top + PLOT.height / 2];
  return [
    ...AXIS_HERTZ.flatMap((hertz) => {
      const part = scale.toPart(hertz);
      const y = PLOT.top + part * PLOT.height;
      if (part < 0 || part > 1) return [];
      return [
        line([PLOT.left - 6, y], [PLOT.left - 2, y]),
        text(PLOT.left - 9, y + 3, String(hertz), { "text-anchor": "end" }),
      ];
    }),
    text(x, middle, "frequency in Hz", {
      "text-anchor": "middle",
      transform: `rotate(-90 ${x} ${middle})`,
    }),
  ];
}

const LABEL_PITCH = 11;

/** Labels stand at their tones; one that would touch the label above it moves down, with a line to its tone. */
function toneLabels(tones: SpectrogramLabels["tones"], scale: Scale): XmlElement[] {
  const right = PLOT.left + PLOT.width;
  let last = -Infinity;
  const rows = tones
    .toSorted((a, b) => b.frequencyHz - a.frequencyHz)
    .flatMap(({ prime, frequencyHz }) => {
      const y = PLOT.top + scale.toPart(frequencyHz) * PLOT.height;
      last = Math.max(y, last + LABEL_PITCH);
      return [
        line([right + 2, y], [right + 14, last]),
        text(right + 30, last + 3, String(prime), { "text-anchor": "end", "font-weight": "bold" }),
        text(right + 96, last + 3, frequencyHz.toFixed(3), { "text-anchor": "end" }),
      ];
    });
  return [
    text(right + 30, PLOT.top - 8, "prime", { "text-anchor": "end" }),
    text(right + 96, PLOT.top - 8, "measured Hz", { "text-anchor": "end" }),
    ...rows,
  ];
}

function colourKey(): XmlElement[] {
  const [width, y] = [180, PLOT.top + PLOT.height + 38];
  const left = PLOT.left + PLOT.width - width;
  const pixels = Uint8Array.from({ length: 256 }, (_, index) => index);
  return [
    element("image", {
      ...box(left, y, width, 7),
      preserveAspectRatio: "none",
      href: dataOf(writePng({ width: 256, height: 1, pixels, palette: PALETTE })),
    }),
    text(left - 5, y + 7, `level in dB below full scale: ${-FLOOR_DECIBELS}`, { "text-anchor": "end" }),
    text(left + width + 5, y + 7, String(-TOP_DECIBELS)),
  ];
}

function text(x: number, y: number, content: string, more: Record<string, string> = {}): XmlElement {
  return element("text", { x: x.toFixed(1), y: y.toFixed(1), ...more }, content);
}

function line([x1, y1]: [number, number], [x2, y2]: [number, number]): XmlElement {
  const [from, to] = [`${x1.toFixed(1)} ${y1.toFixed(1)}`, `${x2.toFixed(1)} ${y2.toFixed(1)}`];
  return element("path", { d: `M${from}L${to}`, stroke: "#8a8794", "stroke-width": "0.8" });
}

function box(x: number, y: number, width: number, height: number): Record<string, string> {
  return { x: String(x), y: String(y), width: String(width), height: String(height) };
}

function dataOf(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
