// Chi-square, Student's t, F and noncentral t: tails and quantiles. Every probability is asked for by its tail, because
// one minus a tiny probability has forgotten it.
import { incompleteBeta, incompleteGamma, poissonTerm, type Tails } from "./gamma.ts";
import { logNormalLower, normalQuantile } from "./normal.ts";
import { findRoot } from "./root.ts";

export type Tail = "lower" | "upper";

/** P(X <= x) and P(X > x) of chi-square: P(df/2, x/2) and Q(df/2, x/2). Abramowitz and Stegun 26.4.19. */
export function chiSquareTails(x: number, df: number): Tails {
  return incompleteGamma(df / 2, x / 2);
}

/** x with P(X <= x) = p, or P(X > x) = p for the upper tail. */
export function chiSquareQuantile(p: number, df: number, tail: Tail = "lower"): number {
  return positiveQuantile(p, tail, df, (x) => chiSquareTails(x, df));
}

/** Both tails of Student's t: I(df / (df + t^2); df/2, 1/2) / 2 beyond |t|. Abramowitz and Stegun 26.7.1. */
export function studentTails(t: number, df: number): Tails {
  const square = t * t;
  const { lower } = incompleteBeta(df / 2, 0.5, 1 / (1 + square / df), square / df / (1 + square / df));
  const beyond = lower / 2;
  return t > 0 ? { lower: 1 - beyond, upper: beyond } : { lower: beyond, upper: 1 - beyond };
}

export function studentQuantile(p: number, df: number, tail: Tail = "lower"): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (tail === "upper") return -studentQuantile(p, df);
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentQuantile(1 - p, df);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  return -positiveQuantile(p, "upper", 1, (t) => studentTails(t, df));
}

/** Both tails of F with d1 and d2 degrees of freedom. Abramowitz and Stegun 26.6.2. */
export function fisherTails(f: number, d1: number, d2: number): Tails {
  if (!(f > 0)) return { lower: 0, upper: 1 };
  const ratio = (d1 * f) / d2;
  const { lower, upper } = incompleteBeta(d2 / 2, d1 / 2, 1 / (1 + ratio), ratio / (1 + ratio));
  return { lower: upper, upper: lower };
}

export function fisherQuantile(p: number, d1: number, d2: number, tail: Tail = "lower"): number {
  return positiveQuantile(p, tail, 1, (f) => fisherTails(f, d1, d2));
}

/** The quantile of a distribution on (0, infinity), by the tail that is the smaller one. */
function positiveQuantile(p: number, tail: Tail, start: number, tails: (x: number) => Tails): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0) return tail === "lower" ? 0 : Number.POSITIVE_INFINITY;
  if (p === 1) return tail === "lower" ? Number.POSITIVE_INFINITY : 0;
  if (p > 0.5) return positiveQuantile(1 - p, tail === "lower" ? "upper" : "lower", start, tails);
  // The logarithm of a tail is nearly straight, its own value is not. As a function of ln x no quantile is too near 0.
  const target = Math.log(p);
  const direction = tail === "lower" ? 1 : -1;
  const excess = (u: number) => direction * (Math.log(Math.max(tails(Math.exp(u))[tail], 1e-320)) - target);
  const rough = rootAround(excess, Math.log(start), 1);
  const refined = (x: number) => direction * (tails(x)[tail] / p - 1);
  const x = Math.exp(rough);
  const [low, high] = [x * (1 - 1e-9), x * (1 + 1e-9)];
  return refined(low) < 0 && refined(high) > 0 ? findRoot(refined, low, high) : x;
}

/** The root of an increasing function, looked for outwards from a start. */
function rootAround(f: (x: number) => number, start: number, step: number): number {
  let [low, high] = [start - step, start + step];
  let width = step;
  while (f(low) > 0) {
    width *= 2;
    high = low;
    low -= width;
    if (!Number.isFinite(low)) return low;
  }
  width = step;
  while (f(high) < 0) {
    width *= 2;
    low = high;
    high += width;
    if (!Number.isFinite(high)) return high;
  }
  return findRoot(f, low, high);
}

/** The logarithm of a tail has fallen this far below its top where the integral ends: e^-45 = 3e-20. */
const DROP = 45;

/**
 * P(T > t) or P(T <= t) of the noncentral t, df >= 1: the integral over s = sqrt(chi-square / df) of the normal tail at
 * t s - delta times the density of s, by the trapezoidal rule in ln s. All terms are positive, so that both tails keep
 * their digits however small they are (AS 243 and R's pt lose them below 1e-12).
 */
export function noncentralStudentTail(t: number, df: number, delta: number, tail: Tail): number {
  if (!(df >= 1)) throw new RangeError(`the degrees of freedom must be at least 1, not ${df}`);
  const sharp = sharpTail(t, df, delta, tail);
  if (sharp !== undefined) return sharp;
  const sign = tail === "lower" ? 1 : -1;
  const logTail = (v: number) => logNormalLower(sign * (t * Math.exp(v) - delta));
  const height = (v: number) => logTail(v) + df * (v - Math.expm1(2 * v) / 2);
  const mode = findMode(height, Math.log(2 + (2 * Math.abs(t * delta)) / (t * t + df) + 40 / Math.sqrt(df)));
  const top = height(mode);
  const [low, high] = [-1, 1].map((direction) => {
    let width = 0.01;
    while (height(mode + direction * width) > top - DROP) width *= 1.25;
    return mode + direction * width;
  }) as [number, number];
  // The normal tail bends within one unit of t s - delta, and the integrand is small beyond |delta| + sqrt(df).
  const reach = Math.min(Math.abs(t) * Math.exp(mode), Math.abs(delta) + Math.sqrt(df) + 10);
  const curvature = 2 * df * Math.exp(2 * mode) + reach * reach + delta * delta;
  // The cap is met where delta is so large that sharpTail is as good, and beside few degrees of freedom.
  const step = Math.max(
    Math.min(0.08, 0.35 / Math.sqrt(curvature), (high - low) / 200),
    (high - low) / 50_000,
  );
  const count = Math.ceil((high - low) / step);
  let sum = 0;
  for (let index = 0; index <= count; index += 1) {
    const v = low + index * step;
    sum += Math.exp(height(v) - top);
  }
  // The density of s is df^(df/2) 2^(1-df/2) / gamma(df/2) s^(df-1) exp(-df s^2 / 2), and ds = s dv.
  return Math.min(1, sum * step * Math.exp(top) * df * poissonTerm(df / 2, df / 2));
}

/**
 * The same where t is so large that the normal tail is a step at s = delta / t beside the density f of s: the chi-square
 * tail there, and the first correction of Taylor's series, f'(delta / t) / (2 t^2). The next is smaller by the square of
 * what `isSharp` compares, so below the last digit. undefined elsewhere.
 */
function sharpTail(t: number, df: number, delta: number, tail: Tail): number | undefined {
  const s = delta / t;
  const slope = (df - 1) / s - df * s;
  const isSharp = t > 0 && delta > 0 && t * t > 1e6 * (df + slope * slope);
  if (!isSharp) return undefined;
  const below = chiSquareTails(df * s * s, df);
  // f(s) = df s g(df s^2 / 2), where g is the density of a gamma variable of shape df / 2, as poissonTerm has it.
  const density = df * s * poissonTerm(df / 2 - 1, (df * s * s) / 2);
  const correction = (density * slope) / (2 * t * t);
  return tail === "upper" ? below.lower + correction : below.upper - correction;
}

/** The v at the top of a function that rises and then falls, by golden sections. */
function findMode(height: (v: number) => number, highest: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-60, highest];
  for (let step = 0; step < 70; step += 1) {
    const width = golden * (high - low);
    if (height(high - width) < height(low + width)) low = high - width;
    else high = low + width;
  }
  return (low + high) / 2;
}

/** t with P(T <= t) = p, or P(T > t) = p for the upper tail. */
export function noncentralStudentQuantile(
  p: number,
  df: number,
  delta: number,
  tail: Tail = "lower",
): number {
  if (p > 0.5) return noncentralStudentQuantile(1 - p, df, delta, tail === "lower" ? "upper" : "lower");
  const direction = tail === "lower" ? 1 : -1;
  const target = Math.log(p);
  const excess = (t: number) =>
    direction * (Math.log(Math.max(noncentralStudentTail(t, df, delta, tail), 1e-320)) - target);
  return rootAround(excess, delta, 1 + Math.abs(delta) / Math.sqrt(df));
}

/** The delta at which P(T > t) = p: the lower confidence bound of delta at confidence 1 - p when t was observed. */
export function noncentralityOf(t: number, df: number, p: number): number {
  const target = Math.log(p);
  const excess = (delta: number) =>
    Math.log(Math.max(noncentralStudentTail(t, df, delta, "upper"), 1e-320)) - target;
  return rootAround(excess, t + normalQuantile(p) * Math.sqrt(1 + (t * t) / (2 * df)), 1);
}
