// SHA-256 (FIPS 180-4) for the few hundred bytes that a run without work has to hash: loading node:crypto takes longer
// than all the rest of such a run. Whatever is larger belongs to node:crypto.

const ROUNDS = 64;

/** The first 32 bits of the fractional parts of a root of the first primes (sections 4.2.2 and 5.3.3). */
function fractions(count: number, root: (prime: number) => number): Int32Array {
  const values = new Int32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate += 1) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate && isPrime; divisor += 1)
      isPrime = candidate % divisor !== 0;
    if (!isPrime) continue;
    const value = root(candidate);
    values[found] = Math.floor((value - Math.floor(value)) * 0x1_0000_0000);
    found += 1;
  }
  return values;
}

let constants: { start: Int32Array; round: Int32Array } | undefined;

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal digits. */
export function sha256OfShort(text: string): string {
  constants ??= { start: fractions(8, Math.sqrt), round: fractions(ROUNDS, Math.cbrt) };
  const bytes = Buffer.from(text);
  const length = (Math.floor((bytes.length + 8) / 64) + 1) * 64;
  const message = Buffer.alloc(length);
  message.set(bytes);
  message[bytes.length] = 0x80;
  message.writeUInt32BE(Math.floor(bytes.length / 0x2000_0000), length - 8);
  message.writeUInt32BE((bytes.length << 3) >>> 0, length - 4);
  const state = constants.start.slice();
  const words = new Int32Array(ROUNDS);
  for (let at = 0; at < length; at += 64) {
    for (let t = 0; t < 16; t += 1) words[t] = message.readInt32BE(at + 4 * t);
    addBlock(state, words, constants.round);
  }
  let hex = "";
  for (const word of state) hex += (word >>> 0).toString(16).padStart(8, "0");
  return hex;
}

/** Section 6.2.2, without a call or an allocation in the loops: this runs once, so nothing compiles it. */
function addBlock(state: Int32Array, words: Int32Array, round: Int32Array): void {
  for (let t = 16; t < ROUNDS; t += 1) {
    const x = words[t - 15] ?? 0;
    const y = words[t - 2] ?? 0;
    const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[t] = (words[t - 16] ?? 0) + low + (words[t - 7] ?? 0) + high;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < ROUNDS; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + s1 + ((e & f) ^ (~e & g)) + (round[t] ?? 0) + (words[t] ?? 0)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const ends = [a, b, c, d, e, f, g, h];
  for (let index = 0; index < 8; index += 1) state[index] = (state[index] ?? 0) + (ends[index] ?? 0);
}
