// `pipelite/lean`: an independent kernel for Lean 4. It reads what lean4export writes and checks every declaration by
// itself; nothing of Lean is needed. Authorities: the book "Type Checking in Lean 4", the kernel of Lean 4 and the
// checkers nanoda and lean4lean, for the rules; format_ndjson.md of lean4export, version 3.1, for the format.
//
// The way through: read/ (bytes -> lines -> names, levels, expressions, declarations), declare/ (the rules for one
// declaration, inductive types and their recursors, arithmetic), judge/ (the judgements: type, weak head normal form,
// equality; made safe at any depth by engine.ts), check.ts and account.ts (the report). Below them terms/: every
// expression once, as a number, in rows that threads can share. Apart from them source/: exports written from a small part of
// Lean source; it shares nothing with the kernel.
//
// What is trusted: nothing of the export. Its recursors, flags and counts are compared with computed ones; constants that
// the kernel knows by name are held against what they must be (declare/primitive.ts, quotient.ts, standard.ts).
export { check, checkStream, type ExportCheckOptions } from "./check.ts";
export type { AxiomReport, Problem, Progress, Report, TheoremReport } from "./report.ts";
export { exportSource, type Elaborated, type SourceExport } from "./source/source.ts";
export { STANDARD_AXIOMS } from "./declare/standard.ts";
export type { FaultKind, Reason } from "./fault.ts";
export type { Meta } from "./read/meta.ts";
