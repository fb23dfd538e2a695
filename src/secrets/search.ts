// A search for secrets in a stream of bytes, however it is cut into pieces.
import { findNeedle, longestOf, unfinished, type Needle, type Needles } from "./needles.ts";

/** Fewer characters of base64 than these are in every text. */
const BASE64_TELLING = 4;

const PERCENT = 0x25;

export class SecretStream {
  readonly #needles: Needles;
  readonly #plain: View;
  readonly #percent: View;
  readonly #base64: View;
  /** Bytes that may belong to a secret that is not whole yet: they are not handed on before that is known. */
  #held: Buffer = Buffer.alloc(0);
  #found: string | undefined;

  constructor(needles: Needles) {
    this.#needles = needles;
    this.#plain = new View(needles.plain, (bytes) => bytes);
    this.#percent = new View(needles.percent, percentDecoder());
    this.#base64 = new View(needles.base64, base64Alone);
  }

  /** @returns the name of a secret that the stream holds by now */
  push(chunk: Uint8Array): string | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#found ??= this.#plain.push(bytes) ?? this.#percent.push(bytes) ?? this.#base64.push(bytes);
    return this.#found;
  }

  /** As `push`; also hands back what can be shown: nothing that belongs, or may come to belong, to a secret. */
  pass(chunk: Uint8Array): { found: string | undefined; safe: Buffer } {
    const found = this.push(chunk);
    if (found !== undefined) return { found, safe: Buffer.alloc(0) };
    const all = Buffer.concat([this.#held, chunk]);
    const kept = this.#unfinishedBytes(all);
    this.#held = all.subarray(all.length - kept);
    return { found, safe: all.subarray(0, all.length - kept) };
  }

  /** What was held back, at the end of the stream: it came to be no secret. */
  rest(): Buffer {
    return this.#found === undefined ? this.#held : Buffer.alloc(0);
  }

  #unfinishedBytes(all: Buffer): number {
    const { plain, percent, base64 } = this.#needles;
    const ofUrl = bytesOfUrl(all, unfinished(this.#percent.tail, percent));
    const ofBase64 = bytesOfBase64(all, unfinished(this.#base64.tail, base64, BASE64_TELLING));
    return Math.min(all.length, Math.max(unfinished(this.#plain.tail, plain), ofUrl, ofBase64));
  }
}

/** A stream as one encoding has it: what has passed may be the beginning of what comes. */
class View {
  readonly #needles: readonly Needle[];
  readonly #decode: (bytes: Buffer) => Buffer;
  readonly #tailBytes: number;
  tail: Buffer = Buffer.alloc(0);

  constructor(needles: readonly Needle[], decode: (bytes: Buffer) => Buffer) {
    this.#needles = needles;
    this.#decode = decode;
    this.#tailBytes = Math.max(0, longestOf(needles) - 1);
  }

  push(bytes: Buffer): string | undefined {
    const decoded = this.#decode(bytes);
    // Only what lies across the border is looked at with what came before: most of the bytes are not copied.
    const border = Buffer.concat([this.tail, decoded.subarray(0, this.#tailBytes)]);
    const found = findNeedle(border, this.#needles) ?? findNeedle(decoded, this.#needles);
    const end = decoded.length >= this.#tailBytes ? decoded : Buffer.concat([this.tail, decoded]);
    this.tail = Buffer.from(end.subarray(Math.max(0, end.length - this.#tailBytes)));
    return found;
  }
}

/** %41 -> A, also where it is cut; anything else as it is. */
function percentDecoder(): (bytes: Buffer) => Buffer {
  let cut: Buffer = Buffer.alloc(0);
  return (bytes) => {
    if (cut.length === 0 && !bytes.includes(PERCENT)) return bytes;
    const all = Buffer.concat([cut, bytes]);
    const whole = all.length - cutEscape(all);
    cut = Buffer.from(all.subarray(whole));
    const decoded = Buffer.alloc(whole);
    let size = 0;
    for (let at = 0; at < whole; at += 1) {
      const value = all[at] === PERCENT ? hexByte(all, at + 1) : undefined;
      decoded[size] = value ?? all[at] ?? 0;
      size += 1;
      if (value !== undefined) at += 2;
    }
    return decoded.subarray(0, size);
  };
}

/** How many bytes at the end may be a cut escape. */
function cutEscape(bytes: Buffer): number {
  if (bytes.at(-1) === PERCENT) return 1;
  return bytes.at(-2) === PERCENT && hexDigit(bytes.at(-1)) !== undefined ? 2 : 0;
}

function hexByte(bytes: Buffer, at: number): number | undefined {
  const [high, low] = [hexDigit(bytes[at]), hexDigit(bytes[at + 1])];
  return high === undefined || low === undefined ? undefined : 16 * high + low;
}

function hexDigit(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? undefined : digit;
}

const DROPPED = 0;
const IN_BASE64 = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/\s/.test(character)) return DROPPED;
  return character === "-" ? 0x2b : character === "_" ? 0x2f : byte;
});

function base64Alone(bytes: Buffer): Buffer {
  const alone = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = IN_BASE64[bytes[at] ?? 0] ?? 0;
    alone[size] = byte;
    if (byte !== DROPPED) size += 1;
  }
  return alone.subarray(0, size);
}

/** How many bytes at the end are so many characters of a URL, and an escape that is cut. */
function bytesOfUrl(bytes: Buffer, characters: number): number {
  let at = bytes.length - cutEscape(bytes);
  for (let left = characters; left > 0 && at > 0; left -= 1) {
    const isEscape = bytes[at - 3] === PERCENT && hexByte(bytes, at - 2) !== undefined;
    at -= isEscape ? 3 : 1;
  }
  return bytes.length - at;
}

/** How many bytes at the end hold so many characters that are no white space. */
function bytesOfBase64(bytes: Buffer, characters: number): number {
  let [at, left] = [bytes.length, characters];
  while (left > 0 && at > 0) {
    at -= 1;
    if (IN_BASE64[bytes[at] ?? 0] !== DROPPED) left -= 1;
  }
  return bytes.length - at;
}
