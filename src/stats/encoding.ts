// Text from bytes whose encoding is named, marked by a byte order mark, or cannot be another.

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "latin1"] as const;

export type Encoding = (typeof ENCODINGS)[number];

const MARKS: readonly (readonly [Encoding, readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** The longest text that there can be. */
const SIZE_MAX = 2 ** 29 - 24;

export interface Decoded {
  /** Without a byte order mark. */
  text: string;
  encoding: Encoding;
}

/**
 * Decodes text. Without a name and a mark it is UTF-8, or UTF-16 when every NUL byte stands where UTF-16 has the upper half
 * of an ASCII character.
 * @throws RangeError with what is wrong, as the end of a sentence about the file.
 */
export function decodeText(bytes: Uint8Array, named?: Encoding): Decoded {
  if (bytes.length > SIZE_MAX) throw new RangeError("it has more than 512 MiB");
  const encoding = named ?? encodingOf(bytes);
  try {
    // In the Encoding Standard latin1 is windows-1252, which has a character for every byte but five.
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return { text, encoding };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`it is no ${nameOf(encoding)}: name its encoding by --encoding`);
  }
  throw new RangeError("it holds NUL characters: name its encoding by --encoding, if it is text");
}

function nameOf(encoding: Encoding): string {
  return encoding === "latin1" ? "Latin-1" : encoding.toUpperCase();
}

function encodingOf(bytes: Uint8Array): Encoding {
  const marked = MARKS.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (marked !== undefined) return marked[0];
  const at = [0, 0];
  bytes.forEach((byte, index) => {
    if (byte === 0) at[index % 2] = (at[index % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = at;
  const isUsual = 4 * Math.max(even, odd) >= bytes.length;
  if (isUsual && odd > 0 && even === 0) return "utf-16le";
  if (isUsual && even > 0 && odd === 0) return "utf-16be";
  return "utf-8";
}
