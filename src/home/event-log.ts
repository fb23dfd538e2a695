// The log of the events of one run: `events/<run>.ndjson`, written while the run goes on, under a lock that tells whether it
// still does. Lines of stages are left out (they are in the logs of the builds), and so are claims (they follow from the
// record). A run that is killed leaves its log, and no record.
import { closeSync, openSync, write } from "node:fs";
import { dirname } from "node:path";
import { writeAll } from "#base/file-pieces.ts";
import { bytesOfFile, makeFolder } from "#base/files.ts";
import { tryFlock } from "#base/libc.ts";
import { naming } from "#base/naming.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import type { RunEvent } from "./events.ts";
import { foldEvent, newFold, type FoldedRun } from "./fold.ts";
import { expandedShape, stageShape, startedShape } from "./record-shape.ts";

/** Events wait this long for others, so that many of them are one write. */
const BATCH_MS = 100;
const BATCH_BYTES = 256 * 1024;

const UNLOGGED: ReadonlySet<RunEvent["type"]> = new Set([
  "run-preparing",
  "preparing",
  "source-read",
  "stage-progress",
  "stage-log",
  "claim",
]);

export class EventLog {
  readonly #file: string;
  readonly #fd: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What was handed to the system and not taken yet. */
  #unwritten = Buffer.alloc(0);
  #written: Promise<void> = Promise.resolve();
  #failure: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    makeFolder(dirname(file));
    this.#file = file;
    this.#fd = openSync(file, "a");
    tryFlock(this.#fd, "exclusive");
  }

  add(event: RunEvent): void {
    if (UNLOGGED.has(event.type)) return;
    const line = `${JSON.stringify(event)}\n`;
    // At once: what is killed in its first moments is to be seen, too.
    if (event.type === "run-started") return naming(this.#file, () => writeAll(this.#fd, Buffer.from(line)));
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes > BATCH_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS).unref();
  }

  /** Writes what waits, and what could not be written before. @throws what the system says of the last write, where that failed */
  async close(): Promise<void> {
    this.#flush();
    await this.#written;
    closeSync(this.#fd);
    // The system names no file of what is open.
    if (this.#failure instanceof Error) throw Object.assign(this.#failure, { path: this.#file });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#written = this.#written.then(() => this.#write(lines));
  }

  /** What a full disk does not take is tried again with what comes after it. */
  async #write(lines: string): Promise<void> {
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(lines)]);
    this.#failure = undefined;
    while (this.#unwritten.length > 0) {
      try {
        this.#unwritten = this.#unwritten.subarray(await writePart(this.#fd, this.#unwritten));
      } catch (error) {
        this.#failure = error;
        return;
      }
    }
  }
}

function writePart(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) =>
    write(fd, bytes, 0, bytes.length, (error, count) => (error === null ? resolve(count) : reject(error))),
  );
}

/** A run by its log alone. */
export interface LoggedRun extends FoldedRun {
  started: NonNullable<FoldedRun["started"]>;
  /** The process that writes the log is alive. */
  isRunning: boolean;
}

/** A last line without its end is no event yet. @throws SyntaxError of a log that is none */
export function readEventLog(file: string): LoggedRun {
  const run = newFold();
  for (const line of (bytesOfFile(file)?.toString("utf8") ?? "").split("\n").slice(0, -1)) {
    const event = parseStrictJson(line) as RunEvent;
    // What shows a run that did not end; the rest is of no use without its record.
    if (event?.type === "run-started") foldEvent(run, shape.requireShape(startedShape, event));
    if (event?.type === "list-expanded") foldEvent(run, shape.requireShape(expandedShape, event));
    if (event?.type === "stage-finished") foldEvent(run, shape.requireShape(stageShape, event));
  }
  const { started } = run;
  if (started === undefined) throw new SyntaxError("it does not say that a run started");
  return { ...run, started, isRunning: isLocked(file) };
}

function isLocked(file: string): boolean {
  const fd = openSync(file, "r");
  try {
    return !tryFlock(fd, "shared");
  } finally {
    closeSync(fd);
  }
}
