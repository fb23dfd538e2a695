// The report on an export for programs: NDJSON, one object a line, told as it becomes known. The first line names the
// schema; theorems and axioms follow in the order of the export; the last line is the verdict.
import type { AxiomReport, Report, TheoremReport } from "#lean/index.ts";

export const LEAN_SCHEMA = "pipelite/lean-check";
export const LEAN_SCHEMA_VERSION = 1;

export function leanJsonStart(file: string, allowedAxioms: readonly string[]): object {
  return { schema: LEAN_SCHEMA, version: LEAN_SCHEMA_VERSION, file, allowedAxioms };
}

/** The statement is there where it was asked for. */
export function leanJsonTheorem({ statement, ...theorem }: TheoremReport): object {
  return { theorem: statement === "" ? theorem : { ...theorem, statement } };
}

export function leanJsonAxiom({ statement, ...axiom }: AxiomReport): object {
  return { axiom: statement === "" ? axiom : { ...axiom, statement } };
}

export function leanJsonEnd(report: Report, missing: readonly string[]): object {
  const { status, meta, lines, counts, used, accelerated, unaccelerated, problem } = report;
  return {
    status,
    problem: problem === undefined ? null : { ...problem, declaration: problem.declaration ?? null },
    counts,
    used,
    accelerated,
    unaccelerated,
    missing,
    lines,
    meta: meta ?? null,
  };
}
