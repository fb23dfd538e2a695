// The NAR writer.
import { assert } from "#base/assert.ts";
import { checkNarName, checkNarTarget, roundUp, type NarHandler } from "./nar-format.ts";
import { NAR_DEPTH_MAX, NAR_FRAMES } from "./nar-format.ts";
import { pipeliteError } from "./nar-errors.ts";

const BUFFER_SIZE = 256 * 1024;

/** Of writers that have ended: making one for a small file costs more than all the rest. */
const spare: Buffer[] = [];

type Expected = "node" | "content" | "entry" | "end-entry" | "end" | "nothing";

/**
 * Writes a NAR into `sink`, in chunks of up to 256 KiB out of one buffer: a chunk is valid only during the call that
 * gives it. Calls out of order are bugs (assertions); a tree that no NAR can hold is refused.
 * @throws PipeliteError NAR_NAME_INVALID, NAR_ORDER_WRONG, NAR_TOO_DEEP, NAR_TARGET_INVALID, NAR_SIZE_CHANGED
 */
export class NarWriter implements NarHandler {
  readonly #sink: (chunk: Uint8Array) => void;
  readonly #buffer = spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
  #filled = 0;
  #flushedBytes = 0;
  #expected: Expected = "node";
  #fileSize = 0;
  #fileLeft = 0;
  /** The last name written in each open directory. */
  readonly #names: (Uint8Array | undefined)[] = [];

  constructor(sink: (chunk: Uint8Array) => void) {
    this.#sink = sink;
    this.#put(NAR_FRAMES.magic);
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#flushedBytes + this.#filled;
  }

  startFile(executable: boolean, sizeBytes: number): void {
    this.#startNode();
    assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0);
    this.#put(executable ? NAR_FRAMES.executable : NAR_FRAMES.file);
    this.#putSize(sizeBytes);
    this.#fileSize = sizeBytes;
    this.#fileLeft = sizeBytes;
    this.#expected = "content";
  }

  content(chunk: Uint8Array): void {
    this.#take(chunk.length);
    if (chunk.length > BUFFER_SIZE >> 1) {
      this.#flush();
      this.#sink(chunk);
      this.#flushedBytes += chunk.length;
      return;
    }
    this.#put(chunk);
  }

  /**
   * Room in the writer's own buffer, at least half of it, for a reader to put content into without a copy:
   * `contentWritten(readSync(fd, writer.contentRoom()))`.
   */
  contentRoom(): Uint8Array {
    assert(this.#expected === "content");
    if (this.#filled > BUFFER_SIZE >> 1) this.#flush();
    return this.#buffer.subarray(this.#filled);
  }

  /** Says that this many bytes of content were put at the beginning of the last `contentRoom`. */
  contentWritten(sizeBytes: number): void {
    assert(sizeBytes <= BUFFER_SIZE - this.#filled);
    this.#take(sizeBytes);
    this.#filled += sizeBytes;
  }

  endFile(): void {
    assert(this.#expected === "content");
    if (this.#fileLeft !== 0) this.#refuseSize(this.#fileSize - this.#fileLeft);
    this.#pad(this.#fileSize);
    this.#endNode();
  }

  symlink(target: Uint8Array): void {
    this.#startNode();
    checkNarTarget(target);
    this.#put(NAR_FRAMES.symlink);
    this.#putString(target);
    this.#endNode();
  }

  startDirectory(): void {
    this.#startNode();
    this.#put(NAR_FRAMES.directory);
    this.#names.push(undefined);
    this.#expected = "entry";
  }

  /** Begins an entry; `name` is kept until the next one and must not be changed. */
  entry(name: Uint8Array): void {
    assert(this.#expected === "entry");
    checkNarName(name, this.#names.at(-1));
    this.#names[this.#names.length - 1] = name;
    this.#put(NAR_FRAMES.entry);
    this.#putString(name);
    this.#put(NAR_FRAMES.node);
    this.#expected = "node";
  }

  endEntry(): void {
    assert(this.#expected === "end-entry");
    this.#put(NAR_FRAMES.close);
    this.#expected = "entry";
  }

  endDirectory(): void {
    assert(this.#expected === "entry");
    this.#names.pop();
    this.#endNode();
  }

  /** Ends the NAR; everything has gone to the sink after it. */
  end(): void {
    assert(this.#expected === "end");
    this.#expected = "nothing";
    this.#flush();
    spare.push(this.#buffer);
  }

  #startNode(): void {
    assert(this.#expected === "node");
    if (this.#names.length >= NAR_DEPTH_MAX) throw pipeliteError("NAR_TOO_DEEP", { max: NAR_DEPTH_MAX });
  }

  #endNode(): void {
    this.#put(NAR_FRAMES.close);
    this.#expected = this.#names.length === 0 ? "end" : "end-entry";
  }

  #take(size: number): void {
    assert(this.#expected === "content");
    if (size > this.#fileLeft) this.#refuseSize(this.#fileSize - this.#fileLeft + size);
    this.#fileLeft -= size;
  }

  #refuseSize(actual: number): never {
    throw pipeliteError("NAR_SIZE_CHANGED", { wanted: this.#fileSize, actual });
  }

  #putSize(size: number): void {
    if (this.#filled + 8 > BUFFER_SIZE) this.#flush();
    this.#buffer.writeUInt32LE(size % 2 ** 32, this.#filled);
    this.#buffer.writeUInt32LE(Math.floor(size / 2 ** 32), this.#filled + 4);
    this.#filled += 8;
  }

  #putString(bytes: Uint8Array): void {
    this.#putSize(bytes.length);
    this.#put(bytes);
    this.#pad(bytes.length);
  }

  #pad(size: number): void {
    const padding = roundUp(size) - size;
    if (this.#filled + padding > BUFFER_SIZE) this.#flush();
    for (const end = this.#filled + padding; this.#filled < end; this.#filled += 1)
      this.#buffer[this.#filled] = 0;
  }

  #put(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > BUFFER_SIZE) this.#flush();
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#sink(this.#buffer.subarray(0, this.#filled));
    this.#flushedBytes += this.#filled;
    this.#filled = 0;
  }
}
