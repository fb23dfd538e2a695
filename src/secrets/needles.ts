// The forms in which a secret is looked for: as it is, as JSON writes it, URL-encoded, and in base64 in each of its three
// alignments, with either alphabet and however it is cut into lines. Encoded text is decoded as it passes, so that any
// mixture of encoded and plain characters is found.

/** Shorter ones would be found in what has nothing to do with them. */
export const SECRET_BYTES_MIN = 8;

export interface SecretValue {
  name: string;
  value: string;
}

/** A pattern of bytes, and whose it is. */
export interface Needle {
  name: string;
  bytes: Buffer;
}

/** What is looked for in each view of a stream. */
export interface Needles {
  plain: Needle[];
  /** In what is left when each %41 is an A. */
  percent: Needle[];
  /** In what is left when white space is dropped, with + and / for - and _. */
  base64: Needle[];
}

export function needlesOf(secrets: readonly SecretValue[]): Needles {
  return {
    plain: secrets.flatMap(({ name, value }) =>
      [...new Set([value, JSON.stringify(value).slice(1, -1)])].map((text) => needle(name, text)),
    ),
    percent: secrets.flatMap(({ name, value }) =>
      // A form has + for a space.
      [...new Set([value, value.replaceAll(" ", "+")])].map((text) => needle(name, text)),
    ),
    base64: secrets.flatMap(({ name, value }) =>
      [0, 1, 2].map((before) => needle(name, base64At(Buffer.from(value), before))),
    ),
  };
}

function needle(name: string, text: string): Needle {
  return { name, bytes: Buffer.from(text) };
}

/** The characters of base64 that depend on the secret alone, when it begins so many bytes behind a whole group. */
function base64At(secret: Buffer, before: number): string {
  const [BITS_OF_BYTE, BITS_OF_CHARACTER] = [8, 6];
  const all = Buffer.concat([Buffer.alloc(before), secret]);
  const from = Math.ceil((before * BITS_OF_BYTE) / BITS_OF_CHARACTER);
  const to = Math.floor((all.length * BITS_OF_BYTE) / BITS_OF_CHARACTER);
  return all.toString("base64").slice(from, to);
}

/** The name of a needle that is in the bytes. */
export function findNeedle(bytes: Buffer, needles: readonly Needle[]): string | undefined {
  return needles.find((each) => bytes.includes(each.bytes))?.name;
}

/** How many bytes at the end may be the beginning of a needle that is not whole yet; fewer than `least` are none. */
export function unfinished(bytes: Buffer, needles: readonly Needle[], least = 1): number {
  const longest = Math.min(bytes.length, longestOf(needles) - 1);
  for (let count = longest; count >= least; count -= 1) {
    const tail = bytes.subarray(bytes.length - count);
    const isBeginning = needles.some(
      (each) => each.bytes.length > count && tail.equals(each.bytes.subarray(0, count)),
    );
    if (isBeginning) return count;
  }
  return 0;
}

export function longestOf(needles: readonly Needle[]): number {
  return needles.reduce((longest, { bytes }) => Math.max(longest, bytes.length), 0);
}
