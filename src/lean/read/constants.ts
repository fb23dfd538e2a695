// Constants, as an export declares them. Nothing in them is believed before their declaration has been checked.
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";

interface Common {
  readonly name: Name;
  readonly levelParams: readonly Name[];
  readonly type: Expr;
  /** Where the spelling of the type is kept, to print it as the export has it. */
  readonly typePlace: number;
  /** Not part of the logic: it is left out, and what uses it is rejected. */
  readonly isUnsafe: boolean;
  /** Of its declaration, from 0. */
  readonly order: number;
}

export interface Axiom extends Common {
  readonly kind: "axiom";
}

/** Unfolds, but for an opaque. */
export interface Valued extends Common {
  readonly kind: "definition" | "theorem" | "opaque";
  readonly value: Expr;
  readonly valuePlace: number;
  /** The higher, the earlier it is unfolded: -1 for opaque hints and theorems, ABBREVIATION for abbreviations. */
  readonly hint: number;
}

export const ABBREVIATION = 0x7fff_ffff;

export const ROLES = ["type", "ctor", "lift", "ind"] as const;

export interface Quotient extends Common {
  readonly kind: "quotient";
  readonly role: (typeof ROLES)[number];
}

export interface Inductive extends Common {
  readonly kind: "inductive";
  readonly paramCount: number;
  readonly indexCount: number;
  /** All types of its mutual group. */
  readonly all: readonly Name[];
  readonly constructors: readonly Name[];
  readonly nestedCount: number;
  readonly isRecursive: boolean;
  readonly isReflexive: boolean;
}

export interface Constructor extends Common {
  readonly kind: "constructor";
  readonly inductive: Name;
  readonly index: number;
  readonly paramCount: number;
  readonly fieldCount: number;
}

export interface RecursorRule {
  readonly constructor: Name;
  readonly fieldCount: number;
  /** From parameters, motives, minor premises and fields to the result. */
  readonly value: Expr;
}

export interface Recursor extends Common {
  readonly kind: "recursor";
  readonly all: readonly Name[];
  readonly paramCount: number;
  readonly indexCount: number;
  readonly motiveCount: number;
  readonly minorCount: number;
  readonly isK: boolean;
  readonly rules: readonly RecursorRule[];
}

export type Constant = Axiom | Valued | Quotient | Inductive | Constructor | Recursor;

export type Record = Axiom | Valued | Quotient;

/** A group of inductive types. */
export interface GroupRecord {
  readonly kind: "inductive";
  readonly types: readonly Inductive[];
  readonly constructors: readonly Constructor[];
  readonly recursors: readonly Recursor[];
}

export type Declaration = Record | GroupRecord;

/** The constants that a declaration brings in, the one to speak of first. */
export function constantsOf(declaration: Declaration): readonly Constant[] {
  if (declaration.kind !== "inductive") return [declaration];
  return [...declaration.types, ...declaration.constructors, ...declaration.recursors];
}
