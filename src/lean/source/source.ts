// From Lean source to an export, where no Lean is at hand. The source is a small part of Lean 4: theorems and definitions whose
// proofs are terms, and inductive types of plain constructors. It is believed in nothing: the kernel judges the export.
import { startExport } from "./core.ts";
import { Elaborator, type Elaborated } from "./elaborate.ts";

export type { Elaborated };

/** Functions of core, in its words. Lean has these already: an export declares them. */
const CORE_FUNCTIONS = `
def Not (a : Prop) : Prop := a → False
def Nat.lt (n m : Nat) : Prop := n + 1 ≤ m
def and (x y : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) false y x
def or (x y : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) y true x
def not (x : Bool) : Bool := @Bool.rec.{1} (fun _ => Bool) true false x
`;

export interface SourceExport {
  /** Format 3.1, with everything that is used. */
  readonly ndjson: string;
  /** In order. */
  readonly theorems: readonly Elaborated[];
}

/**
 * Elaborates Lean source and writes it as an export, with what it may use of core: True, False, =, ∧, ∨, ∃, ¬, Bool, Nat with
 * arithmetic and comparisons, List.
 *
 * @param parts each may use the ones before it
 * @param options `namespace` of the declarations; `exporter` is what the export calls its writer
 * @throws RangeError when a declaration can't be read or has something left open, with its name or line
 */
export function exportSource(
  parts: readonly string[],
  { namespace, exporter }: { namespace: string; exporter: { name: string; version: string } },
): SourceExport {
  // No Lean took part.
  const meta = { exporter, lean: { githash: "", version: "" }, format: { version: "3.1.0" } };
  const elaborator = new Elaborator(startExport({ meta }), namespace);
  elaborator.declare(CORE_FUNCTIONS, "");
  const theorems = parts.flatMap((part) => elaborator.declare(part));
  return { ndjson: elaborator.text(), theorems };
}
