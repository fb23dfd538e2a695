// The constants of control charts, computed from their definitions for any subgroup size: c4 (mean of s / sigma), d2 and
// d3 (mean and standard deviation of range / sigma).
import { gammaHalfRatio } from "./gamma.ts";
import { normalDensity, normalLower, normalQuantile, normalUpper } from "./normal.ts";

/** E(s) / sigma for n normal values: sqrt(2 / (n - 1)) gamma(n / 2) / gamma((n - 1) / 2). */
export function c4(n: number): number {
  requireSize(n);
  return Math.sqrt(2 / (n - 1)) * gammaHalfRatio((n - 1) / 2);
}

const HALF_WIDTH = 10;

/** E(range) / sigma: the integral of 1 - F(x)^n - (1 - F(x))^n (Tippett 1925), by the trapezoidal rule. */
export function d2(n: number): number {
  requireSize(n);
  return remember(`d2 ${n}`, () => {
    const step = 0.05;
    let sum = 0;
    for (let x = 0; x < HALF_WIDTH; x += step) {
      const upper = normalUpper(x);
      sum += (x === 0 ? 1 : 2) * (-Math.expm1(n * Math.log1p(-upper)) - upper ** n);
    }
    return sum * step;
  });
}

/** sd(range) / sigma, from E(range^2): the integral of 2 w P(range > w). */
export function d3(n: number): number {
  requireSize(n);
  return remember(`d3 ${n}`, () => {
    // w = exp(u - exp(-u)) makes both ends fall off doubly exponentially (Takahasi and Mori 1974).
    // The distribution of the range narrows as n grows.
    const step = n <= 50 ? 0.06 : 0.02;
    let second = 0;
    for (let u = -4; u < 3.2; u += step) {
      const width = Math.exp(u - Math.exp(-u));
      second += 2 * width * (1 - rangeLower(width, n)) * width * (1 + Math.exp(-u));
    }
    return Math.sqrt(second * step - d2(n) ** 2);
  });
}

/** P(range <= w): the integral over the smallest value x of n phi(x) (F(x + w) - F(x))^(n-1). */
function rangeLower(width: number, n: number): number {
  const step = 0.1;
  let sum = 0;
  for (let x = -HALF_WIDTH; x <= HALF_WIDTH; x += step) {
    const inside = normalLower(x + width) - normalLower(x);
    sum += normalDensity(x) * inside ** (n - 1);
  }
  return Math.min(1, n * sum * step);
}

/** Median of |x1 - x2| / sigma, for sigma from the median moving range. */
export const MEDIAN_RANGE_OF_TWO = Math.SQRT2 * normalQuantile(0.75);

const known = new Map<string, number>();

function remember(key: string, compute: () => number): number {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}

function requireSize(n: number): void {
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`a subgroup must have at least 2 values, not ${n}`);
}
