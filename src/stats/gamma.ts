// The gamma and beta functions behind the chi-square, t and F distributions. Probabilities of single terms follow
// C. Loader, "Fast and accurate computation of binomial probabilities" (2000): by deviances, not by differences of
// logarithms, so that no digits are lost at large arguments. Sums are a power series or a continued fraction (modified
// Lentz), whichever side of the mean makes all terms positive.

const MAX_TERMS = 1_000_000;
const TINY = 1e-300;
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** Coefficients of Stirling's series of ln gamma: B(2k) / (2k (2k - 1)). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400];

function stirlingSeries(x: number): number {
  const inverse = 1 / (x * x);
  return STIRLING.reduceRight((sum, coefficient) => sum * inverse + coefficient, 0) / x;
}

/** Natural logarithm of gamma(x), x > 0; absolute error near 1e-15 for small x, relative for large. */
export function logGamma(x: number): number {
  let product = 1;
  let shifted = x;
  while (shifted < 12) {
    product *= shifted;
    shifted += 1;
  }
  const large = (shifted - 0.5) * Math.log(shifted) - shifted + LOG_SQRT_2PI + stirlingSeries(shifted);
  return large - Math.log(product);
}

/** gamma(x + 1/2) / gamma(x), x > 0, to a few units of the last place. */
export function gammaHalfRatio(x: number): number {
  let factor = 1;
  let shifted = x;
  while (shifted < 60) {
    factor *= shifted / (shifted + 0.5);
    shifted += 1;
  }
  const u = 1 / shifted;
  // Asymptotic series in 1/x (Tricomi and Erdelyi 1951).
  const series =
    1 +
    u *
      (-1 / 8 +
        u * (1 / 128 + u * (5 / 1024 + u * (-21 / 32_768 + u * (-399 / 262_144 + u * (869 / 4_194_304))))));
  return factor * Math.sqrt(shifted) * series;
}

/** ln gamma(x + 1) - (x ln x - x + ln(2 pi x) / 2): what Stirling's formula lacks. */
function stirlingError(x: number): number {
  if (x >= 12) return stirlingSeries(x);
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - LOG_SQRT_2PI;
}

/** x ln(x / m) + m - x, exact also where x is near m. */
function deviance(x: number, m: number): number {
  const difference = x - m;
  if (Math.abs(difference) < 0.1 * (x + m)) {
    const v = difference / (x + m);
    let sum = difference * v;
    let term = 2 * x * v;
    for (let k = 1; k < 1000; k += 1) {
      term *= v * v;
      const next = sum + term / (2 * k + 1);
      if (next === sum) break;
      sum = next;
    }
    return sum;
  }
  return x * Math.log(x / m) + m - x;
}

/** m^x e^-m / gamma(x + 1), x >= 0, m >= 0. */
export function poissonTerm(x: number, m: number): number {
  if (m === 0) return x === 0 ? 1 : 0;
  if (x === 0) return Math.exp(-m);
  if (x < 1e-3) return Math.exp(x * Math.log(m) - m - logGamma(x + 1));
  return Math.exp(-stirlingError(x) - deviance(x, m)) / Math.sqrt(2 * Math.PI * x);
}

/** Both tails of a distribution at a point; the smaller one is exact to its last digits. */
export interface Tails {
  lower: number;
  upper: number;
}

/**
 * Regularised incomplete gamma functions P(a, x) and Q(a, x), a > 0.
 * Source: Abramowitz and Stegun 6.5.29 (series), 6.5.31 (continued fraction).
 */
export function incompleteGamma(a: number, x: number): Tails {
  if (!(x > 0)) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const term = poissonTerm(a, x);
  if (x < a + 1) {
    let sum = 1;
    let part = 1;
    for (let n = 1; n < MAX_TERMS && part > sum * 1e-17; n += 1) {
      part *= x / (a + n);
      sum += part;
    }
    const lower = Math.min(1, term * sum);
    return { lower, upper: 1 - lower };
  }
  // Q = term * a / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))
  const fraction = lentz(x + 1 - a, (n) => ({ numerator: -n * (n - a), denominator: x + 2 * n + 1 - a }));
  const upper = Math.min(1, (term * a) / fraction);
  return { lower: 1 - upper, upper };
}

/** first + n1 / (d1 + n2 / (d2 + ...)) by the modified Lentz method. */
function lentz(first: number, level: (n: number) => { numerator: number; denominator: number }): number {
  let value = first === 0 ? TINY : first;
  let c = value;
  let d = 0;
  for (let n = 1; n < MAX_TERMS; n += 1) {
    const { numerator, denominator } = level(n);
    d = denominator + numerator * d;
    c = denominator + numerator / c;
    if (d === 0) d = TINY;
    if (c === 0) c = TINY;
    d = 1 / d;
    const change = c * d;
    value *= change;
    if (Math.abs(change - 1) < 2e-16) break;
  }
  return value;
}

/** gamma(a + b + 1) / (gamma(a + 1) gamma(b + 1)) x^a y^b with y = 1 - x. */
function binomialTerm(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  if (a < 1e-3 || b < 1e-3) {
    return Math.exp(logGamma(n + 1) - logGamma(a + 1) - logGamma(b + 1) + a * Math.log(x) + b * Math.log(y));
  }
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y);
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * a * b));
}

/**
 * Regularised incomplete beta function I_x(a, b) and its complement, a, b > 0.
 * @param y 1 - x, given so that neither loses digits.
 * Source: Abramowitz and Stegun 26.5.8 (continued fraction).
 */
export function incompleteBeta(a: number, b: number, x: number, y: number): Tails {
  if (!(x > 0)) return { lower: 0, upper: 1 };
  if (!(y > 0)) return { lower: 1, upper: 0 };
  // Turned around at most once: at the border itself, rounding may put both sides beyond it.
  if (x > (a + 1) / (a + b + 2)) {
    const upper = betaFraction(b, a, y, x);
    return { lower: 1 - upper, upper };
  }
  const lower = betaFraction(a, b, x, y);
  return { lower, upper: 1 - lower };
}

/** I(x; a, b) for x up to its mean or so, by the continued fraction. */
function betaFraction(a: number, b: number, x: number, y: number): number {
  const fraction = lentz(1, (n) => {
    const m = Math.floor(n / 2);
    const numerator =
      n % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return { numerator, denominator: 1 };
  });
  return Math.min(1, ((b / (a + b)) * binomialTerm(a, b, x, y)) / fraction);
}
