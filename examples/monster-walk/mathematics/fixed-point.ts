// Transcendental values in integers: value * 2^bits, from power series over BigInt. No libm function takes part, so the
// results are the same on every host, and their error is bounded by the number of guard bits.

const GUARD_BITS = 32n;

/** arctan(1/n) * 2^bits, truncated term by term. */
function arcTangentOfInverse(n: bigint, bits: bigint): bigint {
  let power = (1n << bits) / n;
  let sum = power;
  for (let k = 3n, sign = -1n; power !== 0n; k += 2n, sign = -sign) {
    power /= n * n;
    sum += (sign * power) / k;
  }
  return sum;
}

/** pi * 2^bits by Machin's formula, pi/4 = 4 arctan(1/5) - arctan(1/239). */
export function pi(bits: bigint): bigint {
  const work = bits + GUARD_BITS;
  return (16n * arcTangentOfInverse(5n, work) - 4n * arcTangentOfInverse(239n, work)) >> GUARD_BITS;
}

/**
 * round(sin(2 pi j / period) * 2^bits) for j = 0 .. period-1. Angles are reduced exactly, as fractions of a turn, to
 * [0, pi/2]; the Taylor series there is summed with 32 guard bits, so each entry is within 1/2 + 2^-20 of the true value.
 */
export function sineTable(period: number, bits: bigint): bigint[] {
  const work = bits + GUARD_BITS;
  const halfTurn = pi(work);
  const table: bigint[] = [];
  for (let j = 0; j < period; j++) {
    const folded = 2 * j > period ? period - j : j;
    // sin(2 pi j / period) = sin(pi m / period) with m in [0, period/2]
    const m = 4 * folded > period ? period - 2 * folded : 2 * folded;
    const value = sine((halfTurn * BigInt(m)) / BigInt(period), work);
    const rounded = (value + (1n << (GUARD_BITS - 1n))) >> GUARD_BITS;
    table.push(2 * j > period ? -rounded : rounded);
  }
  return table;
}

/** sin(x) for x * 2^bits in [0, pi/2] * 2^bits. */
function sine(x: bigint, bits: bigint): bigint {
  const square = (x * x) >> bits;
  let term = x;
  let sum = x;
  for (let k = 2n; term !== 0n; k += 2n) {
    term = -((term * square) >> bits) / (k * (k + 1n));
    sum += term;
  }
  return sum;
}
