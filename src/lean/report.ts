// What a check says.
import type { FaultKind, Reason } from "./fault.ts";
import type { Constant } from "./read/constants.ts";
import type { Meta } from "./read/meta.ts";

export interface Progress {
  readonly line: number;
  readonly name: string;
  /** How many declarations were before it. */
  readonly declarations: number;
}

export interface TheoremReport {
  readonly name: string;
  /**
   * The proposition as Lean, with the universe parameters and names of bound variables of the export; "" where it was not
   * asked for.
   */
  readonly statement: string;
  readonly universes: readonly string[];
  /** All axioms it rests on, in order of name. */
  readonly axioms: readonly string[];
  /** Line of the export, from 1. */
  readonly line: number;
  readonly status: "checked" | "rejected";
}

export interface AxiomReport {
  readonly name: string;
  readonly statement: string;
  readonly line: number;
  readonly allowed: boolean;
}

/** Why an export is not accepted, and where. */
export interface Problem {
  readonly kind: FaultKind;
  readonly reason: Reason;
  readonly message: string;
  readonly line: number;
  readonly declaration?: string;
}

export type Counts = Readonly<Record<Constant["kind"] | "excluded", number>>;

export interface Report {
  /** `malformed`: not a file in the format; `unavailable`: the checker gave up, nothing is said. */
  readonly status: "accepted" | "rejected" | "malformed" | "unavailable";
  readonly meta?: Meta;
  readonly lines: number;
  /** Constants accepted, by kind. */
  readonly counts: Counts;
  /** Empty where they were told one by one. */
  readonly theorems: readonly TheoremReport[];
  readonly axioms: readonly AxiomReport[];
  /** Axioms that theorems rest on, in order of name, and how many do. */
  readonly used: readonly { readonly axiom: string; readonly theorems: number }[];
  /** Operations on numbers that were computed directly, after their definitions had been held against them. */
  readonly accelerated: readonly string[];
  /** Operations that other kernels compute directly and this one unfolded: their definitions were not recognised. */
  readonly unaccelerated: readonly string[];
  readonly problem?: Problem;
}

export const STATUS = { format: "malformed", rejected: "rejected", limit: "unavailable" } as const;
