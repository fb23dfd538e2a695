// Witnesses of primality after V. Pratt, "Every prime has a succinct certificate", SIAM J. Comput. 4 (1975).

/** The distinct primes that divide `value`, ascending. */
export function primeFactors(value: number): number[] {
  const factors: number[] = [];
  let rest = value;
  for (let candidate = 2; candidate * candidate <= rest; candidate++) {
    if (rest % candidate !== 0) continue;
    factors.push(candidate);
    while (rest % candidate === 0) rest /= candidate;
  }
  return rest > 1 ? [...factors, rest] : factors;
}

/** The smallest number whose powers reach every residue 1 .. prime-1. Throws RangeError when `prime` is not prime. */
export function primitiveRoot(prime: number): number {
  const factors = primeFactors(prime - 1);
  for (let root = 1; root < prime; root++) {
    const reachesAll = factors.every((factor) => powerModulo(root, (prime - 1) / factor, prime) !== 1);
    if (powerModulo(root, prime - 1, prime) === 1 % prime && reachesAll) return root;
  }
  throw new RangeError(`${prime} has no primitive root of order ${prime - 1}: it is not prime`);
}

/** base^exponent modulo `modulus`, for a modulus below 2^26. */
function powerModulo(base: number, exponent: number, modulus: number): number {
  let result = 1 % modulus;
  let square = base % modulus;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
