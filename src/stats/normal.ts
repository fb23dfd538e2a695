// The error function and the normal distribution, to a few units of the last place in both tails.

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** Step of the trapezoidal rule below; its error is exp(-pi^2 / STEP^2) = 7e-18. */
const STEP = 0.5;
const WEIGHTS = Array.from({ length: 13 }, (_, index) => Math.exp(-(((index + 1) * STEP) ** 2)));

/** exp(-x^2) without the rounding error of x^2, by splitting x. */
function expOfMinusSquare(x: number, scale: number): number {
  // Below the smallest number; further out the second factor would overflow.
  if (Math.abs(x) > 40) return 0;
  const high = Math.fround(x);
  return Math.exp(-scale * high * high) * Math.exp(-scale * (x - high) * (x + high));
}

/**
 * exp(x^2) erfc(x) for x >= 1.
 * Source: Matta and Reichel, "Uniform computation of the error function", Math. Comp. 25 (1971): the trapezoidal rule on
 * erfc's integral, with the residue of its pole taken out.
 */
function scaledErfc(x: number): number {
  let sum = 1 / (2 * x * x);
  WEIGHTS.forEach((weight, index) => {
    const node = (index + 1) * STEP;
    sum += weight / (node * node + x * x);
  });
  const pole = x < Math.PI / STEP ? (2 * Math.exp(x * x)) / Math.expm1((2 * Math.PI * x) / STEP) : 0;
  return (2 * STEP * x * sum) / Math.PI - pole;
}

/** The series of erf (Abramowitz and Stegun 7.1.6), for |x| < 1: all its terms are of one sign. */
function erfSeries(x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x) * sum;
}

/** erfc(x) = 2 / sqrt(pi) * integral of exp(-t^2) from x to infinity. */
export function erfc(x: number): number {
  if (x < -1) return 2 - erfc(-x);
  if (x < 1) return 1 - erfSeries(x);
  return expOfMinusSquare(x, 1) * scaledErfc(x);
}

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return expOfMinusSquare(z, 0.5) / SQRT_2PI;
}

/** P(Z <= z) of the standard normal distribution; exact to its last digits also where it is tiny. */
export function normalLower(z: number): number {
  return normalUpper(-z);
}

/** P(Z > z) of the standard normal distribution. */
export function normalUpper(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  if (z > 40) return 0;
  if (z < -Math.SQRT2) return 1 - normalUpper(-z);
  if (z < Math.SQRT2) return 0.5 - 0.5 * erfSeries(z / Math.SQRT2);
  return 0.5 * expOfMinusSquare(z, 0.5) * scaledErfc(z / Math.SQRT2);
}

/** ln P(Z <= z). */
export function logNormalLower(z: number): number {
  if (z > 1) return Math.log1p(-normalUpper(z));
  if (z > -35) return Math.log(normalLower(z));
  return -0.5 * z * z + Math.log(0.5 * scaledErfc(-z / Math.SQRT2));
}

/**
 * z with P(Z <= z) = p, 0 < p < 1 (-Infinity at 0, Infinity at 1).
 * Start: Abramowitz and Stegun 26.2.23; then Halley's iteration on the tail itself.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  const centre = p - 0.5;
  if (Math.abs(centre) < 0.2) {
    return polish(centre * SQRT_2PI, (z) => 0.5 * erfSeries(z / Math.SQRT2) - centre, 6);
  }
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  const start =
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  return polish(start, (z) => normalLower(z) - p, 3);
}

/** Halley's iteration for a root of `excess`, whose derivative is the normal density. */
function polish(start: number, excess: (z: number) => number, steps: number): number {
  let z = start;
  for (let step = 0; step < steps; step += 1) {
    const newton = excess(z) / normalDensity(z);
    z -= newton / (1 + (z * newton) / 2);
  }
  return z;
}
