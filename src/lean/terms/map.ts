// Maps from one or two whole numbers to one: open addressing in one typed array, emptied for each declaration.
const SIZE_MIN = 128;
/** What is larger is not kept for the next declaration. */
const SIZE_KEPT = 4096;

/** Where nothing is known. */
export const NONE = -1;

function mix(a: number, b: number): number {
  const h = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b + 0x61c88647, 0xc2b2ae35);
  return Math.imul(h ^ (h >>> 15), 0x9e3779b1) >>> 3;
}

/** From two numbers from 0 to one from 0. */
export class PairMap {
  // Three words an entry: first key + 1 (0: empty), second key, value.
  #words = new Int32Array(SIZE_MIN * 3);
  #mask = SIZE_MIN - 1;
  size = 0;

  /** Bytes in use. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  get(a: number, b: number): number {
    const words = this.#words;
    const mask = this.#mask;
    const key = a + 1;
    for (let slot = mix(a, b) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 3;
      const found = words[at]!;
      if (found === 0) return NONE;
      if (found === key && words[at + 1] === b) return words[at + 2]!;
    }
  }

  /** The pair must be new or have this value. */
  set(a: number, b: number, value: number): void {
    if (this.size * 2 > this.#mask) this.#grow();
    const words = this.#words;
    const mask = this.#mask;
    const key = a + 1;
    for (let slot = mix(a, b) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 3;
      const found = words[at]!;
      if (found === 0) {
        words[at] = key;
        words[at + 1] = b;
        words[at + 2] = value;
        this.size++;
        return;
      }
      if (found === key && words[at + 1] === b) {
        words[at + 2] = value;
        return;
      }
    }
  }

  clear(): void {
    if (this.size === 0) return;
    this.size = 0;
    if (this.#mask < SIZE_KEPT) this.#words.fill(0);
    else {
      this.#words = new Int32Array(SIZE_MIN * 3);
      this.#mask = SIZE_MIN - 1;
    }
  }

  #grow(): void {
    const old = this.#words;
    const count = (this.#mask + 1) * 4;
    this.#words = new Int32Array(count * 3);
    this.#mask = count - 1;
    this.size = 0;
    for (let at = 0; at < old.length; at += 3)
      if (old[at] !== 0) this.set(old[at]! - 1, old[at + 1]!, old[at + 2]!);
  }
}

/** From a number from 0 to one from 0. */
export class NumberMap {
  // Two words an entry: key + 1 (0: empty), value.
  #words = new Int32Array(SIZE_MIN * 2);
  #mask = SIZE_MIN - 1;
  size = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  get(key: number): number {
    const words = this.#words;
    const mask = this.#mask;
    for (let slot = mix(key, 0) & mask; ; slot = (slot + 1) & mask) {
      const found = words[slot << 1]!;
      if (found === 0) return NONE;
      if (found === key + 1) return words[(slot << 1) + 1]!;
    }
  }

  set(key: number, value: number): void {
    if (this.size * 2 > this.#mask) this.#grow();
    const words = this.#words;
    const mask = this.#mask;
    for (let slot = mix(key, 0) & mask; ; slot = (slot + 1) & mask) {
      const found = words[slot << 1]!;
      if (found !== 0 && found !== key + 1) continue;
      if (found === 0) this.size++;
      words[slot << 1] = key + 1;
      words[(slot << 1) + 1] = value;
      return;
    }
  }

  clear(): void {
    if (this.size === 0) return;
    this.size = 0;
    if (this.#mask < SIZE_KEPT) this.#words.fill(0);
    else {
      this.#words = new Int32Array(SIZE_MIN * 2);
      this.#mask = SIZE_MIN - 1;
    }
  }

  #grow(): void {
    const old = this.#words;
    const count = (this.#mask + 1) * 4;
    this.#words = new Int32Array(count * 2);
    this.#mask = count - 1;
    this.size = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.set(old[at]! - 1, old[at + 1]!);
  }
}
