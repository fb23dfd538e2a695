// node:sqlite as a dialect of kysely. Every transaction takes the write lock at once, so that two processes wait for each
// other instead of failing half way, and migrations run in one like any other change.
import { makeFolder } from "#base/files.ts";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from "kysely";
import type { DatabaseConnection, Driver, SqliteDatabase } from "kysely";
import { pipeliteError } from "./errors.ts";

/** How long a writer waits for another. */
const BUSY_TIMEOUT_MS = 30_000;

export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;

  constructor(file: string) {
    const database = openDatabase(file);
    super({ database });
    this.#database = database;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#database });
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const execute = (sql: string) => connection.executeQuery(CompiledQuery.raw(sql));
    const start = performance.now();
    // SQLite itself waits by blocking the thread, which may be the one that the lock's holder needs to go on.
    await execute("pragma busy_timeout = 0");
    for (let isBegun = false; !isBegun;) {
      try {
        await execute("begin immediate");
        isBegun = true;
      } catch (error) {
        if (!isBusy(error) || performance.now() - start > BUSY_TIMEOUT_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    await execute(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === SQLITE_BUSY;
}

function openDatabase(file: string): SqliteDatabase {
  makeFolder(dirname(file));
  const db = new DatabaseSync(file);
  try {
    db.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma foreign_keys = on;`);
    requirePlainTables(db, file);
    requireTree(db, file);
    db.exec("pragma journal_mode = wal; pragma synchronous = normal;");
  } catch (error) {
    db.close();
    throw error;
  }
  const prepared = new Map<string, StatementSync>();
  return {
    close: () => db.close(),
    prepare(sql) {
      const statement = prepared.get(sql) ?? db.prepare(sql);
      prepared.set(sql, statement);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}

/**
 * Whoever can write to the file can put something in the place of a table that computes for ever when it is read or written,
 * and SQLite can't be stopped from within the process.
 */
function requirePlainTables(db: DatabaseSync, database: string): void {
  const [odd] = db.prepare(ODD_OBJECTS).all() as { name: string; kind: string }[];
  if (odd === undefined) return;
  const problem = `${odd.name} is a ${odd.kind}, and the index has tables alone`;
  throw pipeliteError("HISTORY_DAMAGED", { database, problem });
}

const ODD_OBJECTS = `
  select name, case type when 'view' then 'view' else type || ' table' end as kind
    from pragma_table_list where schema = 'main' and type in ('view', 'virtual')
  union all select name, type from sqlite_schema where type = 'trigger'
  union all select t.name || '.' || c.name, 'computed column'
    from pragma_table_list as t join pragma_table_xinfo(t.name) as c
    where t.schema = 'main' and t.type = 'table' and c.hidden <> 0
  limit 1`;

/** Pages that lead back to one another are read for ever, too. */
function requireTree(db: DatabaseSync, database: string): void {
  const { isLonger } = db.prepare(IS_LONGER).get() as { isLonger: number };
  if (isLonger === 0) return;
  throw pipeliteError("HISTORY_DAMAGED", { database, problem: "a page of it is in more than one place" });
}

/** Whether there are more pages on the way through all tables than in the file. */
const IS_LONGER = `
  select count(*) > (select page_count from pragma_page_count) as isLonger
    from (select 1 from dbstat limit (select page_count + 1 from pragma_page_count))`;

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((parameter) => {
    if (parameter === null || typeof parameter === "string" || typeof parameter === "number")
      return parameter;
    throw new TypeError(`no value for SQLite: ${typeof parameter}`);
  });
}
