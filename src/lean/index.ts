// `pipelite/lean`: an independent kernel for Lean 4. It reads what lean4export writes and checks every declaration by
// itself; nothing of Lean is needed. Authorities: the book "Type Checking in Lean 4", the kernel of Lean 4 and the
// checkers nanoda and lean4lean, for the rules; format_ndjson.md of lean4export, version 3.1, for the format.
//
// The way through: parse.ts (a line) -> declare.ts (a declaration) -> infer.ts, equal.ts, reduce.ts (the judgements, made
// safe at any depth by goals.ts) and inductive.ts, recursor.ts -> check.ts (the report). Below them: terms.ts and expr.ts
// (every expression once), rewrite.ts (putting in and taking out variables), level.ts (universes).
//
// What is trusted: nothing of the export. Its recursors, flags and counts are compared with computed ones; constants that
// the kernel knows by name are held against what they must be (primitive.ts, quotient.ts, standard.ts).
export {
  check,
  checkStream,
  type AxiomReport,
  type CheckOptions,
  type Problem,
  type Progress,
  type Report,
  type TheoremReport,
} from "./check.ts";
export { STANDARD_AXIOMS } from "./standard.ts";
export type { FaultKind, Reason } from "./fault.ts";
export type { Meta } from "./parse.ts";
