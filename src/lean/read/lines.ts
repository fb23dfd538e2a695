// Bytes or texts in pieces of any size -> lines, without copying what lies in one piece.
import { refuseFormat } from "#lean/fault.ts";

const LINE_LENGTH_MAX = 1 << 28;
const LINE_FEED = 10;
const encoder = new TextEncoder();

/** Takes a line; @returns whether to go on. */
export type TakeLine = (bytes: Uint8Array, start: number, end: number) => boolean;

export class LineSplitter {
  /** The start of the line that is not over yet, in pieces: joined once, however long the line. */
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** @returns whether to go on */
  push(chunk: Uint8Array | string, take: TakeLine): boolean {
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    let start = 0;
    let end = bytes.indexOf(LINE_FEED);
    if (end !== -1 && this.#length > 0) {
      const line = this.#join(bytes.subarray(0, end));
      if (!take(line, 0, line.length)) return false;
      start = end + 1;
      end = bytes.indexOf(LINE_FEED, start);
    }
    for (; end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      if (!take(bytes, start, end)) return false;
      start = end + 1;
    }
    if (start < bytes.length) {
      // The caller may use its memory again.
      this.#pieces.push(bytes.slice(start));
      this.#length += bytes.length - start;
    }
    if (this.#length > LINE_LENGTH_MAX) refuseFormat("not-json", "Cannot read the file: a line is too long");
    return true;
  }

  /** The last line, when no line feed ended it. A file cut in the middle of a line shows as a line that is not JSON. */
  end(take: TakeLine): void {
    if (this.#length === 0) return;
    const line = this.#join(new Uint8Array(0));
    take(line, 0, line.length);
  }

  #join(last: Uint8Array): Uint8Array {
    const line = new Uint8Array(this.#length + last.length);
    let at = 0;
    for (const piece of [...this.#pieces, last]) {
      line.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}
