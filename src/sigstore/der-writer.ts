// Writing DER: what a timestamp is asked for with. The counterpart of der.ts.
import { TAG } from "./der.ts";

/** An element of these contents, one after the other. */
export function derOf(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length), bytes, content]);
}

export function sequenceOf(...contents: readonly Uint8Array[]): Buffer {
  return derOf(TAG.sequence, ...contents);
}

export function derOid(oid: string): Buffer {
  const [root = 0, first = 0, ...rest] = oid.split(".").map(Number);
  const bytes = [root * 40 + first, ...rest].flatMap((number) => {
    const groups = [number % 128];
    for (let high = Math.floor(number / 128); high > 0; high = Math.floor(high / 128))
      groups.unshift((high % 128) + 128);
    return groups;
  });
  return derOf(TAG.oid, Buffer.from(bytes));
}

/** A number that is not negative, from its bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return derOf(TAG.integer, ...((digits[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : []), digits);
}
