// Bytes or text in pieces of any size -> lines. Bytes must be UTF-8.
import { refuseFormat } from "./fault.ts";

const LINE_LENGTH_MAX = 1 << 28;

export class LineSplitter {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The start of the line that is not over yet, in pieces: joined once, however long the line. */
  #pieces: string[] = [];
  #length = 0;

  push(chunk: Uint8Array | string): string[] {
    return this.#cut(typeof chunk === "string" ? chunk : this.#decode(chunk));
  }

  /** The last line, when no line feed ended it. A file cut in the middle of a line shows as a line that is not JSON. */
  end(): string[] {
    const lines = this.#cut(this.#decode(undefined));
    if (this.#length > 0) lines.push(this.#pieces.join(""));
    return lines;
  }

  #decode(bytes: Uint8Array | undefined): string {
    try {
      return bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    } catch {
      return refuseFormat("not-utf8", "Cannot read the file: it is not UTF-8");
    }
  }

  #cut(text: string): string[] {
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    if (lines.length > 0) {
      lines[0] = this.#pieces.join("") + (lines[0] ?? "");
      this.#pieces = [];
      this.#length = 0;
    }
    if (rest !== "") this.#pieces.push(rest);
    this.#length += rest.length;
    if (this.#length > LINE_LENGTH_MAX) refuseFormat("not-json", "Cannot read the file: a line is too long");
    return lines;
  }
}
