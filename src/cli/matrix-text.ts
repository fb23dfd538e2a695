// The table of a matrix as text, and what an audit says of it.
import { own } from "#base/own.ts";
import * as app from "#app/home.ts";
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { formatDuration } from "#base/quantities.ts";
import type { MatrixAudit, ReadMatrix } from "#app/matrix-table.ts";
import type { MatrixRow, MatrixTable } from "#home/matrix-table.ts";
import { cleanLine } from "#view/format.ts";
import { columnsOf, paintOf, pathOf, print, printJson, say } from "./context.ts";
import type { Context, ExitCode, GlobalFlags } from "./context.ts";
import { openHomeOf } from "./run-argument.ts";
import { formatTable } from "./table.ts";

/** A matrix that a word means. */
async function read(context: Context, flags: GlobalFlags, word: string): Promise<ReadMatrix> {
  const { readMatrix } = await import("#app/matrix-table.ts");
  const { pipelineFile } = app.whichRun(context.cwd);
  const place = word.endsWith(".json") ? pathOf(context, word) : word;
  return readMatrix(openHomeOf(context, flags), { word: place, pipelineFile });
}

/** Shows a table; ends with 3 when it is not what its records say. */
export async function showMatrix(context: Context, flags: GlobalFlags, word: string): Promise<ExitCode> {
  const { table, audit } = await read(context, flags, word);
  if (flags.json) printJson(context, table);
  else print(context, textOfTable(table, columnsOf(context)));
  if (audit.status !== "fails") return EXIT.ok;
  say(context, { quiet: false }, `warning: ${describe(audit, context, flags)}`);
  return EXIT.verification;
}

export async function auditMatrixCommand(
  context: Context,
  flags: GlobalFlags,
  word: string,
): Promise<ExitCode> {
  const { audit } = await read(context, flags, word);
  if (flags.json) printJson(context, audit);
  else print(context, describe(audit, context, flags));
  return audit.status === "holds" ? EXIT.ok : EXIT.verification;
}

function describe({ matrixId, status, findings }: MatrixAudit, context: Context, flags: GlobalFlags): string {
  const paint = paintOf(context, flags);
  const style = { holds: "good", fails: "failure", unavailable: "warning" } as const;
  const held = findings.filter((finding) => finding.status === "holds").length;
  const lines = findings
    .filter((finding) => finding.status !== "holds")
    .map(
      (finding) =>
        `${paint(finding.status, style[finding.status])}  ${cleanLine(finding.id)}: ${cleanLine(finding.reason ?? "")}`,
    );
  const head = `${paint(status, style[status])}: ${held} of ${formatCount(findings.length, "statement")} of the table matrix-${matrixId}`;
  return [head, ...lines, "  its runs are audited one by one: pipelite audit RUN"].join("\n");
}

export function textOfTable({ axes, rows }: MatrixTable, columns: number | undefined): string {
  const names = axes.map(({ name }) => name);
  const checks = [...new Set(rows.flatMap((row) => Object.keys(row.checks)))];
  const heads = [...names.map((name) => name.toUpperCase()), "STATUS", "BUILT", "CACHED", "TIME", ...checks];
  const lines = rows.map((row) => [
    ...names.map((name) => own(row.params, name) ?? ""),
    row.failed === undefined ? row.status : `${row.status}: ${row.failed.join(" ")}`,
    String(row.counts?.built ?? "-"),
    String(row.counts?.cached ?? "-"),
    row.durationMs === undefined ? "-" : formatDuration(row.durationMs),
    ...checks.map((id) => checkText(own(row.checks, id))),
  ]);
  return formatTable([heads, ...lines], { columns });
}

function checkText(check: MatrixRow["checks"][string] | undefined): string {
  if (check === undefined) return "-";
  const value = [String(check.value ?? "-"), check.unit].filter((part) => part !== undefined).join(" ");
  return check.status === "passed" ? value : `${value} (${check.status})`;
}
