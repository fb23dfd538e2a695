// Runs the kernel on the export, as a stranger would: on its bytes.
import { check } from "pipelite/lean";
import type { MonsterWalkLean } from "./index.ts";

export type KernelReport = ReturnType<typeof checkExport>;

/**
 * Throws RangeError with the place when the kernel does not accept the export, or when it has not checked exactly the
 * theorems of the Lean file, each without axioms.
 */
export function checkExport({ ndjson, theorems }: Pick<MonsterWalkLean, "ndjson" | "theorems">) {
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
    // The statement as it stands in MonsterWalk.lean.
    return { name, statement, axioms: theorem.axioms, line: theorem.line, status: theorem.status };
  });
  if (checked.size !== listed.length)
    throw new RangeError("The export has theorems that the Lean file has not");
  return {
    format: "pipelite monster-walk kernel report 1",
    status: report.status,
    exportLines: report.lines,
    counts: report.counts,
    /** Operations on numbers that the kernel computes by itself, after it has held their definitions against them. */
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

/** The theorems that together say what a statement of the certificate says; none when no theorem does. */
function theoremsOf(id: string): readonly string[] {
  const [, topic, rest] = /^(prime|group)\.(.+)$/.exec(id) ?? [];
  if (topic === "prime") return [`MonsterWalk.prime_${rest}`];
  const group = /^(\d+)\.quotient$/.exec(rest ?? "");
  if (topic === "group" && group !== null) return [`MonsterWalk.group_${group[1]}`];
  return (THEOREMS.get(id) ?? []).map((name) => `MonsterWalk.${name}`);
}

const THEOREMS = new Map<string, readonly string[]>([
  ["order.value", ["order_factored", "powers_product", "all_prime", "primes_descend"]],
  ["best.quotient", ["removal_leaves"]],
  ["best.unique", ["removal_count", "removal_keeps", "every_removal_leaves", "no_other_removal_keeps"]],
  ["sound.chord.frequencies", ["harmonic_count", "below_half_the_sampling_rate"]],
  ["sound.chord.highest", ["highest_frequency", "highest_member", "highest"]],
  ["sound.chord.quietest", ["quietest_power", "quietest"]],
  ["sound.chord.samples", ["sample_count"]],
]);
