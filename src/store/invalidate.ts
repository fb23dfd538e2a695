// Taking paths out of the database.
import { transact } from "./database.ts";
import { settleRows } from "./durable.ts";
import type { ReferenceGraph } from "./graph.ts";
import type { StoreDatabase } from "./query.ts";

const THESE = "(select value from json_each(?))";
const REALISATIONS_SQL = `delete from RealisationsRefs
  where realisationReference in (select id from Realisations where outputPath in ${THESE})`;

/**
 * Deletes the rows of paths that nothing else refers to. When what it returns is resolved, a loss of power brings none of them back: then
 * their files may go.
 */
export function invalidate(
  store: StoreDatabase,
  graph: ReferenceGraph,
  ids: readonly number[],
): Promise<void> {
  const table = "select 1 from sqlite_master where name = 'RealisationsRefs'";
  const hasRealisations = store.statement(table).get() !== undefined;
  transact(store.database, () => {
    // Those that depend on a realisation forbid its removal, though they may well outlive it.
    if (hasRealisations && store.statement("select 1 from RealisationsRefs limit 1").get() !== undefined)
      store.statement(REALISATIONS_SQL).run(JSON.stringify(ids));
    // What a path refers to never changes.
    const referring = ids.filter((id) => graph.references(id).length > 0);
    if (referring.length > 0)
      store.statement(`delete from Refs where referrer in ${THESE}`).run(JSON.stringify(referring));
    deleteRows(store, ids);
  });
  return settleRows(store.layout);
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
