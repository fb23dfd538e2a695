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
  /** The transparency log: its tiles, its checkpoints and its key. */
  readonly log: string;
  /** Logs that this home's journal was in before it came here, a folder each. */
  readonly formerLogs: string;
  /** The last checkpoint of it. */
  readonly checkpoint: string;
  /** The key that signs attestations. */
  readonly builder: string;
  /** Bundles that attest outputs, a folder for each run. */
  readonly attestations: string;
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
  /** What stages that failed were built in, where somebody asked for it. */
  readonly failed: string;
  /** Links that keep what locked environments are made of. */
  readonly locks: string;
  /** Trees of the store as they were packed for images. */
  readonly packed: string;
}

export function homeLayout(home: string): HomeLayout {
  const { home: folder, ownDir: own, temporaryDir: temporary } = layoutOf(home);
  return {
    folder,
    own,
    journal: join(own, "journal.ndjson"),
    log: join(own, "log"),
    formerLogs: join(own, "former-logs"),
    checkpoint: join(own, "log/checkpoint"),
    builder: join(own, "builder"),
    attestations: join(own, "attestations"),
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
    failed: join(own, "failed"),
    locks: join(own, "locks"),
    packed: join(own, "packed"),
  };
}
