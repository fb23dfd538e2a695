// The tables of `matrix` within a pipeline: a line for each combination, with what became of the stages made for it.
import type { Claim, RunRecord, StageStatus, VariantTable } from "#home/run-record.ts";
import { formatTable } from "./table.ts";

/** The worst first: what a line with several stages counts as. */
const ORDER: readonly StageStatus[] = ["failed", "cancelled", "skipped", "built", "substituted", "cached"];

export function variantTables(record: RunRecord, columns: number | undefined): string {
  return (record.variants ?? []).map((table) => textOf(table, record, columns)).join("\n\n");
}

function textOf({ place, axes, rows }: VariantTable, record: RunRecord, columns: number | undefined): string {
  const names = axes.map(({ name }) => name);
  const status = new Map(record.stages.map((stage) => [stage.name, stage.status]));
  const checks = new Map<string, Claim[]>();
  for (const claim of record.claims) {
    if (claim.kind !== "check") continue;
    const stage = claim.id.slice(0, claim.id.indexOf("/"));
    checks.set(stage, [...(checks.get(stage) ?? []), claim]);
  }
  const lines = rows.map(({ values, stages }) => {
    const ends = stages.map((name) => status.get(name) ?? "skipped");
    const judged = stages.flatMap((name) => checks.get(name) ?? []);
    return [
      ...names.map((name) => String(values[name])),
      ORDER.find((each) => ends.includes(each)) ?? "not in this run",
      stages.join(" "),
      judged.map(checkText).join(" "),
    ];
  });
  const hasChecks = lines.some((line) => line.at(-1) !== "");
  const heads = [...names.map((name) => name.toUpperCase()), "STATUS", "STAGES", "CHECKS"];
  const shown = [heads, ...lines].map((line) => (hasChecks ? line : line.slice(0, -1)));
  return `matrix of ${place}\n${formatTable(shown, { columns })}`;
}

function checkText({ id, value, unit, status }: Claim): string {
  const text = [String(value ?? "-"), unit].filter((part) => part !== undefined).join(" ");
  return `${id.slice(id.indexOf("/") + 1)}=${text}${status === "passed" ? "" : ` (${status})`}`;
}
