// What a formula reads, given the evidence of its claim. A check, the claim that follows from it, and the audit all evaluate
// formulas on this one.
import { parseReference, lookUp, placeBelow, type EvidenceFiles, type Reference } from "./evidence-files.ts";
import { pipeliteError } from "#formula/errors.ts";
import type { FormulaContext, NamedPath, Value } from "#formula/formula.ts";

export interface EvidencePlaces {
  files: EvidenceFiles;
  /** The record of the run, where formulas may read it. */
  record?: Value;
  /** Where a store path is on disk. */
  locate: (path: string) => string;
  /** Where the output of a derivation is that was built again. */
  again?: (drvPath: string) => string | undefined;
}

/** Numbers count as equal to this relative difference: a stage may add in another order. */
const TOLERANCE = 1e-12;

export function isEqual(value: Value, claimed: Value): boolean {
  if (typeof value !== "number" || typeof claimed !== "number") return value === claimed;
  return Math.abs(value - claimed) <= TOLERANCE * Math.max(Math.abs(value), Math.abs(claimed));
}

export function contextOf(
  { files, record, locate, again }: EvidencePlaces,
  evidence: readonly string[],
): FormulaContext {
  const missing = (place: string, problem: string) => pipeliteError("EVIDENCE_MISSING", { place, problem });
  const referenceAt = (index: number): Reference => {
    const text = evidence[index - 1];
    const reference = text === undefined ? undefined : parseReference(text);
    if (reference === undefined) throw missing(`$${index}`, text ?? "there is no such entry");
    return reference;
  };
  const placeOf = ({ path, file }: Extract<Reference, { kind: "store" }>): NamedPath => {
    const base = { path: locate(path), shown: path };
    // A link as a whole can be measured; nothing is read through it.
    return file === "" ? base : placeBelow(base, file);
  };
  return {
    evidence: (index) => {
      const reference = referenceAt(index);
      if (reference.kind === "store") return files.read(placeOf(reference), `#${reference.pointer ?? ""}`);
      if (record === undefined) throw missing(`$${index}`, "the record of the run is not read here");
      return lookUp(record, reference.pointer, "run.json");
    },
    place: (index) => {
      const reference = referenceAt(index);
      if (reference.kind === "store") return placeOf(reference);
      throw missing(`$${index}`, "it is not a file");
    },
    realise: (drvPath) => {
      const path = again?.(drvPath);
      if (path !== undefined) return { path, shown: `realise(${drvPath})` };
      throw missing(drvPath, "it was not built again");
    },
    read: (place, reference) => files.read(place, reference),
    measure: (name, place) => files.measure(name, place),
  };
}
