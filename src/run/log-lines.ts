// Cuts the log of a stage into lines and keeps the last of them.

const TAIL_LINES = 40;
const LINE_BYTES_MAX = 16 * 1024;

const PROGRESS_EVERY_MS = 100;

interface LineHooks {
  onLine: (line: string) => void;
  /** How a line stands that is written over again by carriage returns; now and then. */
  onProgress: (line: string) => void;
}

export class LogLines {
  readonly #map: (line: string) => string;
  readonly #onLine: (line: string) => void;
  readonly #onProgress: (line: string) => void;
  #progressDueMs = 0;
  readonly #decoder = new TextDecoder();
  readonly #tail: string[] = [];
  #rest = "";

  constructor(map: (line: string) => string, { onLine, onProgress }: LineHooks) {
    this.#map = map;
    this.#onLine = onLine;
    this.#onProgress = onProgress;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    lines.forEach((line) => this.#emit(line));
    this.#tellProgress();
    if (this.#rest.length > LINE_BYTES_MAX) {
      this.#emit(this.#rest);
      this.#rest = "";
    }
  }

  /** Of a line that is written over, only how it stands is kept, however long it goes on. */
  #tellProgress(): void {
    const [end, start] = lastState(this.#rest);
    if (end === 0) return;
    const nowMs = performance.now();
    if (nowMs >= this.#progressDueMs) {
      this.#progressDueMs = nowMs + PROGRESS_EVERY_MS;
      this.#onProgress(this.#rest.slice(start, end));
    }
    this.#rest = this.#rest.slice(start);
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

/** Where the last whole state of a line ends, and where it starts, by its carriage returns; 0 where it has none. */
function lastState(line: string): [end: number, start: number] {
  const end = line.lastIndexOf("\r");
  return end === -1 ? [0, 0] : [end, line.lastIndexOf("\r", end - 1) + 1];
}
