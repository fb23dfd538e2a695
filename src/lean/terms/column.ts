// A growing row of 32-bit words, or of bytes, in memory that threads can share.
const WORDS_MIN = 1 << 10;

export class Column {
  words: Int32Array;
  octets: Uint8Array;
  /** For the owner's use: how much is filled. */
  used: number;

  constructor(shared?: { readonly buffer: SharedArrayBuffer; readonly used: number }) {
    const buffer = shared?.buffer ?? new SharedArrayBuffer(WORDS_MIN * 4);
    this.words = new Int32Array(buffer);
    this.octets = new Uint8Array(buffer);
    this.used = shared?.used ?? 0;
  }

  get shared(): { readonly buffer: SharedArrayBuffer; readonly used: number } {
    return { buffer: this.words.buffer as SharedArrayBuffer, used: this.used };
  }

  get byteLength(): number {
    return this.octets.length;
  }

  /** Makes room for so many words; new ones are 0. */
  ensure(words: number): void {
    if (words > this.words.length) this.#grow(words * 4);
  }

  ensureBytes(bytes: number): void {
    if (bytes > this.octets.length) this.#grow(bytes);
  }

  /** Memory that is not touched costs nothing, so that doubling is cheap. */
  #grow(bytes: number): void {
    let size = this.octets.length * 2;
    while (size < bytes) size *= 2;
    const { words } = this;
    const buffer = new SharedArrayBuffer(size);
    this.words = new Int32Array(buffer);
    this.octets = new Uint8Array(buffer);
    this.words.set(words);
  }
}
