// Which prime is sung in which bar. Each step of the walk has two bars. When there are fewer steps than
// primes, some steps hold two primes, a bar each; these are the later ones, but the last prime has the last
// step to itself.
import { BARS_PER_STEP } from "./score.ts";

/** For each step the indices of its primes: [[0], [1], [2], [3], [4, 5], ... [14]]. */
export function sharePrimes(primeCount: number, stepCount: number): number[][] {
  const doubles = primeCount - stepCount;
  if (stepCount < 1 || doubles < 0 || doubles > stepCount - 1) {
    throw new RangeError(
      `Cannot share ${primeCount} primes among ${stepCount} steps: each step takes one or two, the last one`,
    );
  }
  const firstDouble = stepCount - 1 - doubles;
  let next = 0;
  return Array.from({ length: stepCount }, (_, step) => {
    const isDouble = step >= firstDouble && step < stepCount - 1;
    return Array.from({ length: isDouble ? 2 : 1 }, () => next++);
  });
}

/** For each bar the index of its step and of its prime. */
export function layBars(primeCount: number, stepCount: number): { step: number; prime: number }[] {
  return sharePrimes(primeCount, stepCount).flatMap((primes, step) =>
    Array.from({ length: BARS_PER_STEP }, (_, bar) => ({ step, prime: primes[bar % primes.length] ?? 0 })),
  );
}
