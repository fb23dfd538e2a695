// Colour. Lines are lists of spans, each with a style by meaning, so that cutting to a width happens on plain text and
// colour is put on last. Nothing is said by colour alone.
import { cleanLine, cleanLines, cutToWidth, displayWidth } from "./format.ts";
import type { Output } from "./view.ts";

// An import of node:util would load all of it, which takes longer than everything else here.
const { styleText } = process.getBuiltinModule("node:util");

const STYLES = {
  plain: [],
  name: ["bold"],
  good: ["green"],
  bad: ["red"],
  failure: ["red", "bold"],
  warning: ["yellow"],
  busy: ["cyan"],
  faint: ["dim"],
} as const satisfies Record<string, readonly Parameters<typeof styleText>[0][]>;

const ELLIPSIS = "...";

export type Style = keyof typeof STYLES;
export interface StyledText {
  text: string;
  style: Style;
}
export type Line = readonly StyledText[];

export function span(text: string, style: Style = "plain"): StyledText {
  return { text, style };
}

/** One line without spans of its own. */
export function plainLine(text: string, style: Style = "plain"): Line {
  return [{ text, style }];
}

export type Paint = (text: string, style: Style) => string;

/** A painter, or with `color: false` one that leaves text as it is. */
export function createPaint(color: boolean): Paint {
  if (!color) return (text) => text;
  return (text, style) => {
    const formats = STYLES[style];
    return formats.length === 0 || text === ""
      ? text
      : styleText([...formats], text, { validateStream: false });
  };
}

const ESCAPE = "\u001b";
/** A sequence that a painter writes. */
const PAINTED = new RegExp(`(${ESCAPE}\\[(?:[12]|22|3[12369])m)`);

/** Painted text, in which nothing else moves the cursor. */
export function cleanPainted(text: string): string {
  const parts = text.split(PAINTED);
  return parts.map((part, at) => (at % 2 === 1 ? part : cleanLines(part))).join("");
}

export type ColorChoice = "auto" | "always" | "never";

/** Whether to colour what goes to `stream`: the user's word first, then NO_COLOR, FORCE_COLOR and the terminal. */
export function wantsColor(choice: ColorChoice, stream: Output): boolean {
  if (choice !== "auto") return choice === "always";
  if (stream.isTTY === false) return false;
  return styleText("bold", "x", { stream: stream as NodeJS.WritableStream }) !== "x";
}

/** A line cut to `width` columns and painted. Whatever its words come from, nothing in them moves the cursor. */
export function renderLine(words: Line, paint: Paint, width = Number.POSITIVE_INFINITY): string {
  const line = words.map(({ text, style }) => span(cleanLine(text), style));
  const total = line.reduce((sum, { text }) => sum + displayWidth(text), 0);
  if (total <= width) return line.map(({ text, style }) => paint(text, style)).join("");
  const ellipsis = width > ELLIPSIS.length ? ELLIPSIS : "";
  let room = width - ellipsis.length;
  let out = "";
  for (const { text, style } of line) {
    const used = displayWidth(text);
    if (used > room) return out + paint(cutToWidth(text, room) + ellipsis, style);
    out += paint(text, style);
    room -= used;
  }
  return out;
}

/** A line broken at spaces into lines of at most `width` columns, all but the first indented by `indent`. */
export function wrapLine(line: Line, width: number, indent: number): Line[] {
  const lines: StyledText[][] = [];
  let current: StyledText[] = [];
  let used = 0;
  for (const { text, style } of line) {
    for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
      const wordWidth = displayWidth(word);
      const isSplit = used + wordWidth > width && current.length > 0 && /^\s/.test(word);
      if (isSplit) {
        lines.push(current);
        current = [span(" ".repeat(indent))];
        used = indent;
      }
      const shown = isSplit ? word.trimStart() : word;
      current.push(span(shown, style));
      used += isSplit ? displayWidth(shown) : wordWidth;
    }
  }
  return [...lines, current];
}
