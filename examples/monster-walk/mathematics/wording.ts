import type { Claim, Statement } from "./claim.ts";
import type { PrimePower } from "./monster.ts";

export function state(id: string, text: string, claim: Claim): Statement {
  return { id, text, claim };
}

/** `1 group`, `2 groups`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `{7^6, 11^2, 17}`: a set of whole prime powers. */
export function set(primes: readonly number[], powers: readonly PrimePower[]): string {
  const names = primes.map((prime) => {
    const exponent = powers.find((power) => power.prime === prime)?.exponent ?? 0;
    return exponent === 1 ? `${prime}` : `${prime}^${exponent}`;
  });
  return `{${names.join(", ")}}`;
}
