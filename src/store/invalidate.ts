// Taking paths out of the database.
import { textColumn, transact } from "./database.ts";
import { settleRows } from "./durable.ts";
import { pipeliteError } from "./errors.ts";
import type { ReferenceGraph } from "./graph.ts";
import type { StoreDatabase } from "./query.ts";

const THESE = "(select value from json_each(?))";
const REALISATIONS = `(select id from Realisations where outputPath in ${THESE})`;

/** What goes before the rows of paths, and with them: what has a foreign key, by its table and column. */
const DEPENDENTS: Readonly<Record<string, string>> = {
  // Those that depend on a realisation forbid its removal, though they may well outlive it.
  "RealisationsRefs.realisationReference": REALISATIONS,
  "RealisationsRefs.referrer": REALISATIONS,
  "Realisations.outputPath": THESE,
  "DerivationOutputs.drv": THESE,
  "Refs.referrer": THESE,
};

/** Other paths that refer to some: they forbid the removal. */
const FORBIDDING = "Refs.reference";

const FOREIGN_KEYS_SQL = `select tables.name || '.' || keys."from"
  from sqlite_master tables, pragma_foreign_key_list(tables.name) keys where tables.type = 'table'`;

/** From so many paths on, one question to each table takes less than SQLite's own, one for each path and foreign key. */
const MANY = 256;

/**
 * Deletes the rows of paths that nothing else refers to. When what it returns is resolved, a loss of power brings none of them back: then
 * their files may go.
 * @throws PipeliteError STORE_PATH_IN_USE where somebody has registered what refers to one
 */
export function invalidate(
  store: StoreDatabase,
  graph: ReferenceGraph,
  places: readonly number[],
): Promise<void> {
  const ids = places.flatMap((place) => graph.ids[place] ?? []);
  const { database } = store;
  const statement = store.statement(FOREIGN_KEYS_SQL);
  const foreignKeys = new Set(
    statement
      .all()
      .flatMap((row) => Object.values(row))
      .map(String),
  );
  // A table that we don't know is left to SQLite.
  const areKnown = [...foreignKeys].every((key) => key === FORBIDDING || Object.hasOwn(DEPENDENTS, key));
  const isOwnCare = areKnown && ids.length >= MANY;
  if (isOwnCare) database.exec("pragma foreign_keys = off");
  try {
    transact(database, () => {
      for (const [key, rows] of Object.entries(DEPENDENTS)) {
        const [table, column] = key.split(".");
        if (foreignKeys.has(key) && store.statement(`select 1 from ${table} limit 1`).get() !== undefined)
          store.statement(`delete from ${table} where ${column} in ${rows}`).run(JSON.stringify(ids));
      }
      if (isOwnCare) refuseWhereReferred(store, ids);
      deleteRows(store, ids);
    });
  } finally {
    if (isOwnCare) database.exec("pragma foreign_keys = on");
  }
  return settleRows(store.layout);
}

function refuseWhereReferred(store: StoreDatabase, ids: readonly number[]): void {
  if (store.statement("select 1 from Refs limit 1").get() === undefined) return;
  const sql = `select one.path as path, other.path as referrer from Refs join ValidPaths one on one.id = reference
    join ValidPaths other on other.id = referrer where reference in ${THESE} limit 1`;
  const row = store.statement(sql).get(JSON.stringify(ids));
  if (row === undefined) return;
  const reason = `${textColumn(row, "referrer")} refers to it`;
  throw pipeliteError("STORE_PATH_IN_USE", { path: textColumn(row, "path"), reason });
}

/** From so many ids in a row on, one statement for them takes less than their part of a list. */
const LONG_RUN = 32;

function deleteRows(store: StoreDatabase, ids: readonly number[]): void {
  const single: number[] = [];
  for (const { first, last } of runsOf(ids)) {
    if (last - first >= LONG_RUN)
      store.statement("delete from ValidPaths where id between ? and ?").run(first, last);
    else for (let id = first; id <= last; id += 1) single.push(id);
  }
  if (single.length > 0)
    store.statement(`delete from ValidPaths where id in ${THESE}`).run(JSON.stringify(single));
}

/** Numbers as ranges without a gap. */
function runsOf(numbers: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const number of Float64Array.from(numbers).toSorted()) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}
