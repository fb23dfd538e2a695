// The history of runs on the command line: which database, and what bringing it up to date found.
import { EXIT } from "#base/errors.ts";
import type { HistoryLocation } from "#history/history.ts";
import type { SyncReport } from "#history/sync.ts";
import { openHomeOf } from "./run-argument.ts";
import { say, type Context, type ExitCode } from "./context.ts";

const DATABASE_VARIABLE = "PIPELITE_DATABASE";

interface DatabaseFlags {
  store: string | undefined;
  database?: string | undefined;
}

/** The database that the flag or the environment names; undefined for the file in the home. */
export function databaseOf({ env }: Pick<Context, "env">, flag: string | undefined): string | undefined {
  return flag || env[DATABASE_VARIABLE] || undefined;
}

export function historyLocationOf(context: Context, { store, database }: DatabaseFlags): HistoryLocation {
  return { home: openHomeOf(context, { store }), database: databaseOf(context, database) };
}

/** What must not be overlooked: records that are not what was indexed, or not what another home has. */
export function warnOfRecords(context: Context, report: SyncReport): void {
  const warnings = [
    ...report.changed.map(
      ({ runId, before, after }) =>
        `the record of run ${runId} changed since it was indexed (${before} -> ${after}); it is indexed as it is now`,
    ),
    ...report.conflicts.map(
      ({ runId, here, indexed }) =>
        `another home has another record of run ${runId} (here ${here}, indexed ${indexed}); that one stays`,
    ),
    ...report.unreadable.map(({ file, problem }) => `cannot read the run record ${file}: ${problem}`),
  ];
  for (const warning of warnings) say(context, { quiet: false }, `warning: ${warning}`);
}

/** A record that is not what it was, or can't be read, is a failed verification. */
export function verdictOnRecords({ changed, conflicts, unreadable }: SyncReport): ExitCode {
  return changed.length + conflicts.length + unreadable.length > 0 ? EXIT.verification : EXIT.ok;
}
