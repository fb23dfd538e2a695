// Letters of our own, as strokes: a plain round sans serif of even weight. A picture must not depend on the
// fonts of the machine that draws it. Units: the baseline is 0, capitals are 14 high, small letters 10; y
// points up.
import { cosSinOfTurns } from "../sound/elementary.ts";

export type Point = readonly [x: number, y: number];

export interface Glyph {
  /** From this letter's left edge to the next one's. */
  advance: number;
  strokes: readonly (readonly Point[])[];
}

// Width, then strokes: M and L as in SVG paths; "E cx cy rx ry from to" appends an arc of an ellipse, in
// degrees counted from the right against the clock.
const OUTLINES: Record<string, [width: number, path: string]> = {
  " ": [4.5, ""],
  "0": [9, "E 4.5 7 4 7 90 450"],
  "1": [9, "M 1.8 11.2 L 5.2 14 L 5.2 0"],
  "2": [9, "E 4.4 10.2 3.8 3.8 165 -35 L 0.6 0 L 8.6 0"],
  "3": [9, "E 4.2 10.6 3.5 3.4 150 -90 M 4.2 7.2 E 4.2 3.7 4 3.7 90 -150"],
  "4": [9, "M 6.6 0 L 6.6 14 L 0.4 4 L 9 4"],
  "5": [9, "M 7.9 14 L 1.8 14 L 1.2 7.8 E 4.3 4.7 4.2 4.7 133 -150"],
  "6": [9, "M 6.6 14 L 1.6 7.8 M 0.5 4.5 E 4.5 4.5 4 4.5 180 540 M 1.6 7.8 E 4.5 4.5 4 4.5 140 180"],
  "7": [9, "M 0.6 14 L 8.5 14 L 3.4 0"],
  "8": [9, "E 4.5 10.7 3.3 3.3 90 450 M 4.5 7.4 E 4.5 3.7 4 3.7 90 450"],
  "9": [9, "M 2.4 0 L 7.4 6.2 M 8.5 9.5 E 4.5 9.5 4 4.5 0 360 M 7.4 6.2 E 4.5 9.5 4 4.5 -40 0"],
  ".": [2.5, "M 1.2 0.1 L 1.2 0.2"],
  ",": [2.5, "M 1.4 0.2 L 0.6 -2.4"],
  ":": [2.5, "M 1.2 0.1 L 1.2 0.2 M 1.2 8 L 1.2 8.1"],
  "-": [6, "M 0.8 5.5 L 5 5.5"],
  "\u2212": [9, "M 0.8 6 L 8.2 6"],
  "+": [9, "M 0.8 6 L 8.2 6 M 4.5 2.3 L 4.5 9.7"],
  "=": [9, "M 0.8 4 L 8.2 4 M 0.8 8 L 8.2 8"],
  "/": [6, "M 0.2 -2 L 5.8 15"],
  "(": [4, "E 5.5 6 5 9.5 115 245"],
  ")": [4, "E -1.5 6 5 9.5 65 -65"],
  _: [8, "M 0 -2.5 L 8 -2.5"],
  "\u00b7": [3, "M 1.5 6 L 1.5 6.1"],
  A: [11, "M 0.3 0 L 5.5 14 L 10.7 0 M 2.1 4.8 L 8.9 4.8"],
  B: [9.5, "M 0.8 7.4 L 5 7.4 E 5 10.7 3.2 3.3 -90 90 L 0.8 14 L 0.8 0 L 5.2 0 E 5.2 3.7 3.6 3.7 -90 90"],
  C: [11, "E 6 7 5.5 7 50 310"],
  D: [11, "M 0.8 0 L 0.8 14 L 4.2 14 E 4.2 7 6 7 90 -90 L 0.8 0"],
  E: [9, "M 8.2 14 L 0.8 14 L 0.8 0 L 8.2 0 M 0.8 7.4 L 7 7.4"],
  F: [8.5, "M 8 14 L 0.8 14 L 0.8 0 M 0.8 7.2 L 6.6 7.2"],
  G: [12, "E 6 7 5.5 7 50 360 L 6.8 7"],
  H: [11, "M 0.8 0 L 0.8 14 M 10.2 0 L 10.2 14 M 0.8 7.4 L 10.2 7.4"],
  I: [2.5, "M 1.2 0 L 1.2 14"],
  J: [8, "M 7 14 L 7 3.6 E 3.6 3.6 3.4 3.6 0 -160"],
  K: [10, "M 0.8 0 L 0.8 14 M 9 14 L 0.8 5.6 M 3.9 8.6 L 9.4 0"],
  L: [8.5, "M 0.8 14 L 0.8 0 L 8 0"],
  M: [13, "M 0.8 0 L 0.8 14 L 6.5 3 L 12.2 14 L 12.2 0"],
  N: [11, "M 0.8 0 L 0.8 14 L 10.2 0 L 10.2 14"],
  O: [12.5, "E 6.25 7 5.7 7 90 450"],
  P: [9.5, "M 0.8 0 L 0.8 14 L 5 14 E 5 10.2 3.8 3.8 90 -90 L 0.8 6.4"],
  Q: [12.5, "E 6.25 7 5.7 7 90 450 M 7.5 3.5 L 11.5 -1.2"],
  R: [10, "M 0.8 0 L 0.8 14 L 5 14 E 5 10.2 3.8 3.8 90 -90 L 0.8 6.4 M 4.8 6.4 L 9.2 0"],
  S: [9.5, "E 4.7 10.5 3.8 3.5 35 250 L 6 6.6 E 4.7 3.6 4 3.6 65 -150"],
  T: [10, "M 0.2 14 L 9.8 14 M 5 14 L 5 0"],
  U: [11, "M 0.8 14 L 0.8 4.6 E 5.5 4.6 4.7 4.6 180 360 L 10.2 14"],
  V: [10.5, "M 0.3 14 L 5.25 0 L 10.2 14"],
  W: [15, "M 0.3 14 L 3.9 0 L 7.5 12.5 L 11.1 0 L 14.7 14"],
  X: [10, "M 0.6 0 L 9.4 14 M 0.6 14 L 9.4 0"],
  Y: [10, "M 0.3 14 L 5 6.6 L 9.7 14 M 5 6.6 L 5 0"],
  Z: [9.5, "M 0.8 14 L 8.8 14 L 0.6 0 L 9 0"],
  a: [9.3, "E 4.4 5 3.9 5 0 360 M 8.3 10 L 8.3 0"],
  b: [9.3, "M 0.8 14.5 L 0.8 0 M 8.6 5 E 4.7 5 3.9 5 0 360"],
  c: [8, "E 4.4 5 3.9 5 48 312"],
  d: [9.3, "M 8.3 14.5 L 8.3 0 M 8.3 5 E 4.4 5 3.9 5 0 360"],
  e: [8.8, "M 0.7 5.2 L 8.2 5.2 E 4.4 5 3.9 5 3 312"],
  f: [5.2, "E 4.6 11.9 2.6 2.6 75 180 L 2 0 M 0.2 9.6 L 4.8 9.6"],
  g: [9.3, "E 4.4 5 3.9 5 0 360 M 8.3 10 L 8.3 -0.4 E 4.5 -0.4 3.8 3.6 0 -150"],
  h: [9, "M 0.8 14.5 L 0.8 0 M 0.8 6.2 E 4.4 6.2 3.6 3.8 180 0 L 8 0"],
  i: [2.6, "M 1.3 10 L 1.3 0 M 1.3 13.6 L 1.3 13.7"],
  j: [3.4, "M 2.2 10 L 2.2 -1.6 E 0 -1.6 2.2 2.2 0 -90 M 2.2 13.6 L 2.2 13.7"],
  k: [8, "M 0.8 14.5 L 0.8 0 M 7.2 10 L 0.8 3.8 M 3.4 6.3 L 7.6 0"],
  l: [2.6, "M 1.3 14.5 L 1.3 0"],
  m: [
    13.8,
    "M 0.8 10 L 0.8 0 M 0.8 6.8 E 3.8 6.8 3 3.2 180 0 L 6.8 0 M 6.8 6.8 E 9.9 6.8 3.1 3.2 180 0 L 13 0",
  ],
  n: [9, "M 0.8 10 L 0.8 0 M 0.8 6.2 E 4.4 6.2 3.6 3.8 180 0 L 8 0"],
  o: [9, "E 4.5 5 4 5 90 450"],
  p: [9.3, "M 0.8 10 L 0.8 -4 M 8.6 5 E 4.7 5 3.9 5 0 360"],
  q: [9.3, "M 8.3 10 L 8.3 -4 M 8.3 5 E 4.4 5 3.9 5 0 360"],
  r: [5.8, "M 0.8 10 L 0.8 0 M 0.8 6 E 4.4 6 3.6 3.9 180 75"],
  s: [7.6, "E 3.8 7.5 2.9 2.5 35 255 L 4.6 4.9 E 3.8 2.6 3.2 2.6 70 -150"],
  t: [5.4, "M 2.1 13.2 L 2.1 2.6 E 4.6 2.6 2.5 2.6 180 285 M 0.2 9.6 L 5 9.6"],
  u: [9, "M 1 10 L 1 3.8 E 4.6 3.8 3.6 3.8 180 360 L 8.2 10 M 8.2 3.8 L 8.2 0"],
  v: [8.2, "M 0.4 10 L 4.1 0 L 7.8 10"],
  w: [12, "M 0.3 10 L 3.2 0 L 6 9 L 8.8 0 L 11.7 10"],
  x: [8, "M 0.6 0 L 7.4 10 M 0.6 10 L 7.4 0"],
  y: [8.2, "M 0.4 10 L 4.2 0.4 M 7.8 10 L 3.2 -2.4 L 1 -4 L 0.4 -4"],
  z: [7.8, "M 0.8 10 L 7 10 L 0.6 0 L 7.4 0"],
};

const GAP = 2.4;
const ARC_STEP_DEGREES = 12;
const glyphs = new Map<string, Glyph>();

/** Throws RangeError for a character that the lettering lacks. */
export function glyphOf(character: string): Glyph {
  const known = glyphs.get(character);
  if (known !== undefined) return known;
  const outline = OUTLINES[character];
  if (outline === undefined)
    throw new RangeError(`Cannot draw ${JSON.stringify(character)}: the lettering lacks it`);
  const glyph = { advance: outline[0] + GAP, strokes: parsePath(outline[1]) };
  glyphs.set(character, glyph);
  return glyph;
}

function parsePath(path: string): Point[][] {
  const strokes: Point[][] = [];
  const words = path.split(" ");
  const take = (): number => Number(words.shift());
  while (words.length > 0) {
    const command = words.shift();
    if (command === "M") strokes.push([[take(), take()]]);
    else if (command === "L") strokes.at(-1)?.push([take(), take()]);
    else if (command === "E") {
      if (strokes.length === 0) strokes.push([]);
      strokes.at(-1)?.push(...arc([take(), take()], [take(), take()], [take(), take()]));
    }
  }
  return strokes;
}

function arc([x, y]: Point, [rx, ry]: Point, [from, to]: Point): Point[] {
  const steps = Math.ceil(Math.abs(to - from) / ARC_STEP_DEGREES);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const { cos, sin } = cosSinOfTurns((from + ((to - from) * step) / steps) / 360);
    return [x + rx * cos, y + ry * sin];
  });
}

/** Width of a text in units of the lettering. */
export function textWidth(text: string): number {
  return (
    Array.from(text).reduce((width, character) => width + glyphOf(character).advance, 0) -
    (text === "" ? 0 : GAP)
  );
}
