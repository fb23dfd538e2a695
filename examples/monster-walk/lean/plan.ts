// The figures with which the theorem about all removals is proved. Nothing rests on them: with wrong ones the proof fails.

export interface Plan {
  readonly front: readonly bigint[];
  readonly back: readonly bigint[];
  /** Products of the back half get zeros up to this, products of the front half up to that. */
  readonly backMost: bigint;
  readonly frontMost: bigint;
  /** All products of the back half with their zeros, ascending. */
  readonly products: readonly bigint[];
  /** Zeros behind the order. */
  readonly zeros: number;
}

/** A plan for the products of `values`, which divide the order, and the digits `lead`. */
export function planHalves(values: readonly bigint[], order: bigint, lead: bigint): Plan {
  const [front, back] = [values.slice(0, (values.length + 1) >> 1), values.slice((values.length + 1) >> 1)];
  const backMost = 10n ** BigInt(productOf(back).toString().length) - 1n;
  const products = [...new Set(productsOf(back).map((product) => fill(product, backMost)))].toSorted((a, b) =>
    a < b ? -1 : 1,
  );
  const last = products.at(-1) ?? 1n;
  let zeros = 0;
  const frontMost = (): bigint => (order * 10n ** BigInt(zeros + 1)) / ((lead + 1n) * last);
  while (frontMost() < productOf(front)) zeros += 1;
  return { front, back, backMost, frontMost: frontMost(), products, zeros };
}

function productOf(values: readonly bigint[]): bigint {
  return values.reduce((product, value) => product * value, 1n);
}

function productsOf(values: readonly bigint[]): bigint[] {
  return values.reduce((products, value) => products.flatMap((one) => [one, one * value]), [1n]);
}

function fill(n: bigint, most: bigint): bigint {
  let filled = n;
  while (filled * 10n <= most) filled *= 10n;
  return filled;
}
