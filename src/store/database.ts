// Opens the store's database, or says clearly why it does not: a new store is created, a foreign or damaged
// one is refused before anything is written to it.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { type PipeliteError, systemErrorCode } from "#base/errors.ts";
import { wholeFile, writeFileAtomically } from "#base/files.ts";
import { isStorePath, STORE_DIR } from "#nix/store-path.ts";
import { BUSY_TIMEOUT_MS } from "./failure.ts";
import type { Layout } from "./layout.ts";
import { PRAGMAS_SQL, REALISATIONS_SQL, REALISATIONS_VERSION } from "./schema.ts";
import { SCHEMA_COLUMNS, SCHEMA_SQL, SCHEMA_VERSION } from "./schema.ts";
import { pipeliteError } from "./errors.ts";

export type Row = Record<string, SQLOutputValue>;

/** True once `createDatabase` has done all of its work. */
export function hasDatabase(layout: Layout): boolean {
  return existsSync(layout.schemaFile);
}

/**
 * Makes the database of a new store; the schema file comes last and says that it is complete.
 * @throws PipeliteError STORE_DATABASE_DAMAGED of a store that is not new: in an empty database all of it would be garbage
 */
export function createDatabase(layout: Layout): void {
  const paths = readdirSync(layout.storeDir).filter(
    (name) => !name.endsWith(".lock") && isStorePath(`${STORE_DIR}/${name}`),
  );
  if (paths.length > 0)
    throw damaged(layout, `it is missing, or its schema file is, beside a store of ${paths.length} paths`);
  // What a loss of power left half made of one.
  for (const suffix of ["", "-journal", "-wal", "-shm"])
    rmSync(`${layout.databaseFile}${suffix}`, { force: true });
  const database = new DatabaseSync(layout.databaseFile, { timeout: BUSY_TIMEOUT_MS });
  try {
    // Nobody opens it before the schema file is there: the disk is waited for once, at the end.
    database.exec("pragma synchronous = off; pragma journal_mode = wal");
    transact(database, () => database.exec(SCHEMA_SQL + REALISATIONS_SQL));
  } finally {
    database.close();
  }
  for (const made of [layout.databaseFile, dirname(layout.databaseFile)]) syncNow(made);
  // Without what they hold nobody opens it any more, whatever else outlasts a loss of power.
  writeFileAtomically(layout.realisationsSchemaFile, REALISATIONS_VERSION, { flush: true });
  writeFileAtomically(layout.schemaFile, SCHEMA_VERSION, { flush: true });
}

function syncNow(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens the database of an existing store.
 * @throws PipeliteError STORE_SCHEMA_FOREIGN, STORE_DATABASE_DAMAGED
 */
export function openDatabase(layout: Layout, { readOnly }: { readOnly: boolean }): DatabaseSync {
  checkVersion(layout);
  checkFile(layout);
  const database = readOnly ? openReadOnly(layout) : openWritable(layout);
  try {
    checkShape(layout, database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Runs `action` in one transaction: all of it is committed, or nothing. */
export function transact<T>(database: DatabaseSync, action: () => T): T {
  const { begin, commit } = boundsOf(database);
  begin.run();
  try {
    const result = action();
    commit.run();
    return result;
  } catch (error) {
    // A full disk may have rolled it back already.
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

interface Bounds {
  begin: StatementSync;
  commit: StatementSync;
}

/** Preparing one takes longer than running it. */
const bounds = new WeakMap<DatabaseSync, Bounds>();

function boundsOf(database: DatabaseSync): Bounds {
  const known = bounds.get(database);
  if (known !== undefined) return known;
  const made = { begin: database.prepare("begin immediate"), commit: database.prepare("commit") };
  bounds.set(database, made);
  return made;
}

/** One column of a row as text; the statement must select it. */
export function textColumn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} holds ${String(value)}`);
  return value;
}

export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}

export function integerColumn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} holds ${String(value)}`);
  return value;
}

/** Prepares each statement once, when it is first asked for. */
export function statementsOf(database: DatabaseSync): (sql: string) => StatementSync {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, (statement = database.prepare(sql)));
    return statement;
  };
}

function openWritable(layout: Layout): DatabaseSync {
  const database = new DatabaseSync(layout.databaseFile, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (database.prepare("pragma journal_mode").get()?.["journal_mode"] !== "wal") {
      database.exec("pragma journal_mode = wal");
    }
    database.exec(PRAGMAS_SQL);
    addRealisationTables(layout, database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** A store that Nix made without `ca-derivations` has none. */
function addRealisationTables(layout: Layout, database: DatabaseSync): void {
  const sql = "select 1 from sqlite_master where type = 'table' and name = 'Realisations'";
  if (database.prepare(sql).get() !== undefined) return;
  transact(database, () => database.exec(REALISATIONS_SQL));
  writeFileAtomically(layout.realisationsSchemaFile, REALISATIONS_VERSION);
}

/**
 * SQLite wants to write beside a database in WAL mode even to read it; where it cannot, no log means no
 * writer.
 */
function openReadOnly(layout: Layout): DatabaseSync {
  const options = { readOnly: true, timeout: BUSY_TIMEOUT_MS };
  const database = new DatabaseSync(layout.databaseFile, options);
  try {
    database.prepare("select count(*) from sqlite_master").get();
    return database;
  } catch (error) {
    database.close();
    // On a full disk it has made an empty one.
    const log = statSync(`${layout.databaseFile}-wal`, { throwIfNoEntry: false });
    if (systemErrorCode(error) !== "ERR_SQLITE_ERROR" || (log?.size ?? 0) > 0) throw error;
  }
  const url = pathToFileURL(layout.databaseFile);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, options);
}

function checkVersion(layout: Layout): void {
  const version = wholeFile(layout.schemaFile).toString("latin1").trim();
  if (version === SCHEMA_VERSION) return;
  throw pipeliteError("STORE_SCHEMA_FOREIGN", {
    home: layout.home,
    actual: `schema ${JSON.stringify(version.slice(0, 20))}`,
    wanted: `schema ${SCHEMA_VERSION}`,
  });
}

/** Looks at the file's own header, since SQLite takes an empty file for a new database and writes to it. */
function checkFile(layout: Layout): void {
  const file = layout.databaseFile;
  if (!existsSync(file)) throw damaged(layout, "it is missing");
  const header = Buffer.alloc(100);
  const fd = openSync(file, "r");
  try {
    const size = fstatSync(fd).size;
    const read = readSync(fd, header, 0, header.length, 0);
    if (read < header.length) throw damaged(layout, `it is cut off after ${size} bytes`);
    if (header.toString("latin1", 0, 16) !== "SQLite format 3\0")
      throw damaged(layout, "it is not a database");
    // With a write-ahead log the header may be ahead of the file.
    if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
    const stored = header.readUInt16BE(16);
    const wanted = header.readUInt32BE(28) * (stored === 1 ? 65_536 : stored);
    if (size < wanted) throw damaged(layout, `it is cut off after ${size} of ${wanted} bytes`);
  } finally {
    closeSync(fd);
  }
}

function checkShape(layout: Layout, database: DatabaseSync): void {
  for (const [table, wanted] of Object.entries(SCHEMA_COLUMNS)) {
    const rows = database.prepare("select name from pragma_table_info(?)").all(table);
    const columns = new Set(rows.map((row) => textColumn(row, "name")));
    if (columns.size === 0) throw damaged(layout, `its table ${table} is missing`);
    const missing = wanted.filter((column) => !columns.has(column));
    if (missing.length > 0) throw foreign(layout, `no ${missing.join(", ")} in ${table}`, wanted.join(", "));
  }
  const row = database.prepare("select path from ValidPaths limit 1").get();
  const path = row && textColumn(row, "path");
  if (path !== undefined && !isStorePath(path))
    throw foreign(layout, `the path ${path}`, "a path in /nix/store");
}

function damaged(layout: Layout, reason: string): PipeliteError {
  return pipeliteError("STORE_DATABASE_DAMAGED", {
    home: layout.home,
    file: layout.databaseFile,
    reason,
  });
}

function foreign(layout: Layout, actual: string, wanted: string): PipeliteError {
  return pipeliteError("STORE_SCHEMA_FOREIGN", { home: layout.home, actual, wanted });
}
