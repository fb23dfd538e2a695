// Tests of what the indices take for granted: a normal distribution (Anderson-Darling, Shapiro-Wilk) and values that do
// not depend on the one before (lag-1 autocorrelation).
import { autocorrelationOf, deviationOf, meanOf, sortedOf, squaresOf, sumOf, unscaled } from "./moments.ts";
import { logNormalLower, normalQuantile, normalUpper } from "./normal.ts";

export interface TestResult {
  statistic: number;
  /** Probability of a statistic at least as extreme if the assumption holds. */
  p: number;
}

export interface AndersonDarling extends TestResult {
  /** A^2 corrected for the size: A^2 (1 + 0.75/n + 2.25/n^2). */
  adjusted: number;
}

/**
 * Anderson-Darling test of normality, mean and deviation estimated; undefined for fewer than 8 values or none that differ.
 * Source: D'Agostino and Stephens, "Goodness-of-Fit Techniques" (1986), table 4.9 (case 3).
 */
export function andersonDarling(values: readonly number[]): AndersonDarling | undefined {
  const n = values.length;
  const deviation = deviationOf(values);
  if (n < 8 || !(deviation > 0)) return undefined;
  const mean = meanOf(values);
  const scores = sortedOf(values).map((value) => (value - mean) / deviation);
  const terms = scores.map((score, index) => {
    const mirrored = scores[n - 1 - index] ?? 0;
    return (2 * index + 1) * (logNormalLower(score) + logNormalLower(-mirrored));
  });
  const statistic = -n - sumOf(terms) / n;
  const adjusted = statistic * (1 + 0.75 / n + 2.25 / (n * n));
  return { statistic, adjusted, p: andersonDarlingP(adjusted) };
}

function andersonDarlingP(a: number): number {
  // Beyond 10 the fitted polynomial would turn upwards.
  const x = Math.min(a, 10);
  if (x >= 0.6) return Math.exp(1.2937 - 5.709 * x + 0.0186 * x * x);
  if (x >= 0.34) return Math.exp(0.9177 - 4.279 * x - 1.38 * x * x);
  if (x >= 0.2) return 1 - Math.exp(-8.318 + 42.796 * x - 59.938 * x * x);
  return 1 - Math.exp(-13.436 + 101.14 * x - 223.73 * x * x);
}

/**
 * Shapiro-Wilk test of normality; undefined below 3 and above 5000 values, or when none differ.
 * Source: P. Royston, "A remark on algorithm AS 181", Applied Statistics 44 (1995), AS R94.
 */
export function shapiroWilk(given: readonly number[]): TestResult | undefined {
  const values = unscaled(given);
  const n = values.length;
  if (n < 3 || n > 5000 || !(deviationOf(values) > 0)) return undefined;
  const weights = shapiroWeights(n);
  const mean = meanOf(values);
  const centred = sortedOf(values).map((value) => value - mean);
  const weighted = sumOf(centred.map((each, index) => each * (weights[index] ?? 0)));
  // 1 - W as a product, so that it keeps its digits where W is nearly 1.
  const root = Math.sqrt(sumOf(weights.map((weight) => weight * weight)) * squaresOf(values));
  // Of values in even steps it is 0, and rounding may put it below.
  const complement = Math.max(0, ((root - weighted) * (root + weighted)) / (root * root));
  return { statistic: 1 - complement, p: shapiroP(complement, n) };
}

function shapiroWeights(n: number): number[] {
  if (n === 3) return [-Math.SQRT1_2, 0, Math.SQRT1_2];
  const scores = Array.from({ length: n }, (_, index) => normalQuantile((index + 1 - 0.375) / (n + 0.25)));
  const squares = sumOf(scores.map((score) => score * score));
  const [last = 0, second = 0] = [scores[n - 1], scores[n - 2]];
  const u = 1 / Math.sqrt(n);
  const outer =
    polynomial(u, 0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056) + last / Math.sqrt(squares);
  const hasSecond = n > 5;
  const next =
    polynomial(u, 0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633) + second / Math.sqrt(squares);
  const scale = hasSecond
    ? (squares - 2 * last * last - 2 * second * second) / (1 - 2 * outer * outer - 2 * next * next)
    : (squares - 2 * last * last) / (1 - 2 * outer * outer);
  return scores.map((score, index) => {
    const fromEnd = Math.min(index, n - 1 - index);
    const size =
      fromEnd === 0 ? outer : fromEnd === 1 && hasSecond ? next : Math.abs(score) / Math.sqrt(scale);
    return Math.sign(2 * index - (n - 1)) * size;
  });
}

function shapiroP(complement: number, n: number): number {
  if (n === 3) {
    const p = (6 / Math.PI) * (Math.asin(Math.sqrt(1 - complement)) - Math.asin(Math.sqrt(0.75)));
    return Math.max(0, p);
  }
  const y = Math.log(complement);
  if (n <= 11) {
    const limit = polynomial(n, -2.273, 0.459);
    if (y >= limit) return 1e-99;
    const mean = polynomial(n, 0.544, -0.39978, 0.025054, -6.714e-4);
    const deviation = Math.exp(polynomial(n, 1.3822, -0.77857, 0.062767, -0.0020322));
    return normalUpper((-Math.log(limit - y) - mean) / deviation);
  }
  const x = Math.log(n);
  const mean = polynomial(x, -1.5861, -0.31082, -0.083751, 0.0038915);
  const deviation = Math.exp(polynomial(x, -0.4803, -0.082676, 0.0030302));
  return normalUpper((y - mean) / deviation);
}

function polynomial(x: number, ...coefficients: number[]): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

export interface Independence {
  /** Lag-1 autocorrelation. */
  lag1: number;
  /** Independent values stay within -limit..limit in 1 - alpha of all series: z / sqrt(n). */
  limit: number;
  isIndependent: boolean;
}

/** Lag-1 autocorrelation against z(1 - alpha/2) / sqrt(n); undefined for fewer than 4 values or none that differ. */
export function testIndependence(values: readonly number[], alpha = 0.05): Independence | undefined {
  const lag1 = autocorrelationOf(values);
  if (values.length < 4 || !Number.isFinite(lag1)) return undefined;
  const limit = normalQuantile(1 - alpha / 2) / Math.sqrt(values.length);
  return { lag1, limit, isIndependent: Math.abs(lag1) <= limit };
}
