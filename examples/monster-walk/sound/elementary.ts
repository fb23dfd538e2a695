// Sine, cosine and logarithm from additions, multiplications and divisions alone. ECMAScript leaves the accuracy of
// Math.sin, Math.cos and Math.log2 to the implementation; these give the same double on every host.

const HALF_PI = Math.PI / 2;

/** cos and sin of an angle given in turns. Error below 4e-16 for angles within a turn. */
export function cosSinOfTurns(turns: number): { cos: number; sin: number } {
  const quarters = Math.round(4 * turns);
  const x = (4 * turns - quarters) * HALF_PI;
  const square = x * x;
  const sin = x * series(square, 3);
  const cos = series(square, 2);
  switch (((quarters % 4) + 4) % 4) {
    case 0:
      return { cos, sin };
    case 1:
      return { cos: -sin, sin: cos };
    case 2:
      return { cos: -cos, sin: -sin };
    default:
      return { cos: sin, sin: -cos };
  }
}

/** 1 - s/(f(f-1)) (1 - s/((f+2)(f+1)) (...)): the Taylor series of cos (first = 2) or sin(x)/x (first = 3), |x| <= pi/4. */
function series(square: number, first: number): number {
  let value = 1;
  for (let k = first + 16; k >= first; k -= 2) value = 1 - (square / (k * (k - 1))) * value;
  return value;
}

/** Natural logarithm of x > 0, to about 1 part in 10^15. */
export function naturalLogarithm(x: number): number {
  if (!(x > 0) || !Number.isFinite(x)) throw new RangeError(`Cannot take the logarithm of ${x}`);
  let exponent = 0;
  let mantissa = x;
  while (mantissa > Math.SQRT2) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  while (mantissa < Math.SQRT1_2) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  return exponent * Math.LN2 + 2 * artanh((mantissa - 1) / (mantissa + 1));
}

/** 10 log10(x). */
export function decibels(powerRatio: number): number {
  return (10 * naturalLogarithm(powerRatio)) / Math.LN10;
}

/** artanh(z) for |z| <= 0.1716: 20 terms leave less than 1e-31. */
function artanh(z: number): number {
  const square = z * z;
  let sum = 0;
  for (let k = 39; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return z * sum;
}

/** The interval from `nominal` to `found` in cents: 1200 log2(found / nominal). */
export function cents(found: number, nominal: number): number {
  // artanh of (a-b)/(a+b) keeps all digits of a small interval, where log(a/b) would lose them
  const ratio = found / nominal;
  if (ratio > 0.75 && ratio < 1.33)
    return (1200 * 2 * artanh((found - nominal) / (found + nominal))) / Math.LN2;
  return (1200 * naturalLogarithm(ratio)) / Math.LN2;
}
