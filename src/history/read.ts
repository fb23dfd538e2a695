// What the commands ask the index: which pipelines and runs there are, and the series of what they measured.
import {
  requireChanges,
  requireCount,
  requireMeasured,
  requirePipelines,
  requireRuns,
  type MeasuredRow,
  type PipelineRow,
} from "./foreign-rows.ts";
import type { History } from "./history.ts";
import type { RunRow } from "./schema.ts";
import { FIGURES, type FigureName, type Point, type MeasuredSeries } from "./series.ts";
import { pipeliteError } from "./errors.ts";

/** A pipeline by its name, or by its file where the name alone is not meant. */
export interface PipelineKey {
  name?: string;
  file?: string;
}

export interface RunsQuery extends PipelineKey {
  limit?: number | undefined;
}

/** Runs, newest first. */
export async function readRuns(
  { db, name: database }: History,
  { name, file, limit }: RunsQuery = {},
): Promise<RunRow[]> {
  let query = db.selectFrom("pipelite_runs").selectAll();
  if (name !== undefined) query = query.where("pipeline", "=", name);
  if (file !== undefined) query = query.where("pipeline_file", "=", file);
  query = query.orderBy("started_at", "desc").orderBy("run_id", "desc");
  return requireRuns(await (limit === undefined ? query : query.limit(limit)).execute(), database);
}

export async function countRuns({ db, name: database }: History): Promise<number> {
  const { count } = await db
    .selectFrom("pipelite_runs")
    .select(({ fn }) => fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  return requireCount(count, database);
}

/** Changes of records that were noticed, oldest first. */
export async function readChanges({ db, name: database }: History) {
  const rows = await db.selectFrom("pipelite_changes").selectAll().orderBy("noticed_at").execute();
  return requireChanges(rows, database).map(({ run_id, digest_before, digest_after, noticed_at }) => ({
    runId: run_id,
    before: digest_before,
    after: digest_after,
    noticedAt: noticed_at,
  }));
}

/** Every pipeline that has a run, by name and file. */
export async function readPipelines({ db, name: database }: History): Promise<PipelineRow[]> {
  const rows = await db
    .selectFrom("pipelite_runs")
    .select(["pipeline as name", "pipeline_file as file"])
    .distinct()
    .execute();
  return requirePipelines(rows, database);
}

/** The pipeline of the newest run. */
export async function newestPipeline(history: History): Promise<string> {
  const [newest] = await readRuns(history, { limit: 1 });
  if (newest === undefined) throw pipeliteError("HISTORY_EMPTY", { database: history.name });
  return newest.pipeline;
}

/** What a record says of itself besides (sizes, start times) is asked for by its id only. */
const USUAL: MeasuredSeries["kind"][] = ["run", "stage", "check"];
const FIGURES_OF: MeasuredSeries["kind"][] = ["run", "stage"];
const CLAIMS: MeasuredSeries["kind"][] = ["check", "claim"];

export interface SeriesQuery extends PipelineKey {
  stage?: string | undefined;
  figure?: FigureName | undefined;
  claim?: string | undefined;
  /** Only runs of the home with this name (see `originOf`). */
  origin?: string | undefined;
  /** Only runs up to this one, it included. */
  until?: { startedAt: string; runId: string } | undefined;
}

/** What was measured, one series each: of the run, of its stages, of their checks; any other claim by its id. */
export async function readSeries(
  { db, name: database }: History,
  query: SeriesQuery,
): Promise<MeasuredSeries[]> {
  let rows = db
    .selectFrom("pipelite_measurements as measured")
    .innerJoin("pipelite_runs as run", "run.run_id", "measured.run_id")
    .select(["run.run_id", "run.pipeline", "run.started_at", "run.host"])
    .select(["measured.kind", "measured.stage", "measured.name", "measured.value", "measured.unit"]);
  if (query.name !== undefined) rows = rows.where("run.pipeline", "=", query.name);
  if (query.file !== undefined) rows = rows.where("run.pipeline_file", "=", query.file);
  if (query.stage !== undefined) rows = rows.where("measured.stage", "=", query.stage);
  if (query.figure !== undefined) rows = rows.where("measured.name", "=", query.figure);
  if (query.claim !== undefined) rows = rows.where("measured.name", "=", query.claim);
  const kinds = query.claim !== undefined ? CLAIMS : query.figure !== undefined ? FIGURES_OF : USUAL;
  rows = rows.where("measured.kind", "in", kinds);
  if (query.origin !== undefined) {
    const own = db.selectFrom("pipelite_records").select("run_id").where("origin", "=", query.origin);
    rows = rows.where("run.run_id", "in", own);
  }
  if (query.until !== undefined) rows = rows.where("run.started_at", "<=", query.until.startedAt);
  const measured = requireMeasured(await rows.execute(), database);
  const groups = new Map<string, typeof measured>();
  for (const row of measured) {
    const key = JSON.stringify([row.kind, row.stage, row.name]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map(seriesOf).toSorted(bySubject);
}

function seriesOf(rows: readonly MeasuredRow[]): MeasuredSeries {
  const sorted = rows.toSorted((a, b) => order(a.started_at, b.started_at) || order(a.run_id, b.run_id));
  const newest = sorted.at(-1);
  if (newest === undefined) throw new Error("a series without values");
  const { pipeline, kind, stage, name, unit } = newest;
  const same = sorted.filter((row) => row.unit === unit);
  const points: Point[] = same.map(({ run_id, started_at, value, host }) => ({
    runId: run_id,
    startedAt: started_at,
    value,
    host,
  }));
  const isFigure = kind === "run" || kind === "stage";
  const figure = !isFigure ? undefined : FIGURES.find((each) => each === name);
  const subject = !isFigure ? name : `${stage ?? "run"}/${name}`;
  return {
    pipeline,
    subject,
    kind,
    ...(stage !== null && { stage }),
    ...(figure !== undefined && { figure }),
    claims: claimsOf(subject, stage, figure),
    ...(unit !== null && { unit }),
    points,
    otherUnits: sorted.length - same.length,
  };
}

/** Ids of the claims of src/evidence that state a figure. */
function claimsOf(subject: string, stage: string | null, figure: FigureName | undefined): string[] {
  if (figure === undefined) return [subject];
  if (stage === null) return [subject];
  const names: Record<FigureName, string[]> = {
    wall: ["wall"],
    cpu: ["cpu-user", "cpu-system"],
    memory: ["peak-memory"],
    io: ["io-read", "io-write"],
    duration: ["duration"],
  };
  return names[figure].map((name) => `${stage}/${name}`);
}

const KINDS = ["run", "stage", "check", "claim"] as const;

function bySubject(a: MeasuredSeries, b: MeasuredSeries): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    order(a.stage ?? "", b.stage ?? "") ||
    FIGURES.indexOf(a.figure ?? "wall") - FIGURES.indexOf(b.figure ?? "wall") ||
    order(a.subject, b.subject)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
