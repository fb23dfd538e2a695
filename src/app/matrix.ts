// One run of a pipeline for each combination of values, several at a time, and what came of each, as one table. Every run has its
// record; what two of them have in common is built once, and one that was made before is the run of before.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { EXIT, isPipeliteError, type ExitCode } from "#base/errors.ts";
import { hexDigestOf } from "#base/digest.ts";
import { makeFolder, writeFileAtomically } from "#base/files.ts";
import { buildGraph } from "#compile/graph.ts";
import { loadPipeline, type LoadedPipeline } from "#compile/load.ts";
import { jobsOf, type Machines } from "#engine/nix-engine.ts";
import type { RunFinished, RunListener } from "#home/events.ts";
import { checkOf, combinationsOf, fileOfMatrix, MATRIX_SCHEMA, matrixStatusOf } from "#home/matrix-table.ts";
import { writeTable, type Axis, type MatrixRow, type MatrixTable } from "#home/matrix-table.ts";
import { newRunId } from "#home/run-id.ts";
import { newRoom } from "#run/costs.ts";
import type { SharedByRuns, RunOptions } from "#run/options.ts";
import { run } from "./run.ts";
import { pipeliteError } from "./errors.ts";

export type { Axis, MatrixRow, MatrixTable };

export interface Matrix {
  table: MatrixTable;
  exitCode: ExitCode;
}

/** Who hears of the run of one combination. */
export interface RowListener {
  listener: RunListener;
  close: () => void;
}

export interface MatrixOptions extends Omit<RunOptions, "listener" | "out" | "follow" | "beside"> {
  axes: readonly Axis[];
  /** A folder for the links to the results and for the table; null for none. */
  folder: string | null;
  /** PostgreSQL, by its URL, that is to hear of the runs. */
  database: string | undefined;
  begin: (params: Readonly<Record<string, string>>) => RowListener;
  /** Called when a line of the table is known. */
  ended: (row: MatrixRow, done: number, total: number) => void;
}

const COMBINATIONS_MAX = 100_000;
/** While some are built, others are prepared or gather their results. */
const AT_A_TIME_MAX = 16;
/** The file with the table is written no more often, and no later after a run has ended. */
const WRITE_EVERY_MS = 500;

/**
 * @throws PipeliteError of what is wrong with the axes or the pipeline, before anything is run: MATRIX_AXIS_TWICE,
 * MATRIX_TOO_LARGE, PARAM_UNKNOWN, PARAM_INVALID ...
 */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { axes, folder, home, signal } = options;
  checkAxes(axes, Object.keys(options.params));
  const startedAt = new Date();
  const loaded = await loadPipeline(options.pipeline);
  await checkValues(loaded, options);
  if (options.builders !== undefined) jobsOf(options.builders);
  const rows = combinationsOf(axes).map((params): MatrixRow => ({ params, status: "not-run", checks: {} }));
  const identity = {
    schema: MATRIX_SCHEMA,
    matrixId: newRunId(startedAt),
    pipelineFile: loaded.file,
  } as const;
  const tableNow = (): MatrixTable => ({
    ...identity,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    axes,
    status: matrixStatusOf(rows),
    rows,
  });
  const keep = (content: string): void => {
    if (folder !== null) writeFileAtomically(join(folder, "table.json"), content);
  };
  if (folder !== null) makeFolder(folder);
  let exitCode: ExitCode = EXIT.ok;
  let window: NodeJS.Timeout | undefined;
  let isBehind = false;
  const keepNow = (): void => {
    keep(writeTable(tableNow()));
    isBehind = false;
    window = setTimeout(() => {
      window = undefined;
      try {
        if (isBehind) keepNow();
      } catch {
        // The table is written once more at the end, and there it counts.
      }
    }, WRITE_EVERY_MS);
  };
  let done = 0;
  await runRows(rows, options, loaded, (index, { row, code }) => {
    rows[index] = row;
    done += 1;
    if (exitCode === EXIT.ok) exitCode = code;
    options.ended(row, done, rows.length);
    isBehind = true;
    if (window === undefined) keepNow();
    return exitCode === EXIT.ok || options.keepGoing;
  }).finally(() => clearTimeout(window));
  if (signal.aborted) exitCode = EXIT.interrupted;
  const table = tableNow();
  const content = writeTable(table);
  const { matrixId: subject } = table;
  home.keep({ kind: "matrix", subject, file: fileOfMatrix(subject), content });
  keep(content);
  return { table, exitCode };
}

interface Ended {
  row: MatrixRow;
  code: ExitCode;
}

/** @param ended says whether others may start */
async function runRows(
  rows: readonly MatrixRow[],
  { axes: _, folder, database, begin, ended: __, ...common }: MatrixOptions,
  loaded: LoadedPipeline,
  ended: (index: number, end: Ended) => boolean,
): Promise<void> {
  const { builders } = common;
  const jobs = common.jobs ?? (builders === undefined ? availableParallelism() : jobsOf(builders));
  let machines: Promise<Machines> | undefined;
  const beside: SharedByRuns = {
    loaded,
    room: newRoom(jobs, builders === undefined),
    machines: builders === undefined ? undefined : (opening) => (machines ??= opening()),
  };
  const open = [...rows.entries()];
  let mayStart = true;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = mayStart && !common.signal.aborted ? open.shift() : undefined;
      if (next === undefined) return;
      const [index, { params }] = next;
      const { listener, close } = begin(params);
      const out = folder && join(folder, nameOf(params));
      const options = { ...common, out, listener, beside };
      const end = await runOne(params, options, database).finally(close);
      mayStart = ended(index, end) && mayStart;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs + 1, AT_A_TIME_MAX) }, work));
  } finally {
    (await machines?.catch(() => undefined))?.close();
  }
}

function checkAxes(axes: readonly Axis[], others: readonly string[]): void {
  const taken = new Set(others);
  let count = 1;
  for (const { name, values } of axes) {
    if (taken.has(name)) throw pipeliteError("MATRIX_AXIS_TWICE", { name });
    taken.add(name);
    count *= values.length;
    if (count > COMBINATIONS_MAX) throw pipeliteError("MATRIX_TOO_LARGE", { limit: COMBINATIONS_MAX });
  }
}

/** Each value of each axis must be one that the pipeline takes: after some hours of work is too late. */
async function checkValues(
  loaded: LoadedPipeline,
  { axes, params, values, model, env }: MatrixOptions,
): Promise<void> {
  const first = Object.fromEntries(axes.map((axis) => [axis.name, axis.values[0] ?? ""]));
  const given = { params: { ...params, ...first }, values, env, model: model !== undefined };
  const { builder } = await buildGraph(loaded, given);
  for (const axis of axes) for (const text of axis.values) builder.checkParam(axis.name, text);
}

async function runOne(
  params: Readonly<Record<string, string>>,
  { listener, ...options }: RunOptions,
  database: string | undefined,
): Promise<Ended> {
  const row: MatrixRow = { params, status: "failed", checks: {} };
  try {
    const note: RunListener = (event) => {
      listener(event);
      if (event.type === "claim" && event.kind === "check") row.checks[event.id] = checkOf(event);
      else if (event.type === "run-finished") Object.assign(row, endOf(event));
    };
    const ran = await run({ ...options, params: { ...options.params, ...params }, listener: note }, database);
    row.status = ran.status;
    return { row, code: ran.exitCode };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { row: { ...row, problem: error.message }, code: error.exitCode };
  }
}

function endOf({ runId, repeats, counts, durationMs, stages }: RunFinished): Partial<MatrixRow> {
  const failed = stages.filter(({ status }) => status === "failed").map(({ name }) => name);
  return {
    runId,
    counts,
    durationMs,
    ...(repeats !== undefined && { repeats }),
    ...(failed.length > 0 && { failed }),
  };
}

/** A name of a file for a combination, and for no other one. */
function nameOf(params: Readonly<Record<string, string>>): string {
  const name = Object.entries(params)
    .map(([param, value]) => `${encodeURIComponent(param)}=${encodeURIComponent(value)}`)
    .join(",");
  // A link is made beside its place first, under a longer name.
  return name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 65)}~${hexDigestOf(name)}`;
}

const NAME_MAX = 200;
