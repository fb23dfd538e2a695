// Huffman codes of limited length (package-merge: Larmore and Hirschberg, JACM 37, 1990) in deflate's
// canonical form.

interface Package {
  weight: number;
  symbols: number[];
}

/**
 * Optimal code lengths of at most `longest` bits; 0 for symbols that don't occur. A lone symbol gets one bit.
 */
export function codeLengths(counts: Int32Array, longest: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const leaves = [...counts.entries()]
    .filter(([, weight]) => weight > 0)
    .map(([symbol, weight]): Package => ({ weight, symbols: [symbol] }))
    .toSorted((a, b) => a.weight - b.weight);
  if (leaves.length > 2 ** longest)
    throw new RangeError(`Cannot code ${leaves.length} symbols in ${longest} bits`);
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) lengths[only.symbols[0] ?? 0] = 1;
  if (leaves.length < 2) return lengths;
  let packages: Package[] = leaves;
  for (let level = 1; level < longest; level++) {
    const pairs: Package[] = [];
    for (let index = 0; index + 1 < packages.length; index += 2) {
      const [a, b] = [packages[index], packages[index + 1]];
      if (a !== undefined && b !== undefined) {
        pairs.push({ weight: a.weight + b.weight, symbols: [...a.symbols, ...b.symbols] });
      }
    }
    packages = [...leaves, ...pairs].toSorted((a, b) => a.weight - b.weight);
  }
  for (const { symbols } of packages.slice(0, 2 * leaves.length - 2)) {
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1;
  }
  return lengths;
}

/** Canonical codes for these lengths, bits reversed as deflate sends them. */
export function canonicalCodes(lengths: Uint8Array): Int32Array {
  const codes = new Int32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      codes[symbol] = reverse(code, length);
      code++;
    }
    code <<= 1;
  }
  return codes;
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed = (reversed << 1) | ((code >> bit) & 1);
  return reversed;
}
