// Bytes and byte strings. Nix's strings are bytes; where one is held as a JavaScript string, each character is one byte
// (a "byte string"), so that nothing is lost or re-encoded on the way.

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes -> byte string: one character a byte. */
export function toByteString(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("latin1");
}

/** Byte string -> bytes. */
export function fromByteString(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Text -> byte string of its UTF-8 form. */
export function byteStringOf(text: string): string {
  return BEYOND_ASCII.test(text) ? toByteString(utf8(text)) : text;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

export function isAscii(text: string): boolean {
  return !BEYOND_ASCII.test(text);
}

/** Byte string of UTF-8 -> text. Bytes that are not UTF-8 become U+FFFD: for showing, not for hashing. */
export function textOf(byteString: string): string {
  return Buffer.from(byteString, "latin1").toString("utf8");
}

/** Orders byte strings by their bytes. Also right for ASCII text. */
export function compareByteStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("hex");
}

/** Other bytes in a place of a file. */
export interface Edit {
  at: number;
  bytes: Uint8Array;
}

/** Makes the edits that touch a piece of a file, in their order. @param start where the piece begins in the file */
export function applyEdits(piece: Uint8Array, start: number, edits: readonly Edit[]): void {
  for (const { at, bytes } of edits) {
    const [from, to] = [Math.max(at, start), Math.min(at + bytes.length, start + piece.length)];
    if (from < to) piece.set(bytes.subarray(from - at, to - at), from - start);
  }
}
