// The language of the certificate: small statements that a second program can decide with integer arithmetic alone.
// Integers that may be large are decimal strings. "Removal" means a set of whole prime powers taken out of the order.

import type { PrimePower } from "./monster.ts";

export type Claim =
  /** The product of the prime powers is `value`. */
  | { kind: "product"; powers: readonly PrimePower[]; value: string }
  | { kind: "prime"; value: number }
  /** There are `count` removals that are not empty. */
  | { kind: "removal-count"; count: number }
  /** order / product(removed) = value. */
  | { kind: "quotient"; removed: readonly number[]; value: string }
  /** `count` non-empty removals have a quotient that begins with `digits`; one of them is the example. */
  | { kind: "matches"; digits: string; count: number; example?: readonly number[] }
  /** The most leading digits of the order that any non-empty removal of 1, 2, 3 ... factors keeps. */
  | { kind: "most-kept-by-size"; counts: readonly number[] }
  /** The walk of removals of 1..limit factors along the digits, up to the digit where it stops. */
  | {
      kind: "walk";
      limit: number;
      groups: readonly { position: number; digits: string; removed: readonly number[] }[];
      covered: number;
      stop: string;
    }
  /** All non-empty removals that begin one of the runs, and the number Benford's law would give, to two decimals. */
  | { kind: "chance"; runs: readonly string[]; matches: number; expected: number }
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

export const CERTIFICATE_FORMAT = "pipelite monster-walk certificate 2";
