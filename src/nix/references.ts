// Finds which store paths a stream of bytes mentions: every run of 32 nix32 digits that equals the hash part of a
// candidate, as Nix does. Names, slashes and compression are not looked at.
// It runs over every byte of every output, so it skips: a byte that is no digit ends every window it lies in, hence the
// search looks at the last byte of a window first and, where that is no digit, moves on by a whole window.
import { compareByteStrings, toByteString } from "#base/bytes.ts";
import { NIX32_DIGITS } from "./nix32.ts";
import { STORE_HASH_LENGTH as WINDOW, storePathHash, type StorePath } from "./store-path.ts";

/** Digits by which windows are sieved before the costly look-up: four of them, 20 bits. */
const SIEVE_DIGITS = 4;
const SIEVE_MASK = (1 << (5 * SIEVE_DIGITS)) - 1;

export class ReferenceScanner {
  readonly #missing = new Map<string, StorePath>();
  readonly #found: StorePath[] = [];
  /** One bit for each ending of four digits, set where a candidate has it. */
  readonly #sieve = new Uint8Array((SIEVE_MASK + 1) >> 3);
  /** The last bytes seen, at most WINDOW - 1, and room for as many that follow them. */
  readonly #seam = new Uint8Array(2 * (WINDOW - 1));
  #tailSize = 0;

  constructor(candidates: Iterable<StorePath>) {
    for (const path of candidates) {
      const digits = storePathHash(path);
      this.#missing.set(digits, path);
      const ending = endingOf(digits);
      this.#sieve[ending >> 3] = (this.#sieve[ending >> 3] ?? 0) | (1 << (ending & 7));
    }
  }

  /** Takes the next bytes of the stream; they are not kept. */
  push(chunk: Uint8Array): void {
    if (this.#missing.size === 0 || chunk.length === 0) return;
    const seam = this.#seam;
    const headSize = Math.min(chunk.length, WINDOW - 1);
    if (this.#tailSize > 0) {
      seam.set(chunk.subarray(0, headSize), this.#tailSize);
      this.#scan(seam, this.#tailSize + headSize);
    }
    if (chunk.length >= WINDOW - 1) {
      if (chunk.length >= WINDOW) this.#scan(chunk, chunk.length);
      seam.set(chunk.subarray(chunk.length - (WINDOW - 1)));
      this.#tailSize = WINDOW - 1;
      return;
    }
    const filled = this.#tailSize + headSize;
    if (this.#tailSize === 0) seam.set(chunk);
    const excess = Math.max(0, filled - (WINDOW - 1));
    seam.copyWithin(0, excess, filled);
    this.#tailSize = filled - excess;
  }

  /** The candidates seen so far, sorted. */
  found(): StorePath[] {
    return this.#found.toSorted(compareByteStrings);
  }

  #scan(bytes: Uint8Array, size: number): void {
    const digits = NIX32_DIGITS;
    const sieve = this.#sieve;
    // `end` is the last byte of the window; bytes from `end - run` on are known to be digits.
    let end = WINDOW - 1;
    while (end < size) {
      let at = end;
      const start = end - WINDOW + 1;
      while (at >= start && digits[bytes[at] as number] !== 255) at--;
      if (at >= start) {
        end = at + WINDOW;
        continue;
      }
      end = this.#scanDigits(bytes, size, end, sieve, digits) + WINDOW;
    }
  }

  /** From a window that is all digits, goes on one byte at a time while they are; returns the byte that is none. */
  #scanDigits(
    bytes: Uint8Array,
    size: number,
    windowEnd: number,
    sieve: Uint8Array,
    digits: Uint8Array,
  ): number {
    let ending = 0;
    for (let at = windowEnd - SIEVE_DIGITS + 1; at < windowEnd; at++) {
      ending = (ending << 5) | (digits[bytes[at] as number] as number);
    }
    let end = windowEnd;
    for (; end < size; end++) {
      const digit = digits[bytes[end] as number] as number;
      if (digit === 255) break;
      ending = ((ending << 5) | digit) & SIEVE_MASK;
      if (((sieve[ending >> 3] as number) >> (ending & 7)) & 1) this.#look(bytes, end);
    }
    return end;
  }

  #look(bytes: Uint8Array, end: number): void {
    const window = toByteString(bytes.subarray(end - WINDOW + 1, end + 1));
    const path = this.#missing.get(window);
    if (path === undefined) return;
    this.#found.push(path);
    this.#missing.delete(window);
  }
}

function endingOf(digits: string): number {
  let ending = 0;
  for (let at = WINDOW - SIEVE_DIGITS; at < WINDOW; at++) {
    ending = (ending << 5) | (NIX32_DIGITS[digits.charCodeAt(at)] ?? 0);
  }
  return ending;
}
