// The language of the certificate: small statements that a second program can decide with integer arithmetic alone.
// Integers that may be large are decimal strings. "Removal" means a set of whole prime powers taken out of the order.

import type { PrimePower } from "./monster.ts";

export type Claim =
  /** The product of the prime powers is `value`. */
  | { kind: "product"; powers: readonly PrimePower[]; value: string }
  /** Pratt's witness: `generator` has order value-1 modulo `value`, and `factors` are the primes of value-1. */
  | { kind: "prime"; value: number; generator: number; factors: readonly number[] }
  /** The digits of `value` in `base`, most significant first. */
  | { kind: "numeral"; value: string; base: number; digits: readonly number[] }
  | { kind: "digit-count"; value: string; base: number; count: number }
  | { kind: "trailing-zeros"; value: string; base: number; count: number }
  | { kind: "residue"; value: string; modulus: number; residue: number }
  /** The least base in which `value` has `digits` digits. */
  | { kind: "least-base"; value: string; digits: number; base: number }
  /** floor(value / base^exponent) = result. */
  | { kind: "shifted"; value: string; base: number; exponent: number; result: string }
  /** 10^(lower/1000) <= value < 10^(upper/1000). */
  | { kind: "logarithm"; value: string; lowerThousandths: number; upperThousandths: number }
  | { kind: "removal-count"; count: number }
  /** order / product(removed) = value. */
  | { kind: "quotient"; removed: readonly number[]; value: string }
  /** How many leading digits of the order the quotient keeps, both written in `base`. */
  | { kind: "kept-digits"; removed: readonly number[]; base: number; count: number }
  /** The same for the bases from, from + 1, and so on. */
  | { kind: "kept-by-base"; removed: readonly number[]; from: number; counts: readonly number[] }
  /** `count` non-empty removals, of `size` factors when given, have a quotient that begins with `digits`. */
  | { kind: "matches"; digits: string; size?: number; count: number; example?: readonly number[] }
  /** The most leading digits of the order that any removal keeps. */
  | { kind: "most-kept"; removals: "non-empty" | "all"; count: number }
  /** The same for removals of 1, 2, 3 ... factors. */
  | { kind: "most-kept-by-size"; counts: readonly number[] }
  /** The longest run of digits at `position` that removals of 1..limit factors give. */
  | { kind: "longest-run"; position: number; limit: number; count: number }
  | {
      kind: "walk";
      limit: number;
      groups: readonly { position: number; digits: string; removed: readonly number[] }[];
      covered: number;
      stop: string;
    }
  /** All non-empty removals that begin one of the runs, and the number Benford's law would give, in hundredths. */
  | { kind: "chance"; runs: readonly string[]; matches: number; expectedHundredths: number }
  | { kind: "frequencies"; fundamentalHz: number; frequenciesHz: readonly number[]; belowHz: number }
  | { kind: "highest"; prime: number; fundamentalHz: number; frequencyHz: number }
  /** The smallest of the amplitudes 1/(exponent + 1), reached by this prime power only. */
  | { kind: "quietest"; prime: number; exponent: number; denominator: number }
  | { kind: "period"; fundamentalHz: number; sampleRateHz: number; samples: number }
  | { kind: "duration"; seconds: number; sampleRateHz: number; samples: number }
  | {
      kind: "bars";
      bars: number;
      beatsPerBar: number;
      beatUnit: number;
      crotchetsPerMinute: number;
      seconds: number;
    };

export interface Statement {
  id: string;
  /** The claim in words. */
  text: string;
  claim: Claim;
}

export interface Certificate {
  format: string;
  /** What everything is about: the prime powers of the order. */
  powers: readonly PrimePower[];
  statements: Statement[];
}

export const CERTIFICATE_FORMAT = "pipelite monster-walk certificate 1";
