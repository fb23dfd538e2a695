// A terminal small enough to understand: it takes the few escape sequences that src/view/live.ts writes and keeps the
// rows, so that a test can see what a user would see, including what scrolled away.
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

export interface Terminal extends Writable {
  columns: number;
  rows: number;
  /** Everything from the first line ever written to the cursor's line, trailing empty lines removed. */
  text(): string[];
  /** The rows on the screen now. */
  screen(): string[];
  cursorShown(): boolean;
}

const ESCAPE = String.fromCharCode(27);
const TOKEN = new RegExp(`${ESCAPE}\\[(\\?)?(\\d*)([A-Za-z])|\\n|\\r|[^${ESCAPE}\\n\\r]+`, "gu");
const COLOR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, "g");

export function createTerminal(columns: number, rows: number): Terminal {
  const lines: string[] = [""];
  let row = 0;
  let shown = true;
  const take = (text: string): void => {
    for (const [part, isPrivate, count, letter] of text.matchAll(TOKEN)) {
      if (part === "\n") {
        row += 1;
        lines[row] ??= "";
      } else if (part === "\r") continue;
      else if (letter === undefined) lines[row] = part;
      else if (letter === "A") {
        row -= Number(count);
        // A real terminal cannot go above its screen: a region taller than it would be drawn again below itself.
        if (row < Math.max(0, lines.length - terminal.rows)) throw new Error("moved above the screen");
      } else if (letter === "J") lines.splice(row + 1);
      else if (isPrivate && count === "25") shown = letter === "h";
      if (letter === "J") lines[row] = "";
    }
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(stripColor(chunk.toString("utf8")));
      done();
    },
  });
  const text = (): string[] => lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  const terminal: Terminal = Object.assign(stream, {
    columns,
    rows,
    text,
    screen: () => lines.slice(Math.max(0, lines.length - rows)),
    cursorShown: () => shown,
  });
  return terminal;
}

function stripColor(text: string): string {
  return text.replaceAll(COLOR, "");
}

/** What a stream that is not a terminal received, without colour. */
export function createSink(): Writable & { text(): string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString("utf8"));
      done();
    },
  });
  return Object.assign(stream, { text: () => stripVTControlCharacters(chunks.join("")) });
}
