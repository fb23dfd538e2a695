// A picture in palette colours: flat areas, and ink (lines and letters) with soft edges on paper.
import type { Point } from "./lettering.ts";
import { glyphOf, textWidth } from "./lettering.ts";

/** A row of palette entries from paper to full ink. */
export interface Ramp {
  first: number;
  steps: number;
}

export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export interface TextStyle {
  /** Height of capitals in pixels. */
  size: number;
  /** Thickness of the strokes in pixels. */
  weight: number;
  ramp: Ramp;
  align?: "left" | "centre" | "right";
  /** Quarter turn against the clock: text that reads upwards. */
  upwards?: boolean;
}

const CAPITAL_UNITS = 14;

export function makeCanvas(width: number, height: number, paper: number): Canvas {
  return { width, height, pixels: new Uint8Array(width * height).fill(paper) };
}

/** Fills whole pixels; parts outside the canvas are left out. */
export function fillRectangle(canvas: Canvas, [x, y]: Point, [width, height]: Point, colour: number): void {
  for (let row = Math.max(0, y); row < Math.min(canvas.height, y + height); row++) {
    const start = row * canvas.width;
    canvas.pixels.fill(
      colour,
      start + Math.max(0, x),
      start + Math.max(0, Math.min(canvas.width, x + width)),
    );
  }
}

/** Draws a line with round ends; where strokes meet, the darker one stays. */
export function drawLine(
  canvas: Canvas,
  from: Point,
  to: Point,
  { weight, ramp }: { weight: number; ramp: Ramp },
): void {
  const half = weight / 2;
  const reach = half + 1;
  const [left, right] = [Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach];
  const [top, bottom] = [Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach];
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(canvas.height, Math.ceil(bottom)); y++) {
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(canvas.width, Math.ceil(right)); x++) {
      const cover = Math.min(1, half + 0.5 - distanceToSegment([x + 0.5, y + 0.5], from, to));
      if (cover > 0) darken(canvas, y * canvas.width + x, ramp, cover);
    }
  }
}

function darken(canvas: Canvas, at: number, { first, steps }: Ramp, cover: number): void {
  const level = Math.round(cover * (steps - 1));
  const old = canvas.pixels[at] ?? 0;
  const oldLevel = old >= first && old < first + steps ? old - first : 0;
  if (level > oldLevel) canvas.pixels[at] = first + level;
}

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  const [ex, ey] = [x - ax - along * dx, y - ay - along * dy];
  return Math.sqrt(ex * ex + ey * ey);
}

/** Draws a line of text with its baseline at `at`; returns its width in pixels. */
export function drawText(canvas: Canvas, at: Point, text: string, style: TextStyle): number {
  const scale = style.size / CAPITAL_UNITS;
  const width = textWidth(text) * scale;
  let pen = style.align === "right" ? -width : style.align === "centre" ? -width / 2 : 0;
  for (const character of text) {
    const { advance, strokes } = glyphOf(character);
    const place = ([x, y]: Point): Point => {
      const [along, up] = [pen + x * scale, y * scale];
      return style.upwards === true ? [at[0] - up, at[1] - along] : [at[0] + along, at[1] - up];
    };
    for (const stroke of strokes) {
      for (const [index, point] of stroke.entries()) {
        const next = stroke[index + 1];
        if (next !== undefined) drawLine(canvas, place(point), place(next), style);
      }
    }
    pen += advance * scale;
  }
  return width;
}
