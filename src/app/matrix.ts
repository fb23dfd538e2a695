// One run of a pipeline for each combination of values, and what came of each, as one table. Every run has its record; what two
// of them have in common is built once, and one that was made before is the run of before.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, isPipeliteError, type ExitCode } from "#base/errors.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { writeFileAtomically } from "#base/files.ts";
import { buildGraph } from "#compile/graph.ts";
import { loadPipeline } from "#compile/load.ts";
import type { RunFinished, RunListener } from "#home/events.ts";
import type { Claim } from "#home/run-record.ts";
import type { RunOptions } from "#run/options.ts";
import { run } from "./run.ts";
import { pipeliteError } from "./errors.ts";

/** A parameter and the texts it is set to, one after the other. */
export interface Axis {
  name: string;
  values: readonly string[];
}

/** One line of the table. */
export interface MatrixRow {
  params: Readonly<Record<string, string>>;
  status: "passed" | "failed" | "cancelled" | "not-run";
  runId?: string;
  /** The run that had made all of it before. */
  repeats?: string;
  counts?: RunFinished["counts"];
  durationMs?: number;
  /** Stages that failed. */
  failed?: string[];
  /** Check -> what it came to. */
  checks: Record<string, Pick<Claim, "status" | "value"> & { unit?: string }>;
  /** Where the result is. */
  result?: string;
  /** Why it could not be run. */
  problem?: string;
}

export interface Matrix {
  axes: readonly Axis[];
  rows: MatrixRow[];
  exitCode: ExitCode;
}

export interface MatrixOptions extends Omit<RunOptions, "listener" | "out" | "follow"> {
  axes: readonly Axis[];
  /** A folder for the links to the results and for the table; null for none. */
  folder: string | null;
  /** PostgreSQL, by its URL, that is to hear of the runs. */
  database: string | undefined;
  /** Who hears of the run of one combination. */
  begin: (params: Readonly<Record<string, string>>) => RunListener;
  /** Called when a line of the table is known. */
  ended: (row: MatrixRow, done: number, total: number) => void;
}

const COMBINATIONS_MAX = 100_000;

/**
 * @throws PipeliteError of what is wrong with the axes or the pipeline, before anything is run: MATRIX_AXIS_TWICE,
 * MATRIX_TOO_LARGE, PARAM_UNKNOWN, PARAM_INVALID ...
 */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { axes, folder, database, begin, ended, ...common } = options;
  const combinations = combinationsOf(axes, Object.keys(common.params));
  await checkValues(options);
  if (folder !== null) mkdirSync(folder, { recursive: true });
  const rows: MatrixRow[] = [];
  let exitCode: ExitCode = EXIT.ok;
  for (const params of combinations) {
    const isStopped: boolean = options.signal.aborted || (exitCode !== EXIT.ok && !options.keepGoing);
    const { row, code }: { row: MatrixRow; code: ExitCode } = isStopped
      ? { row: { params, status: "not-run", checks: {} }, code: EXIT.ok }
      : await runOne(
          params,
          { ...common, out: folder && join(folder, nameOf(params)), listener: begin(params) },
          database,
        );
    rows.push(row);
    if (exitCode === EXIT.ok) exitCode = code;
    if (!isStopped) ended(row, rows.length, combinations.length);
  }
  if (options.signal.aborted) exitCode = EXIT.interrupted;
  const matrix = { axes, rows, exitCode };
  if (folder !== null) writeFileAtomically(join(folder, "table.json"), prettyJson(matrix));
  return matrix;
}

/** Every combination, the values of the last axis changing first. */
function combinationsOf(axes: readonly Axis[], others: readonly string[]): Record<string, string>[] {
  const taken = new Set(others);
  let combinations: Record<string, string>[] = [{}];
  for (const { name, values } of axes) {
    if (taken.has(name)) throw pipeliteError("MATRIX_AXIS_TWICE", { name });
    taken.add(name);
    if (combinations.length * values.length > COMBINATIONS_MAX)
      throw pipeliteError("MATRIX_TOO_LARGE", { limit: COMBINATIONS_MAX });
    combinations = combinations.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
  }
  return combinations;
}

/** Each value of each axis must be one that the pipeline takes: after some hours of work is too late. */
async function checkValues({ axes, pipeline, params, values, model }: MatrixOptions): Promise<void> {
  const loaded = await loadPipeline(pipeline);
  const first = Object.fromEntries(axes.map((axis) => [axis.name, axis.values[0] ?? ""]));
  for (const { name, values: texts } of axes) {
    for (const text of texts) {
      const given = { ...params, ...first, [name]: text };
      await buildGraph(loaded, { params: given, values, model: model !== undefined });
    }
  }
}

async function runOne(
  params: Readonly<Record<string, string>>,
  { listener, ...options }: RunOptions,
  database: string | undefined,
): Promise<{ row: MatrixRow; code: ExitCode }> {
  const row: MatrixRow = { params, status: "failed", checks: {} };
  try {
    const note: RunListener = (event) => {
      listener(event);
      if (event.type === "claim" && event.kind === "check") {
        const { status, value, unit } = event;
        row.checks[event.id] = { status, value, ...(unit !== undefined && { unit }) };
      } else if (event.type === "run-finished") Object.assign(row, endOf(event));
    };
    const ran = await run({ ...options, params: { ...options.params, ...params }, listener: note }, database);
    row.status = ran.status;
    return { row, code: ran.exitCode };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { row: { ...row, problem: error.message }, code: error.exitCode };
  }
}

function endOf(event: RunFinished): Partial<MatrixRow> {
  const { runId, repeats, counts, durationMs, stages } = event;
  const failed = stages.filter(({ status }) => status === "failed").map(({ name }) => name);
  const result = event.link ?? event.tree;
  return {
    runId,
    counts,
    durationMs,
    ...(repeats !== undefined && { repeats }),
    ...(failed.length > 0 && { failed }),
    ...(result !== undefined && { result }),
  };
}

/** A name of a file for a combination, and for no other one. */
function nameOf(params: Readonly<Record<string, string>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join(",");
}
