// Cuts the log of a stage into lines and keeps the last of them.

const TAIL_LINES = 40;
const LINE_BYTES_MAX = 16 * 1024;

export class LogLines {
  readonly #map: (line: string) => string;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  readonly #tail: string[] = [];
  #rest = "";

  constructor(map: (line: string) => string, onLine: (line: string) => void) {
    this.#map = map;
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    lines.forEach((line) => this.#emit(line));
    if (this.#rest.length > LINE_BYTES_MAX) {
      this.#emit(this.#rest);
      this.#rest = "";
    }
  }

  end(): void {
    if (this.#rest !== "") this.#emit(this.#rest);
    this.#rest = "";
  }

  /** The last lines, for a failed stage. */
  tail(): string[] {
    return [...this.#tail];
  }

  #emit(text: string): void {
    const line = this.#map(text.replace(/\r$/, "").slice(0, LINE_BYTES_MAX));
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    this.#onLine(line);
  }
}
