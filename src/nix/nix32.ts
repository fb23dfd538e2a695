// Nix's base 32: digits of five bits, the last digit of the text being the lowest bits of the first byte. The alphabet
// leaves out e, o, u and t. Specification: Nix manual, "Nix32 encoding".
import { pipeliteError } from "./errors.ts";

const ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";

/** Value 0..31 of each byte that is a nix32 digit, 255 of every other byte. */
export const NIX32_DIGITS: Uint8Array = (() => {
  const digits = new Uint8Array(256).fill(255);
  for (let value = 0; value < 32; value++) digits[ALPHABET.charCodeAt(value)] = value;
  return digits;
})();

/** Number of nix32 digits that hold this many bytes. */
export function nix32Length(sizeBytes: number): number {
  return Math.ceil((sizeBytes * 8) / 5);
}

export function encodeNix32(bytes: Uint8Array): string {
  let text = "";
  for (let index = nix32Length(bytes.length) - 1; index >= 0; index--) {
    const bit = index * 5;
    const byte = bit >> 3;
    const pair = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8);
    text += ALPHABET[(pair >> (bit & 7)) & 31];
  }
  return text;
}

/**
 * Strict: the length must be one that whole bytes give, and bits beyond the last byte must be zero (Nix's own decoder
 * lets some such texts pass), so that each value has one text.
 * @throws PipeliteError NIX32_INVALID
 */
export function decodeNix32(text: string): Uint8Array {
  const size = Math.floor((text.length * 5) / 8);
  if (nix32Length(size) !== text.length) {
    throw pipeliteError("NIX32_INVALID", {
      text,
      reason: `no bytes have ${text.length} digits`,
    });
  }
  const bytes = new Uint8Array(size + 1);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(text.length - 1 - index);
    const digit = code < 256 ? (NIX32_DIGITS[code] ?? 255) : 255;
    if (digit === 255) {
      const position = text.length - 1 - index;
      throw pipeliteError("NIX32_INVALID", {
        text,
        reason: `character ${position} is no digit`,
      });
    }
    const bit = index * 5;
    const byte = bit >> 3;
    const shifted = digit << (bit & 7);
    bytes[byte] = (bytes[byte] ?? 0) | (shifted & 255);
    if (shifted > 255) bytes[byte + 1] = (bytes[byte + 1] ?? 0) | (shifted >> 8);
  }
  if (bytes[size] !== 0) throw pipeliteError("NIX32_INVALID", { text, reason: "left-over bits are set" });
  return bytes.subarray(0, size);
}
