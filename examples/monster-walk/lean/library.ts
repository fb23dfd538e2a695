// A list of declarations, in the order in which each may use the ones before it.
import type { Recursor } from "./recursor.ts";
import { makeRecursor } from "./recursor.ts";
import type { Level, Term } from "./term.ts";
import { call, constant } from "./term.ts";

interface Declared {
  /** Lean has it already: only the export declares it. */
  readonly isCore: boolean;
  /** What the reader of the Lean file is told about it. */
  readonly comment: string | undefined;
}

export interface Valued extends Declared {
  readonly kind: "definition" | "theorem";
  readonly name: string;
  readonly type: Term;
  readonly value: Term;
}

export interface InductiveShape {
  readonly name: string;
  readonly levelParams: readonly string[];
  /** From the parameters and indices to a universe. */
  readonly type: Term;
  readonly paramCount: number;
  readonly constructors: readonly { readonly name: string; readonly type: Term }[];
  /** Whether values of any type can be made from its values; propositions mostly give propositions only. */
  readonly isLarge: boolean;
}

export interface Inductive extends InductiveShape, Declared {
  readonly kind: "inductive";
  readonly recursor: Recursor;
}

export type Declaration = Valued | Inductive;

export class Library {
  readonly declarations: Declaration[] = [];
  readonly #names = new Set<string>();

  /** A type that Lean's core has under this name. */
  coreInductive(shape: InductiveShape): void {
    this.#inductive(shape, { isCore: true, comment: undefined });
  }

  inductive(shape: InductiveShape, comment: string): void {
    this.#inductive(shape, { isCore: false, comment });
  }

  /** A definition that Lean's core has under this name. */
  core(name: string, type: Term, value: Term): void {
    this.#add({ kind: "definition", name, type, value, isCore: true, comment: undefined });
  }

  define(name: string, type: Term, value: Term, comment?: string): Call {
    this.#add({ kind: "definition", name, type, value, isCore: false, comment });
    return caller(name);
  }

  prove(name: string, type: Term, value: Term, comment?: string): Call {
    this.#add({ kind: "theorem", name, type, value, isCore: false, comment });
    return caller(name);
  }

  #inductive(shape: InductiveShape, declared: Declared): void {
    this.#add({ kind: "inductive", ...shape, ...declared, recursor: makeRecursor(shape) });
  }

  #add(declaration: Declaration): void {
    if (this.#names.has(declaration.name)) throw new RangeError(`Cannot declare ${declaration.name} again`);
    this.#names.add(declaration.name);
    this.declarations.push(declaration);
  }
}

/** A constant, called with arguments. */
export type Call = (...args: readonly Term[]) => Term;

export function caller(name: string, ...levels: Level[]): Call {
  const head = constant(name, ...levels);
  return (...args) => call(head, ...args);
}
