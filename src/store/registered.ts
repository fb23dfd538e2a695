// One question to a store that is not opened for it: whether a path is registered. A run that has nothing to do asks
// nothing else, and opening the store would take longer than the rest of that run.
import { wholeFile } from "#base/files.ts";
import { DatabaseSync } from "node:sqlite";
import { BUSY_TIMEOUT_MS } from "./failure.ts";
import { layoutOf } from "./layout.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** False also where it can't be told: then the store must be opened, which says what is wrong with it. */
export function isRegistered(home: string, path: string): boolean {
  const { schemaFile, databaseFile } = layoutOf(home);
  try {
    if (wholeFile(schemaFile).toString("latin1").trim() !== SCHEMA_VERSION) return false;
    const database = new DatabaseSync(databaseFile, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      return database.prepare("select 1 from ValidPaths where path = ?").get(path) !== undefined;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}
