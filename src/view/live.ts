// A region at the bottom of a terminal that is rewritten in place, while finished lines scroll into the history above
// it. No alternate screen: what was shown stays. Nothing here knows what the lines say.
import { monotonicMs } from "#base/clock.ts";
import { displayWidth } from "./format.ts";
import type { Output } from "./view.ts";

const { stripVTControlCharacters } = process.getBuiltinModule("node:util");

export interface Size {
  columns: number;
  rows: number;
}

export interface Live {
  /** Adds lines to the history; they appear above the region with the next frame. */
  print(lines: readonly string[]): void;
  /** Asks for a new frame soon; frames come at most every FRAME_MS. */
  refresh(): void;
  /** Erases the region, writes what is left to write and gives the cursor back. */
  close(): void;
}

/** Some 13 frames a second. */
const FRAME_MS = 75;
/** A spinner turns and seconds count even when no event comes. */
const IDLE_MS = 150;

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const ERASE_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";
/** Terminals that know these draw the frame at once; others ignore them. */
const BEGIN_UPDATE = "\u001b[?2026h";
const END_UPDATE = "\u001b[?2026l";

/** @param draw the region's painted lines, each at most `columns - 1` wide, fewer than `rows` of them. */
export function createLive(stream: Output, draw: (size: Size) => readonly string[]): Live {
  let history: string[] = [];
  let shown: readonly string[] = [];
  let shownColumns = 0;
  let closed = false;
  /** A frame was asked for and has not been drawn yet. */
  let isDue = false;
  let lastFrameMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const size = (): Size => ({ columns: stream.columns || 80, rows: stream.rows || 24 });
  const backToTop = (): string => {
    const { columns } = size();
    const height = shown.reduce((sum, line) => sum + rowsOf(line, columns), 0);
    return height === 0 ? "\r" : `\r\u001b[${height}A`;
  };
  const frame = (): void => {
    const { columns, rows } = size();
    const region = draw({ columns, rows });
    // After a change of width the old rows go first: a terminal remembers of a row that its line went on in the next.
    const erase = columns === shownColumns ? "" : ERASE_BELOW;
    const write = [...history, ...region].map((line) => `${line}${ERASE_LINE_END}\n`).join("");
    stream.write(`${BEGIN_UPDATE}${HIDE_CURSOR}${backToTop()}${erase}${write}${ERASE_BELOW}${END_UPDATE}`);
    history = [];
    shown = region;
    shownColumns = columns;
    lastFrameMs = monotonicMs();
  };
  const drawAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isDue = false;
      frame();
      drawAfter(IDLE_MS);
    }, ms);
    timer.unref();
  };
  const refresh = (): void => {
    if (closed || isDue) return;
    isDue = true;
    drawAfter(Math.max(0, FRAME_MS - (monotonicMs() - lastFrameMs)));
  };
  stream.on?.("resize", refresh);
  return {
    print: (lines) => {
      for (const line of lines) history.push(line);
      refresh();
    },
    refresh,
    close: () => {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      stream.off?.("resize", refresh);
      const rest = history.map((line) => `${line}${ERASE_LINE_END}\n`).join("");
      const hasDrawn = lastFrameMs > 0;
      stream.write(hasDrawn ? `${backToTop()}${rest}${ERASE_BELOW}${SHOW_CURSOR}` : rest);
    },
  };
}

/** Terminal rows a line takes, also after the window became narrower than the line was drawn for. */
function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(displayWidth(stripVTControlCharacters(line)) / columns));
}
