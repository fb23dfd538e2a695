// Deflate with fixed rules, so that the same pixels give the same bytes. zlib's output is no such thing: it
// differs between zlib versions and, in Node's build of it, between processors. One block with its own
// Huffman codes; matches are found through chains of earlier places with the same three bytes.
// Specification: RFC 1951 (deflate), RFC 1950 (zlib).
import { codeLengths, canonicalCodes } from "./huffman.ts";

const MATCH_MIN = 3;
const MATCH_MAX = 258;
const WINDOW = 32_768;
const CHAIN_MAX = 24;
const HASH_BITS = 15;
const BLOCK_TOKENS = 100_000;
const END_OF_BLOCK = 256;
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A zlib stream (RFC 1950) of `data`. */
export function writeZlib(data: Uint8Array): Uint8Array {
  const bits = new BitSink();
  bits.put(0x78, 8);
  bits.put(0x9c, 8);
  const tokens = findMatches(data);
  for (let start = 0; ; start += BLOCK_TOKENS) {
    const isLast = start + BLOCK_TOKENS >= tokens.length;
    writeBlock(bits, tokens.subarray(start, start + BLOCK_TOKENS), isLast);
    if (isLast) break;
  }
  bits.align();
  const sum = adler32(data);
  for (const shift of [24, 16, 8, 0]) bits.put((sum >>> shift) & 0xff, 8);
  return bits.bytes();
}

/** So many bytes can be summed before the sums must be reduced to stay exact. */
const ADLER_RUN = 5552;

export function adler32(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < data.length; start += ADLER_RUN) {
    const end = Math.min(data.length, start + ADLER_RUN);
    for (let at = start; at < end; at++) {
      a += data[at] ?? 0;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return ((b << 16) | a) >>> 0;
}

/** A token is a literal byte, or 2^24 * length + distance for a match (length >= 3). */
function findMatches(data: Uint8Array): Float64Array {
  const tokens = new Float64Array(data.length);
  let count = 0;
  const heads = new Int32Array(1 << HASH_BITS).fill(-1);
  const earlier = new Int32Array(data.length).fill(-1);
  const hashAt = (at: number): number =>
    Math.imul(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0), 0x9e37_79b1) >>>
    (32 - HASH_BITS);
  for (let at = 0; at < data.length;) {
    let length = 0;
    let distance = 0;
    if (at + MATCH_MIN <= data.length) {
      const most = Math.min(MATCH_MAX, data.length - at);
      let candidate = heads[hashAt(at)] ?? -1;
      for (let tries = 0; candidate >= 0 && at - candidate <= WINDOW && tries < CHAIN_MAX; tries++) {
        if (data[candidate + length] === data[at + length]) {
          let same = 0;
          while (same < most && data[candidate + same] === data[at + same]) same++;
          if (same > length) [length, distance] = [same, at - candidate];
          if (length === most) break;
        }
        candidate = earlier[candidate] ?? -1;
      }
    }
    const step = length >= MATCH_MIN ? length : 1;
    tokens[count++] = length >= MATCH_MIN ? length * 2 ** 24 + distance : (data[at] ?? 0);
    for (const end = at + step; at < end; at++) {
      if (at + MATCH_MIN > data.length) continue;
      const hash = hashAt(at);
      earlier[at] = heads[hash] ?? -1;
      heads[hash] = at;
    }
  }
  return tokens.subarray(0, count);
}

interface Parts {
  symbol: number;
  extraBits: number;
  extra: number;
}

function lengthParts(length: number): Parts {
  if (length === MATCH_MAX) return { symbol: 285, extraBits: 0, extra: 0 };
  const value = length - MATCH_MIN;
  if (value < 8) return { symbol: 257 + value, extraBits: 0, extra: 0 };
  const extraBits = 29 - Math.clz32(value);
  return {
    symbol: 257 + 4 * extraBits + (value >> extraBits),
    extraBits,
    extra: value & ((1 << extraBits) - 1),
  };
}

function distanceParts(distance: number): Parts {
  const value = distance - 1;
  if (value < 4) return { symbol: value, extraBits: 0, extra: 0 };
  const extraBits = 30 - Math.clz32(value);
  return { symbol: 2 * extraBits + (value >> extraBits), extraBits, extra: value & ((1 << extraBits) - 1) };
}

function splitToken(token: number): { length: number; distance: number } {
  return { length: Math.floor(token / 2 ** 24), distance: token % 2 ** 24 };
}

function writeBlock(bits: BitSink, tokens: Float64Array, isLast: boolean): void {
  const literalCounts = new Int32Array(286);
  const distanceCounts = new Int32Array(30);
  literalCounts[END_OF_BLOCK] = 1;
  for (const token of tokens) {
    const { length, distance } = splitToken(token);
    const literal = length === 0 ? distance : lengthParts(length).symbol;
    literalCounts[literal] = (literalCounts[literal] ?? 0) + 1;
    if (length === 0) continue;
    const { symbol } = distanceParts(distance);
    distanceCounts[symbol] = (distanceCounts[symbol] ?? 0) + 1;
  }
  const literalLengths = codeLengths(literalCounts, 15);
  const distanceLengths = codeLengths(distanceCounts, 15);
  bits.put(isLast ? 1 : 0, 1);
  bits.put(2, 2);
  writeCodeLengths(bits, literalLengths, distanceLengths);
  const literalCodes = canonicalCodes(literalLengths);
  const distanceCodes = canonicalCodes(distanceLengths);
  const put = (codes: Int32Array, lengths: Uint8Array, symbol: number): void =>
    bits.put(codes[symbol] ?? 0, lengths[symbol] ?? 0);
  for (const token of tokens) {
    const { length, distance } = splitToken(token);
    if (length === 0) {
      put(literalCodes, literalLengths, distance);
      continue;
    }
    const first = lengthParts(length);
    put(literalCodes, literalLengths, first.symbol);
    bits.put(first.extra, first.extraBits);
    const second = distanceParts(distance);
    put(distanceCodes, distanceLengths, second.symbol);
    bits.put(second.extra, second.extraBits);
  }
  put(literalCodes, literalLengths, END_OF_BLOCK);
}

/** The two sets of code lengths, themselves Huffman coded; runs are not used, every length is one symbol. */
function writeCodeLengths(bits: BitSink, literal: Uint8Array, distance: Uint8Array): void {
  const all = [...literal, ...distance];
  const counts = new Int32Array(19);
  for (const length of all) counts[length] = (counts[length] ?? 0) + 1;
  const lengths = codeLengths(counts, 7);
  const codes = canonicalCodes(lengths);
  bits.put(literal.length - 257, 5);
  bits.put(distance.length - 1, 5);
  bits.put(CODE_ORDER.length - 4, 4);
  for (const symbol of CODE_ORDER) bits.put(lengths[symbol] ?? 0, 3);
  for (const length of all) bits.put(codes[length] ?? 0, lengths[length] ?? 0);
}

class BitSink {
  #buffer = new Uint8Array(1 << 16);
  #length = 0;
  #held = 0;
  #count = 0;

  /** Appends `count` (at most 16) bits, the lowest first. */
  put(value: number, count: number): void {
    this.#held |= value << this.#count;
    this.#count += count;
    while (this.#count >= 8) {
      if (this.#length === this.#buffer.length) {
        const larger = new Uint8Array(2 * this.#length);
        larger.set(this.#buffer);
        this.#buffer = larger;
      }
      this.#buffer[this.#length++] = this.#held & 0xff;
      this.#held >>>= 8;
      this.#count -= 8;
    }
  }

  align(): void {
    if (this.#count > 0) this.put(0, 8 - this.#count);
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
