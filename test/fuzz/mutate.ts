// Inputs that grow out of others: bytes changed, pieces taken out, doubled, moved and mixed, words of the corpus and numbers at
// the edges put in.

/** 0 <= x < 1 */
export type Random = () => number;

/** Mulberry32: the same seed gives the same numbers. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = [
  "",
  "0",
  "-1",
  "-0",
  "1e400",
  "1e-400",
  "9007199254740993",
  "18446744073709551616",
  "4294967295",
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"__proto__"',
  '"constructor"',
  "\\u0000",
  "\\ud800",
  "\u202e",
  "..",
  "../",
  "\n",
  "\r\n",
  "\0",
  "\t",
  ",",
  ":",
  ";",
  "/",
  "=",
  "[[[[",
  "((((",
  '{"a":',
  "\ufeff",
  "\u00e9",
  "\u{10ffff}",
].map((word) => Buffer.from(word));

const NUMBERS = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff];

/** One input out of the corpus, changed one to eight times. */
export function mutate(corpus: readonly Uint8Array[], random: Random, sizeMax: number): Uint8Array {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const other = () => Buffer.from(corpus.length === 0 ? [] : pick(corpus));
  let input: Buffer = other();
  const steps = 1 + Math.floor(random() ** 2 * 8);
  for (let step = 0; step < steps; step++) {
    const from = Math.floor(random() * (input.length + 1));
    const to = Math.min(input.length, from + 1 + Math.floor(random() ** 3 * 64));
    const before = input.subarray(0, from);
    const middle = input.subarray(from, to);
    const after = input.subarray(to);
    const piece = sliceOf(other(), random);
    const change = pick([
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, middle, middle, after]),
      () =>
        Buffer.concat([
          before,
          ...Array.from({ length: 2 ** Math.floor(random() * 8) }, () => middle),
          after,
        ]),
      () => Buffer.concat([before, pick(WORDS), after]),
      () => Buffer.concat([before, pick(WORDS), middle, after]),
      () => Buffer.concat([before, piece, after]),
      () => Buffer.concat([before, piece, middle, after]),
      () => before,
      () => flipped(input, from, 1 << Math.floor(random() * 8)),
      () => flipped(input, from, Math.floor(random() * 256)),
      () => numbered(input, from, pick(NUMBERS), pick([1, 2, 4, 8])),
    ]);
    input = Buffer.from(change()).subarray(0, sizeMax);
  }
  return input;
}

function sliceOf(bytes: Buffer, random: Random): Buffer {
  const start = Math.floor(random() * (bytes.length + 1));
  return bytes.subarray(start, start + 1 + Math.floor(random() ** 2 * 64));
}

function flipped(input: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(input);
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

/** Little-endian, as the formats of Nix have it. */
function numbered(input: Buffer, at: number, value: number, size: number): Buffer {
  const copy = Buffer.from(input);
  for (let index = 0; index < size && at + index < copy.length; index++)
    copy[at + index] = index < 4 ? (value >>> (8 * index)) & 0xff : 0;
  return copy;
}
