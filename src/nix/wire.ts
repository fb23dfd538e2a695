// The wire of Nix's daemon: numbers of 64 bits, little-endian, and strings with their length before them and zeros up to a
// multiple of 8 behind. Specification: Nix manual, "Serialization"; `libutil/serialise.cc`.
import { asBuffer, fromByteString, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

/** A word of the protocol, or all of a list; a file goes as a NAR, not as a string. */
const STRING_MAX = 64 * 1024 * 1024;
const LIST_MAX = 1_000_000;
const UNIT = 8;

export class WireWriter {
  readonly #parts: Uint8Array[] = [];

  number(value: number): this {
    const bytes = Buffer.alloc(UNIT);
    bytes.writeBigUInt64LE(BigInt(value));
    this.#parts.push(bytes);
    return this;
  }

  boolean(value: boolean): this {
    return this.number(value ? 1 : 0);
  }

  /** A byte string. */
  string(text: string): this {
    const bytes = fromByteString(text);
    this.number(bytes.length);
    this.#parts.push(bytes, new Uint8Array((UNIT - (bytes.length % UNIT)) % UNIT));
    return this;
  }

  strings(texts: readonly string[]): this {
    this.number(texts.length);
    for (const text of texts) this.string(text);
    return this;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** Reads from chunks as they come. @throws PipeliteError WIRE_ENDED, WIRE_INVALID */
export class WireReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async number(): Promise<number> {
    const value = (await this.#take(UNIT)).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(`the number ${value} is too large`);
    return Number(value);
  }

  async boolean(): Promise<boolean> {
    return (await this.number()) !== 0;
  }

  async string(): Promise<string> {
    const size = await this.number();
    if (size > STRING_MAX) throw invalid(`a string of ${size} bytes is too long`);
    const padded = Math.ceil(size / UNIT) * UNIT;
    const bytes = await this.#take(padded);
    if (bytes.subarray(size).some((byte) => byte !== 0)) throw invalid("what follows a string is not zero");
    return toByteString(bytes.subarray(0, size));
  }

  async strings(): Promise<string[]> {
    const count = await this.count();
    const texts: string[] = [];
    let size = 0;
    for (let index = 0; index < count; index++) {
      const text = await this.string();
      size += text.length;
      if (size > STRING_MAX) throw invalid(`a list of more than ${STRING_MAX} bytes is too long`);
      texts.push(text);
    }
    return texts;
  }

  /** How many follow. */
  async count(): Promise<number> {
    const count = await this.number();
    if (count > LIST_MAX) throw invalid(`a list of ${count} is too long`);
    return count;
  }

  /** The next bytes, so many of them, as they come. */
  async *raw(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0;) {
      if (this.#held.length === 0) await this.#more();
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async #take(size: number): Promise<Buffer> {
    if (this.#held.length < size) {
      const parts = [this.#held];
      for (let have = this.#held.length; have < size;) {
        const next = await this.#next();
        parts.push(next);
        have += next.length;
      }
      this.#held = Buffer.concat(parts);
    }
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }

  async #more(): Promise<void> {
    this.#held = await this.#next();
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw pipeliteError("WIRE_ENDED");
    return asBuffer(value);
  }
}

function invalid(problem: string) {
  return pipeliteError("WIRE_INVALID", { problem });
}
