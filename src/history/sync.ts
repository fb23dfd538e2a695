// Brings the index up to the run records of a home: reads what is new or changed by stat, and tells what it found. A record
// that is not the one that was indexed before is never taken over in silence.
import { makeFolder } from "#base/files.ts";
import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Transaction } from "kysely";
import { systemErrorCode } from "#base/errors.ts";
import { requireConflicts, requireRecords } from "./foreign-rows.ts";
import { PARAMETERS_MAX, type History } from "./history.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { cachedStages, countsOf, type RunRecord } from "#home/run-record.ts";
import { rowsOf, type RunRows } from "./rows.ts";
import type { RecordRow, HistoryTables } from "./schema.ts";

export interface SyncReport {
  /** Runs of this home that are new in the index. */
  added: number;
  /** Records that changed after they were indexed; now indexed as they are. */
  changed: { runId: string; before: string; after: string }[];
  /** Runs of which the index has another record, from another home; that one stays. */
  conflicts: { runId: string; here: string; indexed: string }[];
  /** Runs of this home whose record is gone; their rows stay until a rebuild. */
  missing: string[];
  /** Records that can't be read. */
  unreadable: { file: string; problem: string }[];
}

/** Runs of one transaction. */
const CHUNK = 250;

interface Found {
  runId: string;
  signature: string;
  digest: string;
  rows: RunRows;
}

export async function syncHistory(history: History): Promise<SyncReport> {
  const { home, db } = history;
  const origin = originOf(home);
  const report: SyncReport = { added: 0, changed: [], conflicts: [], missing: [], unreadable: [] };
  const known = new Map<string, RecordRow>();
  const records = db.selectFrom("pipelite_records").selectAll().where("origin", "=", origin);
  for (const row of requireRecords(await records.execute(), history.name)) known.set(row.run_id, row);
  const signatures = new Map(
    home.runs
      .ids()
      .toReversed()
      .map((runId) => [runId, home.runs.signatureOf(runId) ?? ""]),
  );
  report.missing = [...known.keys()].filter((runId) => !signatures.has(runId)).toSorted();
  const fresh = [...signatures].filter(([runId, signature]) => known.get(runId)?.signature !== signature);
  for (let start = 0; start < fresh.length; start += CHUNK) {
    const found = rowsOfRuns(home, fresh.slice(start, start + CHUNK), report);
    await db.transaction().execute((transaction) => addFound(transaction, { origin, found, known, report }));
  }
  report.conflicts = await conflictsOf(history, origin);
  return report;
}

/** Takes the records of this home out of the index; what other homes put there stays. */
export async function forgetRecords({ home, db }: History): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom("pipelite_records").where("origin", "=", originOf(home)).execute();
    await transaction
      .deleteFrom("pipelite_runs")
      .where("run_id", "not in", transaction.selectFrom("pipelite_records").select("run_id"))
      .execute();
  });
}

function rowsOfRuns(
  home: Home,
  runs: readonly (readonly [runId: string, signature: string])[],
  report: SyncReport,
): Found[] {
  return runs.flatMap(([runId, signature]) => {
    try {
      const run = home.runs.read(runId);
      if (run.problem !== undefined) throw new Error(run.problem);
      const digest = run.repetition === undefined ? run.digest : signature;
      return [{ runId, signature, digest, rows: rowsOf(toldBy(run), digest) }];
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      report.unreadable.push({ file: home.runs.pathOf(runId), problem });
      return [];
    }
  });
}

/** The record, or what a run that repeats it would have recorded: it built nothing, so it has no measurements. */
function toldBy({ record, repetition }: ReadRun): RunRecord {
  if (repetition === undefined) return record;
  const { runId, startedAt, durationMs } = repetition;
  const stages = cachedStages(record);
  return {
    ...record,
    runId,
    startedAt,
    finishedAt: new Date(Date.parse(startedAt) + durationMs).toISOString(),
    durationMs,
    sandbox: { kind: "not-used", tried: [] },
    stages,
    counts: countsOf(stages),
    claims: [],
  };
}

interface Adding {
  origin: string;
  found: readonly Found[];
  known: ReadonlyMap<string, RecordRow>;
  report: SyncReport;
}

async function addFound(
  db: Transaction<HistoryTables>,
  { origin, found, known, report }: Adding,
): Promise<void> {
  if (found.length === 0) return;
  const added = await db
    .insertInto("pipelite_runs")
    .values(found.map(({ rows }) => rows.run))
    .onConflict((conflict) => conflict.column("run_id").doNothing())
    .returning("run_id")
    .execute();
  const answered = new Set(added.map(({ run_id }) => run_id));
  const isNew = new Set(found.map(({ runId }) => runId).filter((runId) => answered.has(runId)));
  report.added += isNew.size;
  await insertParts(
    db,
    found.filter(({ rows }) => isNew.has(rows.run.run_id)),
  );
  for (const each of found) {
    if (!isNew.has(each.rows.run.run_id)) await compareWithIndexed(db, each, { origin, known, report });
  }
  await db
    .insertInto("pipelite_records")
    .values(
      found.map(({ rows, digest, signature }) => ({ origin, run_id: rows.run.run_id, digest, signature })),
    )
    .onConflict((conflict) =>
      conflict.columns(["origin", "run_id"]).doUpdateSet((row) => ({
        digest: row.ref("excluded.digest"),
        signature: row.ref("excluded.signature"),
      })),
    )
    .execute();
}

/** A run that the index has: the same record, one of ours that changed, or one that another home has otherwise. */
async function compareWithIndexed(
  db: Transaction<HistoryTables>,
  found: Found,
  { origin, known, report }: Omit<Adding, "found">,
): Promise<void> {
  const { runId, digest, rows } = found;
  const { run } = rows;
  const { digest: indexed } = await db
    .selectFrom("pipelite_runs")
    .select("digest")
    .where("run_id", "=", run.run_id)
    .executeTakeFirstOrThrow();
  const before = known.get(run.run_id)?.digest;
  if (before === undefined || before === digest || indexed === digest) return;
  report.changed.push({ runId, before, after: digest });
  await db
    .insertInto("pipelite_changes")
    .values({
      origin,
      run_id: run.run_id,
      digest_before: before,
      digest_after: digest,
      noticed_at: new Date().toISOString(),
    })
    .execute();
  if (indexed !== before) return;
  await db.deleteFrom("pipelite_stages").where("run_id", "=", run.run_id).execute();
  await db.deleteFrom("pipelite_measurements").where("run_id", "=", run.run_id).execute();
  await db.updateTable("pipelite_runs").set(run).where("run_id", "=", run.run_id).execute();
  await insertParts(db, [found]);
}

async function insertParts(db: Transaction<HistoryTables>, found: readonly Found[]): Promise<void> {
  for (const values of portions(found.flatMap(({ rows }) => rows.stages))) {
    await db.insertInto("pipelite_stages").values(values).execute();
  }
  for (const values of portions(found.flatMap(({ rows }) => rows.measurements))) {
    await db.insertInto("pipelite_measurements").values(values).execute();
  }
}

/** Rows in portions that one statement can take. */
function portions<Row extends object>(rows: readonly Row[]): Row[][] {
  const columns = Object.keys(rows[0] ?? {}).length;
  const size = Math.floor(PARAMETERS_MAX / Math.max(1, columns));
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}

async function conflictsOf(
  { db, name: database }: History,
  origin: string,
): Promise<SyncReport["conflicts"]> {
  const rows = await db
    .selectFrom("pipelite_records as record")
    .innerJoin("pipelite_runs as run", "run.run_id", "record.run_id")
    .select(["record.run_id", "record.digest as here", "run.digest as indexed"])
    .where("record.origin", "=", origin)
    .whereRef("record.digest", "<>", "run.digest")
    .execute();
  return requireConflicts(rows, database).map(({ run_id, here, indexed }) => ({
    runId: run_id,
    here,
    indexed,
  }));
}

/** Tells the records of this home from those that other machines put into the same database. */
export function originOf(home: Home): string {
  const file = home.layout.origin;
  if (!existsSync(file)) {
    const own = `${file}.${randomUUID()}`;
    makeFolder(dirname(file));
    writeFileSync(own, `${randomUUID()}\n`);
    try {
      // Whole or not at all, and the first one stays.
      linkSync(own, file);
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    } finally {
      unlinkSync(own);
    }
  }
  return readFileSync(file, "utf8").trim();
}
