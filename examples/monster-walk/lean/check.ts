// Runs the kernel on the export, as a stranger would: on its bytes.
import { check } from "pipelite/lean";
import type { MonsterWalkLean } from "./index.ts";
import { theoremsOf } from "./statements.ts";

export const KERNEL_REPORT_FORMAT = "pipelite monster-walk kernel report 1";

export interface KernelReport {
  readonly format: string;
  /** What the kernel says of the export as a whole. */
  readonly status: "accepted" | "rejected" | "malformed" | "unavailable";
  readonly exportLines: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Operations on numbers that the kernel computes by itself, after it has held their definitions against them. */
  readonly accelerated: readonly string[];
  readonly axioms: readonly string[];
  readonly theorems: readonly {
    readonly name: string;
    /** As it stands in MonsterWalk.lean. */
    readonly statement: string;
    readonly axioms: readonly string[];
    readonly line: number;
    readonly status: "checked" | "rejected";
  }[];
}

/**
 * Throws RangeError with the place when the kernel does not accept the export, or when it has not checked exactly the
 * theorems of the Lean file, each without axioms.
 */
export function checkExport({
  ndjson,
  theorems,
}: Pick<MonsterWalkLean, "ndjson" | "theorems">): KernelReport {
  const report = check([ndjson]);
  if (report.status !== "accepted") {
    const { problem } = report;
    const place =
      problem === undefined ? "" : `: line ${problem.line}, ${problem.declaration ?? "no declaration"}`;
    throw new RangeError(`The proof is ${report.status}${place}: ${problem?.message ?? "no reason given"}`);
  }
  const checked = new Map(report.theorems.map((theorem) => [theorem.name, theorem]));
  const listed = theorems.map(({ name, statement }) => {
    const theorem = checked.get(name);
    if (theorem?.status !== "checked") throw new RangeError(`The kernel did not check ${name}`);
    if (theorem.axioms.length > 0) throw new RangeError(`${name} rests on ${theorem.axioms.join(", ")}`);
    return { name, statement, axioms: theorem.axioms, line: theorem.line, status: theorem.status };
  });
  if (checked.size !== listed.length)
    throw new RangeError("The export has theorems that the Lean file has not");
  return {
    format: KERNEL_REPORT_FORMAT,
    status: report.status,
    exportLines: report.lines,
    counts: report.counts,
    accelerated: report.accelerated,
    axioms: report.axioms.map(({ name }) => name),
    theorems: listed,
  };
}

/** Whether the kernel has checked theorems that say what a statement of the certificate says. */
export function isKernelChecked(id: string, { theorems }: KernelReport): boolean {
  const names = theoremsOf(id);
  return names.length > 0 && names.every((name) => theorems.some((theorem) => theorem.name === name));
}
