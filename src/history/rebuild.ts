// Makes the index again from the run records, also where what is there can't be read any more.
import { renameSync, rmSync } from "node:fs";
import { sql } from "kysely";
import { isPipeliteError } from "#base/errors.ts";
import { openRaw, withHistory, type HistoryLocation } from "./history.ts";
import { forgetRecords, syncHistory, type SyncReport } from "./sync.ts";
import { MIGRATION_TABLES, TABLES } from "./schema.ts";

export interface RebuiltIndex extends SyncReport {
  /** Where the damaged file was moved to; or what was dropped. */
  replaced?: string;
}

/** What other homes put into a shared database stays, unless its tables are damaged. */
export async function rebuildHistory(place: HistoryLocation): Promise<RebuiltIndex> {
  const rebuild = () =>
    withHistory(place, async (history) => {
      await forgetRecords(history);
      return syncHistory(history);
    });
  try {
    return await rebuild();
  } catch (error) {
    if (!isPipeliteError(error, "HISTORY_DAMAGED")) throw error;
    const replaced = await (place.database === undefined
      ? moveAside(place.home.layout.history)
      : dropTables(place));
    return { ...(await rebuild()), replaced };
  }
}

function moveAside(file: string): string {
  const aside = `${file}.damaged`;
  renameSync(file, aside);
  for (const ending of ["-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
  return aside;
}

async function dropTables(place: HistoryLocation): Promise<string> {
  const names: string[] = [...TABLES.toReversed(), ...Object.values(MIGRATION_TABLES)];
  await openRaw(place, async (db) => {
    for (const name of names) await sql`drop table if exists ${sql.table(name)}`.execute(db);
  });
  return names.join(", ");
}
