// Where labels go so that none lies on another. Widths are estimated from the number of characters, on the wide side: which
// font a reader has is not known.
import { largest } from "#base/extremes.ts";

/** Width of a digit as a part of the font's size: DejaVu Sans, the widest of those in the style. */
const CHARACTER = 0.64;
/** The same of running text, which has spaces and narrow letters. */
const IN_TEXT = 0.6;

export function widthOf(text: string, size = 10.5): number {
  return text.length * CHARACTER * size;
}

/** How many characters of running text a line of this width has. */
export function charactersIn(width: number, size: number): number {
  return Math.floor(width / (IN_TEXT * size));
}

export function widestOf(texts: readonly string[], size?: number): number {
  return largest(
    texts.map((text) => widthOf(text, size)),
    0,
  );
}

/** Positions at least `distance` apart, in the same order, inside `[low, high]` where there is room, and near where they were. */
export function spreadApart(
  positions: readonly number[],
  distance: number,
  [low, high]: readonly [number, number],
): number[] {
  const order = positions
    .map((_, index) => index)
    .toSorted((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const placed = [...positions];
  let least = low;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, least);
    least = (placed[index] ?? 0) + distance;
  }
  let most = high;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index] ?? 0, most);
    most = (placed[index] ?? 0) - distance;
  }
  return placed;
}

export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Keeps what is taken, so that a label is put where nothing is, or not at all. */
export class LabelAreas {
  readonly #taken: Area[] = [];

  /** The first of the areas that is free, which is taken from now on. */
  take(areas: readonly Area[]): Area | undefined {
    const found = areas.find((area) => this.#taken.every((other) => !overlap(area, other)));
    if (found !== undefined) this.#taken.push(found);
    return found;
  }

  /** Takes an area whether or not it is free. */
  block(area: Area): void {
    this.#taken.push(area);
  }
}

function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** Lines of at most `width` characters, broken between words; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

/** At most `count` lines of `width` characters; what does not fit ends with an ellipsis. */
export function wrapCut(text: string, width: number, count: number): string[] {
  const lines = wrap(text, width);
  const kept = lines.slice(0, count).map((line) => cut(line, width));
  if (lines.length > count) kept[count - 1] = cut(`${kept.at(-1) ?? ""} \u2026`, width);
  return kept;
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}\u2026`;
}
