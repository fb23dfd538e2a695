// What has been declared and accepted so far.
import type { Expr } from "./expr.ts";
import type { Level } from "./level.ts";
import type { Name } from "./name.ts";
import { sure } from "./fault.ts";

interface Common {
  readonly name: Name;
  readonly levelParams: readonly Name[];
  readonly type: Expr;
  /** Line of the export, from 1. */
  readonly line: number;
}

export interface Axiom extends Common {
  readonly kind: "axiom";
}

/** Unfolds, but for an opaque. */
export interface Valued extends Common {
  readonly kind: "definition" | "theorem" | "opaque";
  readonly value: Expr;
  /** The higher, the earlier it is unfolded: -1 for opaque hints and theorems, Infinity for abbreviations. */
  readonly hint: number;
}

export interface Quotient extends Common {
  readonly kind: "quotient";
  readonly role: "type" | "ctor" | "lift" | "ind";
}

export interface Inductive extends Common {
  readonly kind: "inductive";
  /** Of the universe that its type ends in. */
  readonly level: Level;
  readonly paramCount: number;
  readonly indexCount: number;
  readonly constructors: readonly Name[];
  readonly isRecursive: boolean;
  /** All types of its mutual group. */
  readonly group: readonly Name[];
}

export interface Constructor extends Common {
  readonly kind: "constructor";
  readonly inductive: Name;
  readonly index: number;
  readonly paramCount: number;
  readonly fieldCount: number;
}

export interface Rule {
  readonly constructor: Name;
  readonly fieldCount: number;
  /** From parameters, motives, minor premises and fields to the result. */
  readonly value: Expr;
}

export interface Recursor extends Common {
  readonly kind: "recursor";
  /** The type whose values it takes apart (a nested one for auxiliary recursors). */
  readonly inductive: Name;
  readonly paramCount: number;
  readonly motiveCount: number;
  readonly minorCount: number;
  readonly indexCount: number;
  readonly isK: boolean;
  readonly rules: ReadonlyMap<Name, Rule>;
}

export type Constant = Axiom | Valued | Quotient | Inductive | Constructor | Recursor;

export type Environment = Map<Name, Constant>;

/** A type with one constructor, without indices, that does not contain itself: it has eta. */
export function structureOf(
  environment: Environment,
  name: Name,
): { type: Inductive; constructor: Constructor } | undefined {
  const type = environment.get(name);
  if (type?.kind !== "inductive" || type.constructors.length !== 1) return undefined;
  if (type.indexCount !== 0 || type.isRecursive) return undefined;
  const constructor = environment.get(sure(type.constructors[0]));
  return constructor?.kind === "constructor" ? { type, constructor } : undefined;
}
