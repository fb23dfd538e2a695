// The history of runs: an index of all run records in a database, SQLite in the home or PostgreSQL that several machines
// share. Records stay the truth: the index holds nothing that is not in them, and can be made again from them at any time.
// Whatever a database refuses becomes an error that says what to do.
import type { Home } from "#home/home.ts";
import { Kysely, NoResultError, PostgresDialect, type Dialect } from "kysely";
import { Migrator } from "kysely/migration";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { migrations, MIGRATION_TABLES, type HistoryTables } from "./schema.ts";
import { NoPostgres } from "./no-postgres.ts";
import { NodeSqliteDialect } from "./sqlite.ts";
import { pipeliteError } from "./errors.ts";

export interface HistoryLocation {
  home: Home;
  /** `postgres://...`; without it `<home>/pipelite/history.sqlite`. */
  database?: string | undefined;
  /** An index made for the moment, of the records of this home as they are: what lies in a database has no say. */
  isMadeNow?: boolean;
}

export interface History {
  home: Home;
  /** What to call the database: a file, or an address without its password. */
  name: string;
  db: Kysely<HistoryTables>;
}

/** Rows of one statement: below the parameters that both databases take. */
export const PARAMETERS_MAX = 30_000;

/** SQLite's name for a database without a file. */
const IN_MEMORY = ":memory:";

/**
 * Opens the index, brings its tables up to date, and closes it when `use` is done.
 * @throws PipeliteError HISTORY_DATABASE_INVALID, HISTORY_UNREACHABLE, HISTORY_DAMAGED, HISTORY_NEWER, HISTORY_REFUSED
 */
export function withHistory<T>(place: HistoryLocation, use: (history: History) => Promise<T>): Promise<T> {
  return openRaw(place, async (db) => {
    await migrate(db);
    return use({ home: place.home, name: nameOf(place), db });
  });
}

/** The database as it is, without a look at its tables. */
export async function openRaw<T>(
  place: HistoryLocation,
  use: (db: Kysely<HistoryTables>) => Promise<T>,
): Promise<T> {
  let db: Kysely<HistoryTables> | undefined;
  try {
    db = new Kysely<HistoryTables>({ dialect: await dialectOf(place) });
    return await use(db);
  } catch (error) {
    throw asHistoryError(error, nameOf(place));
  } finally {
    await db?.destroy();
  }
}

/** The database as it may be shown: passwords are left out. */
export function nameOf({ home, database }: HistoryLocation): string {
  if (database === undefined) return home.layout.history;
  return database
    .replace(/^([^:/]+:\/\/[^:/@]*):.*@/, "$1:***@")
    .replaceAll(/([?&](?:password|sslpassword)=)[^&]*/gi, "$1***");
}

/** @throws PipeliteError HISTORY_DATABASE_INVALID when the place names no database that could be opened */
export function checkDatabase(place: HistoryLocation): void {
  const problem = place.database === undefined ? undefined : problemOfAddress(place.database);
  if (problem !== undefined)
    throw pipeliteError("HISTORY_DATABASE_INVALID", { database: nameOf(place), problem });
}

/** What is wrong with a connection URI (PostgreSQL, libpq-connect), as far as it can be told without connecting. */
function problemOfAddress(database: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(database)) return "it must be postgres://...";
  // A user without a host is one at the local socket, which a URL can't say.
  const url = URL.parse(database.replace("@/", "@localhost/"));
  if (url === null) return "it is no address (is a bracket or a port wrong?)";
  const { username, password, hostname, port, pathname, searchParams } = url;
  for (const part of [username, password, hostname, pathname]) {
    try {
      if (decodeURIComponent(part).includes("\0")) return "it has a NUL character";
    } catch {
      return "it has a % that begins no character";
    }
  }
  const ports = [port, ...searchParams.getAll("port")].filter((each) => each !== "");
  const isPort = (each: string) => /^\d{1,5}$/.test(each) && Number(each) > 0 && Number(each) < 2 ** 16;
  return ports.every(isPort) ? undefined : "a port is a number from 1 to 65535";
}

async function dialectOf({ home, database, isMadeNow }: HistoryLocation): Promise<Dialect> {
  if (isMadeNow === true) return new NodeSqliteDialect(IN_MEMORY);
  if (database === undefined) return new NodeSqliteDialect(home.layout.history);
  checkDatabase({ home, database });
  const { postgresPool } = await import("./postgres.ts");
  return new PostgresDialect({ pool: postgresPool(database) });
}

async function migrate(db: Kysely<HistoryTables>): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrations, ...MIGRATION_TABLES }).migrateToLatest();
  if (error !== undefined) throw error;
}

/** PostgreSQL's for a table or a column that is not there. */
const SCHEMA_CODES = new Set(["42P01", "42703"]);
const SQLITE = { error: 1, corrupt: 11, notDatabase: 26 } as const;

function asHistoryError(error: unknown, database: string): unknown {
  if (!(error instanceof Error) || isPipeliteError(error)) return error;
  if (error instanceof NoPostgres)
    return pipeliteError("HISTORY_UNREACHABLE", { database, problem: error.message }, error);
  if (error instanceof NoResultError)
    return pipeliteError(
      "HISTORY_DAMAGED",
      { database, problem: "it answers with no row where there is one" },
      error,
    );
  const problem = error.message;
  // kysely's words for a migration in the table that this version does not know.
  if (/^corrupted migrations: previously executed migration .* is missing$/.test(problem)) {
    return pipeliteError("HISTORY_NEWER", { database }, error);
  }
  const code = systemErrorCode(error);
  if (code === "ERR_SQLITE_ERROR" && "errcode" in error) {
    const kind = Number(error.errcode) & 0xff;
    const isSchema = kind === SQLITE.error && /no such (table|column)/.test(problem);
    const isDamaged = kind === SQLITE.corrupt || kind === SQLITE.notDatabase || isSchema;
    return pipeliteError(isDamaged ? "HISTORY_DAMAGED" : "HISTORY_REFUSED", { database, problem }, error);
  }
  if (problem.startsWith("corrupted migrations"))
    return pipeliteError("HISTORY_DAMAGED", { database, problem }, error);
  if (code !== undefined && SCHEMA_CODES.has(code))
    return pipeliteError("HISTORY_DAMAGED", { database, problem }, error);
  // Certificates and keys are files that the address names.
  if ("syscall" in error && ["open", "read"].includes(String(error.syscall)))
    return pipeliteError("HISTORY_DATABASE_INVALID", { database, problem }, error);
  if (isConnectionError(error, code))
    return pipeliteError("HISTORY_UNREACHABLE", { database, problem: reasonOf(error) }, error);
  // Five characters: a class of PostgreSQL's, such as 42501 for a missing right.
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code))
    return pipeliteError("HISTORY_REFUSED", { database, problem }, error);
  return error;
}

/** Network and socket errors, wrong credentials (28...), no such database (3D000), shutting down (57P..), too many (53300). */
function isConnectionError(error: Error, code: string | undefined): boolean {
  if (code !== undefined && /^(28\w{3}|3D000|57P\d\d|53300|08\w{3})$/.test(code)) return true;
  if ("syscall" in error || error instanceof AggregateError) return true;
  return /^(Connection terminated|timeout expired|timeout exceeded|Client has encountered|The server does not support SSL|SASL|self.signed)/i.test(
    error.message,
  );
}

/** Two addresses that both refuse give an error without words of its own. */
function reasonOf(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  return error.errors
    .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
    .join("; ");
}
