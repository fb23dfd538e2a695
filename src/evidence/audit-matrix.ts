// The table of a matrix against the journal and the records of its runs. Whether those runs are what they say is the audit of
// each of them.
import { own } from "#base/own.ts";
import { isDeepStrictEqual } from "node:util";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import {
  combinationsOf,
  rowOf,
  matrixStatusOf,
  type MatrixRow,
  type MatrixTable,
} from "#home/matrix-table.ts";
import { fails, holds, unavailable, type AuditStatus, type IntegrityFinding } from "./integrity.ts";

export interface MatrixAudit {
  matrixId: string;
  status: AuditStatus;
  findings: IntegrityFinding[];
}

/** @param content the bytes that the table was read from */
export function auditMatrix(home: Home, table: MatrixTable, content: Uint8Array): MatrixAudit {
  const { matrixId, rows, axes } = table;
  const findings = [
    checkJournal(home, matrixId, content),
    isDeepStrictEqual(
      rows.map(({ params }) => params),
      combinationsOf(axes),
    )
      ? holds("axes")
      : fails("axes", "the lines are not the combinations of the axes, each once, in their order"),
    table.status === matrixStatusOf(rows)
      ? holds("status")
      : fails("status", `it says ${table.status}, and its lines come to ${matrixStatusOf(rows)}`),
    ...rows.map((row) => checkRow(home, table, row)),
  ];
  const status = (["fails", "unavailable"] as const).find((each) =>
    findings.some((finding) => finding.status === each),
  );
  return { matrixId, status: status ?? "holds", findings };
}

function checkJournal(home: Home, matrixId: string, content: Uint8Array): IntegrityFinding {
  const last = home.journal.about("matrix", matrixId).at(-1);
  if (last === undefined) return fails("journal", "the journal has no such table");
  if (last.digest !== digestOf(content)) return fails("journal", "it is not the table that the journal has");
  return holds("journal");
}

function checkRow(home: Home, { pipelineFile }: MatrixTable, row: MatrixRow): IntegrityFinding {
  const id = Object.entries(row.params)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  if (row.runId === undefined) {
    const bare = { params: row.params, status: row.status, checks: {} };
    const { problem, ...rest } = row;
    const says = isDeepStrictEqual(rest, bare);
    if (!says || row.status === "passed" || row.status === "cancelled")
      return fails(id, "it says more than is known without a run");
    return row.status === "not-run"
      ? holds(id)
      : unavailable(id, `there is no record of it: ${problem ?? "it could not be run"}`);
  }
  try {
    const run = home.runs.read(row.runId);
    if (run.problem !== undefined) return fails(id, `run ${row.runId}: ${run.problem}`);
    const { record } = run;
    if (record.pipelineFile !== pipelineFile)
      return fails(id, `run ${row.runId} is of ${record.pipelineFile}`);
    const other = Object.entries(row.params).find(([name, text]) => !isMeant(text, own(record.params, name)));
    if (other !== undefined)
      return fails(id, `run ${row.runId} has ${other[0]}=${String(own(record.params, other[0]))}`);
    const told: Readonly<Record<string, unknown>> = { ...rowOf(row.params, run) };
    const { problem: _, ...said } = row;
    const wrong = [...new Set([...Object.keys(told), ...Object.keys(said)])].find(
      (name) => !isDeepStrictEqual(told[name], (said as Record<string, unknown>)[name]),
    );
    return wrong === undefined ? holds(id) : fails(id, `its ${wrong} is not what run ${row.runId} says`);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return fails(id, error.message);
  }
}

/** Whether the value that a run had is that of the text it was set by. */
function isMeant(text: string, value: unknown): boolean {
  return String(value) === text || (typeof value === "number" && Number(text) === value);
}
