// Small pieces of SVG: scales, axes with round numbers, paths. All text is escaped, all numbers are rounded, so that the
// same figures give the same bytes.
import { escapeMarkup } from "#base/escape.ts";
import { largest } from "#base/extremes.ts";
import { formatFigure } from "#base/numbers.ts";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Scale {
  (value: number): number;
  domain: readonly [number, number];
}

/** Maps a domain linearly to a range. */
export function makeScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const map = (value: number) => range[0] + ((value - low) / (high - low || 1)) * (range[1] - range[0]);
  return Object.assign(map, { domain });
}

/** The smallest and largest of the finite values, with a margin. */
export function extentOf(values: readonly number[], margin = 0.05): [number, number] {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!(low <= high)) return [0, 1];
  const pad = high > low ? margin * (high - low) : Math.abs(high) * margin || 1;
  return [low - pad, high + pad];
}

/** At most `count` round numbers (1, 2 or 5 times a power of ten apart) inside a domain, each another number. */
export function ticksOf([low, high]: readonly [number, number], count: number): number[] {
  // Nearer to one another their labels, of fifteen digits, would be the same.
  const apart = 1e-14 * Math.max(Math.abs(low), Math.abs(high));
  const rough = Math.max((high - low) / count, apart);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

/** Labels with just the decimals that tell the ticks apart. */
export function labelsOf(ticks: readonly number[]): string[] {
  if (ticks.length === 1) return ticks.map((tick) => formatFigure(tick, 9));
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const decimals = Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9)));
  const farthest = largest(ticks.map(Math.abs), 0);
  if (farthest >= 1e9 || (farthest > 0 && decimals > 8)) {
    const digits = Math.min(15, Math.max(0, Math.ceil(Math.log10(farthest / step))));
    return ticks.map((tick) => (tick === 0 ? "0" : tick.toExponential(digits)));
  }
  return ticks.map((tick) => (Object.is(Math.round(tick / step), -0) ? 0 : tick).toFixed(decimals));
}

export function round(value: number): string {
  return String(Number(value.toFixed(2)) + 0);
}

/** An element from its name, attributes and content. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = "",
): string {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escapeMarkup(String(value))}"`,
    );
  return content === "" ? `<${name}${words.join("")}/>` : `<${name}${words.join("")}>${content}</${name}>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return element("line", { x1, y1, x2, y2, class: style });
}

export type TextAnchor = "start" | "middle" | "end";

export function label(
  x: number,
  y: number,
  text: string,
  style: string,
  anchor: TextAnchor = "start",
): string {
  return element("text", { x, y, class: style, "text-anchor": anchor }, escapeMarkup(text));
}

/** A polyline through points. */
export function path(points: readonly (readonly [number, number])[], style: string): string {
  const d = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  return element("path", { d, class: style });
}

/** Fewer points than this are all drawn, however near to one another. */
export const THINNED_MIN = 2000;

/**
 * Of the points in each column of pixels the first, the last, the lowest and the highest: the line through them looks as the
 * one through all. Few points come back as they are.
 */
export function thinned(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  if (points.length < THINNED_MIN) return [...points];
  const kept: (readonly [number, number])[] = [];
  for (let from = 0, to = 0; from < points.length; from = to) {
    const column = Math.floor(points[from]?.[0] ?? 0);
    let [lowest, highest] = [from, from];
    for (to = from; to < points.length && Math.floor(points[to]?.[0] ?? 0) === column; to += 1) {
      const y = points[to]?.[1] ?? 0;
      if (y < (points[lowest]?.[1] ?? 0)) lowest = to;
      if (y > (points[highest]?.[1] ?? 0)) highest = to;
    }
    const indices = new Set([from, lowest, highest, to - 1].toSorted((a, b) => a - b));
    for (const index of indices) kept.push(points[index] ?? [0, 0]);
  }
  return kept;
}

/** What a page says of the lines of limits of so many points, where it draws them with fewer corners than they have. */
export function limitsNote(count: number): string[] {
  // Each point has two ends of a step.
  if (2 * count < THINNED_MIN) return [];
  return [
    `Of the lines of limits and zones over ${count} points the charts draw the first, the last, the lowest and the highest end of each column of pixels.`,
  ];
}

/** A line that is level between points and steps halfway, for limits that differ from point to point. */
export function stepPath(x: Scale, y: Scale, values: readonly number[], style: string): string {
  const points = values.flatMap((value, index): [number, number][] => [
    [x(index + 0.5), y(value)],
    [x(index + 1.5), y(value)],
  ]);
  return path(thinned(points), style);
}
