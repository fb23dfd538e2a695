// Where everything of a home lies: the store and what is kept of runs beside it. No other file joins these paths; names
// in journal and signatures are relative to `own`.
import { join } from "node:path";
import { layoutOf } from "#store/layout.ts";

export interface HomeLayout {
  /** The absolute path of the home. */
  readonly folder: string;
  /** `<home>/pipelite`: all that is not the store's. */
  readonly own: string;
  readonly journal: string;
  readonly runs: string;
  readonly events: string;
  readonly audits: string;
  readonly keys: string;
  readonly notes: string;
  readonly sourceMaps: string;
  readonly builds: string;
  /** An index of the records, which can be made again. */
  readonly history: string;
  /** Names this home among those that write into one database. */
  readonly origin: string;
  readonly sealLock: string;
  readonly temporary: string;
}

export function homeLayout(home: string): HomeLayout {
  const { home: folder, ownDir: own, temporaryDir: temporary } = layoutOf(home);
  return {
    folder,
    own,
    journal: join(own, "journal.ndjson"),
    runs: join(own, "runs"),
    events: join(own, "events"),
    audits: join(own, "audits"),
    keys: join(own, "keys"),
    notes: join(own, "memo"),
    sourceMaps: join(own, "maps"),
    builds: join(own, "builds.sqlite"),
    history: join(own, "history.sqlite"),
    origin: join(own, "origin"),
    sealLock: join(own, "seal.lock"),
    temporary,
  };
}
