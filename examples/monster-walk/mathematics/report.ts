// The proof as a page to read.
import type { KernelReport } from "../lean/check.ts";
import type { LeanReport } from "../lean/lean.ts";
import type { Facts } from "./facts.ts";
import type { Walk } from "./walk.ts";

interface ProofReport {
  facts: Facts;
  statements: readonly { id: string; text: string; status: string }[];
  /** How many statements the second program has recomputed. */
  recomputed: number;
  kernel: KernelReport;
  lean: LeanReport;
}

export function writeReport({ facts, statements, recomputed, kernel, lean }: ProofReport): string {
  const { walk, unlimitedWalk, chance, removals } = facts;
  const kernelChecked = statements.filter((statement) => statement.status === "kernel-checked").length;
  return [
    "# The Monster Walk: what is stated, recomputed and proved",
    "",
    `${recomputed} of ${statements.length} statements recomputed by a second program from certificate.json.`,
    `${kernelChecked} of them follow from theorems that Pipelite's Lean kernel has checked in MonsterWalk.ndjson: ${kernel.theorems.length}`,
    `theorems with their lemmas, none with an axiom. Lean itself: ${lean.status}${lean.version === null ? "" : `, ${lean.version}`}.`,
    "",
    `The order of the Monster group: ${facts.order.decimal}`,
    "",
    `## The walk, removals of at most ${walk.limit} prime powers`,
    "",
    "From each position the longest run of digits that begins order/product(S), for some set S of whole prime powers;",
    "fewest factors first, then the lowest primes.",
    "",
    ...tableOf(walk, facts),
    "",
    `${walk.coveredDigits} digits; the next digit is ${walk.stopDigit}, and no number begins with it.`,
    "",
    `## The same rule without a limit: ${unlimitedWalk.groups.length} groups`,
    "",
    ...tableOf(unlimitedWalk, facts),
    "",
    "## Is it more than chance?",
    "",
    `${chance.matches} of the ${removals.count} removals begin one of the ${walk.groups.length} groups. Leading digits that`,
    `follow Benford's law would give ${chance.expected}, give or take twice the square root of that. ${judge(chance)}`,
    "",
    "## Statements",
    "",
    "| id | statement | status |",
    "| --- | --- | --- |",
    ...statements.map(({ id, text, status }) => `| ${id} | ${text} | ${status} |`),
    "",
  ].join("\n");
}

function tableOf({ groups }: Walk, { powers }: Facts): string[] {
  const name = (prime: number): string => {
    const exponent = powers.find((power) => power.prime === prime)?.exponent ?? 1;
    return exponent === 1 ? `${prime}` : `${prime}^${exponent}`;
  };
  return [
    "| # | at | digits | removed | leaves | removals that give it |",
    "| --- | --- | --- | --- | --- | --- |",
    ...groups.map(({ index, position, digits, removed, quotient, matchCount }) => {
      return `| ${index} | ${position} | ${digits} | ${removed.map(name).join(", ")} | ${quotient} | ${matchCount} |`;
    }),
  ];
}

function judge({ matches, expected }: Facts["chance"]): string {
  const excess = matches - expected;
  if (Math.abs(excess) <= 2 * Math.sqrt(expected)) return "So the groups are no more than chance would give.";
  return `So the groups are ${excess > 0 ? "more" : "fewer"} than chance would give.`;
}
