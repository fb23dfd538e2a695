// The tables of the index and the migrations that make them, for SQLite and PostgreSQL alike: text, double precision and
// integer are the only types used, and all text is in the order of its code points where order matters.
import type { ColumnDefinitionBuilder, Kysely } from "kysely";
import type { Migration, MigrationProvider } from "kysely/migration";

/** One row a run: what its record says of the whole. */
export interface RunRow {
  run_id: string;
  /** `sha256:<hex>` of the record file that these rows were made from. */
  digest: string;
  pipeline: string;
  pipeline_file: string;
  /** ISO 8601, UTC: sorts by time. */
  started_at: string;
  finished_at: string;
  duration_ms: number;
  status: string;
  engine: string;
  sandbox: string;
  /** Canonical JSON. */
  host: string;
  params: string;
  stages: number;
  built: number;
}

export interface StageRow {
  run_id: string;
  ordinal: number;
  name: string;
  status: string;
  drv_path: string | null;
  out_path: string | null;
  nar_hash: string | null;
  nar_size: number | null;
  duration_ms: number;
  built_in_run: string | null;
  failure: string | null;
}

/** What a run measured itself: figures of the stages that it built, and claims that are numbers. */
export interface MeasurementRow {
  run_id: string;
  ordinal: number;
  /** `check`: a claim that a stage stated in its verdict; `claim`: one that follows from the record. */
  kind: "run" | "stage" | "check" | "claim";
  stage: string | null;
  /** A figure, or the id of a claim. */
  name: string;
  value: number;
  unit: string | null;
  status: string;
}

/** Which home has which record: how a sync tells what is new, and how two machines with different records are told apart. */
export interface RecordRow {
  origin: string;
  run_id: string;
  digest: string;
  /** Stat signature of the file. */
  signature: string;
}

/** Every time a record was found to be another than before. Kept by a rebuild. */
export interface ChangeRow {
  origin: string;
  run_id: string;
  digest_before: string;
  digest_after: string;
  noticed_at: string;
}

export interface HistoryTables {
  pipelite_runs: RunRow;
  pipelite_stages: StageRow;
  pipelite_measurements: MeasurementRow;
  pipelite_records: RecordRow;
  pipelite_changes: ChangeRow;
}

/** In the order in which they are made. */
export const TABLES = [
  "pipelite_runs",
  "pipelite_stages",
  "pipelite_measurements",
  "pipelite_records",
  "pipelite_changes",
] as const satisfies (keyof HistoryTables)[];

type Schema = Kysely<unknown>;

function notNull(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull();
}

function ofRun(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull().references("pipelite_runs.run_id").onDelete("cascade");
}

const first: Migration = {
  async up(db: Schema): Promise<void> {
    await db.schema
      .createTable("pipelite_runs")
      .addColumn("run_id", "text", (column) => column.primaryKey())
      .addColumn("digest", "text", notNull)
      .addColumn("pipeline", "text", notNull)
      .addColumn("pipeline_file", "text", notNull)
      .addColumn("started_at", "text", notNull)
      .addColumn("finished_at", "text", notNull)
      .addColumn("duration_ms", "double precision", notNull)
      .addColumn("status", "text", notNull)
      .addColumn("engine", "text", notNull)
      .addColumn("sandbox", "text", notNull)
      .addColumn("host", "text", notNull)
      .addColumn("params", "text", notNull)
      .addColumn("stages", "integer", notNull)
      .addColumn("built", "integer", notNull)
      .execute();
    await db.schema
      .createIndex("pipelite_runs_of_pipeline")
      .on("pipelite_runs")
      .columns(["pipeline", "started_at"])
      .execute();
    await db.schema
      .createTable("pipelite_stages")
      .addColumn("run_id", "text", ofRun)
      .addColumn("ordinal", "integer", notNull)
      .addColumn("name", "text", notNull)
      .addColumn("status", "text", notNull)
      .addColumn("drv_path", "text")
      .addColumn("out_path", "text")
      .addColumn("nar_hash", "text")
      .addColumn("nar_size", "double precision")
      .addColumn("duration_ms", "double precision", notNull)
      .addColumn("built_in_run", "text")
      .addColumn("failure", "text")
      .addPrimaryKeyConstraint("pipelite_stages_key", ["run_id", "ordinal"])
      .execute();
    await db.schema
      .createTable("pipelite_measurements")
      .addColumn("run_id", "text", ofRun)
      .addColumn("ordinal", "integer", notNull)
      .addColumn("kind", "text", notNull)
      .addColumn("stage", "text")
      .addColumn("name", "text", notNull)
      .addColumn("value", "double precision", notNull)
      .addColumn("unit", "text")
      .addColumn("status", "text", notNull)
      .addPrimaryKeyConstraint("pipelite_measurements_key", ["run_id", "ordinal"])
      .execute();
    await db.schema
      .createTable("pipelite_records")
      .addColumn("origin", "text", notNull)
      .addColumn("run_id", "text", ofRun)
      .addColumn("digest", "text", notNull)
      .addColumn("signature", "text", notNull)
      .addPrimaryKeyConstraint("pipelite_records_key", ["origin", "run_id"])
      .execute();
    await db.schema
      .createTable("pipelite_changes")
      .addColumn("origin", "text", notNull)
      .addColumn("run_id", "text", notNull)
      .addColumn("digest_before", "text", notNull)
      .addColumn("digest_after", "text", notNull)
      .addColumn("noticed_at", "text", notNull)
      .execute();
  },
};

/** In the order of their names. A migration that was ever published stays as it is; a change is a new one. */
export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve({ "0001-runs": first }),
};

export const MIGRATION_TABLES = {
  migrationTableName: "pipelite_migrations",
  migrationLockTableName: "pipelite_migration_lock",
};
