// Finds which store paths a stream of bytes mentions: every run of 32 nix32 digits that equals the hash part of a
// candidate, as Nix does. Names, slashes and compression are not looked at.
// It runs over every byte of every output, so it skips (Wu and Manber's form of Boyer and Moore's search): it looks at
// the last four bytes of a window of 32. A byte that is no digit ends every window it lies in; four digits that stand
// in no candidate do the same; otherwise the window moves on to where a candidate has them.
import { compareByteStrings, toByteString } from "#base/bytes.ts";
import { NIX32_DIGITS } from "./nix32.ts";
import { STORE_HASH_LENGTH as WINDOW, storePathHash, type StorePath } from "./store-path.ts";

/** Digits looked at together. */
const GRAM = 4;
/** The table of shifts has about this many entries for each that is set, within these powers of two. */
const SPARSITY = 16;
const TABLE_BITS_MIN = 12;
const TABLE_BITS_MAX = 5 * GRAM;

export class ReferenceScanner {
  readonly #missing = new Map<string, StorePath>();
  readonly #found: StorePath[] = [];
  /** For each four digits, masked: how far a window that ends in them can move on without passing by a candidate. */
  readonly #shifts: Uint8Array;
  readonly #mask: number;
  /** The last bytes seen, at most WINDOW - 1, and room for as many that follow them. */
  readonly #seam = new Uint8Array(2 * (WINDOW - 1));
  #tailSize = 0;

  constructor(candidates: Iterable<StorePath>) {
    for (const path of candidates) this.#missing.set(storePathHash(path), path);
    const entries = this.#missing.size * (WINDOW - GRAM + 1) * SPARSITY;
    const bits = Math.min(TABLE_BITS_MAX, Math.max(TABLE_BITS_MIN, Math.ceil(Math.log2(entries))));
    this.#mask = 2 ** bits - 1;
    this.#shifts = new Uint8Array(2 ** bits).fill(WINDOW - GRAM + 1);
    for (const digits of this.#missing.keys()) this.#setShifts(digits);
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

  #setShifts(candidate: string): void {
    let gram = 0;
    for (let at = 0; at < WINDOW; at++) {
      gram = ((gram << 5) | (NIX32_DIGITS[candidate.charCodeAt(at)] ?? 0)) & (2 ** (5 * GRAM) - 1);
      const shift = WINDOW - 1 - at;
      const slot = gram & this.#mask;
      if (at >= GRAM - 1 && shift < (this.#shifts[slot] ?? 0)) this.#shifts[slot] = shift;
    }
  }

  #scan(bytes: Uint8Array, size: number): void {
    const digits = NIX32_DIGITS;
    const shifts = this.#shifts;
    const mask = this.#mask;
    // `end` is the last byte of the window. Indexes are in range by the loop, hence no checks in it.
    for (let end = WINDOW - 1; end < size;) {
      const last = digits[bytes[end] as number] as number;
      if (last === 255) {
        end += WINDOW;
        continue;
      }
      const third = digits[bytes[end - 1] as number] as number;
      if (third === 255) {
        end += WINDOW - 1;
        continue;
      }
      const second = digits[bytes[end - 2] as number] as number;
      if (second === 255) {
        end += WINDOW - 2;
        continue;
      }
      const first = digits[bytes[end - 3] as number] as number;
      if (first === 255) {
        end += WINDOW - 3;
        continue;
      }
      const shift = shifts[((first << 15) | (second << 10) | (third << 5) | last) & mask] as number;
      if (shift === 0) this.#look(bytes, end);
      end += shift === 0 ? 1 : shift;
    }
  }

  #look(bytes: Uint8Array, end: number): void {
    const window = toByteString(bytes.subarray(end - WINDOW + 1, end + 1));
    const path = this.#missing.get(window);
    if (path === undefined) return;
    this.#found.push(path);
    this.#missing.delete(window);
  }
}
