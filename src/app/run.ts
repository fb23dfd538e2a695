// Runs a pipeline, and puts the run into the history that was named. The run is over and recorded even if indexing
// fails.
import { EXIT, isPipeliteError } from "#base/errors.ts";
import type { SyncReport } from "#history/sync.ts";
import type { RunOptions, RunOutcome } from "#run/options.ts";
import { runPipeline } from "#run/run.ts";

export interface Ran extends RunOutcome {
  /** What bringing the database up to date found; absent where none was named. */
  index?: SyncReport;
  /** Why the run is not in the database. */
  indexProblem?: string;
}

/**
 * @param database PostgreSQL, by its URL, that the run is added to
 * @throws PipeliteError of the run; HISTORY_UNREACHABLE and the like for a run that passed: a failed one keeps its exit code
 */
export async function run(options: RunOptions, database?: string): Promise<Ran> {
  if (database === undefined) return runPipeline(options);
  const { checkDatabase, withHistory } = await import("#history/history.ts");
  const { syncHistory } = await import("#history/sync.ts");
  const place = { home: options.home, database };
  checkDatabase(place);
  const outcome = await runPipeline(options);
  if (outcome.status === "cancelled") return outcome;
  try {
    return { ...outcome, index: await withHistory(place, syncHistory) };
  } catch (error) {
    if (outcome.exitCode === EXIT.ok || !isPipeliteError(error)) throw error;
    return { ...outcome, indexProblem: error.message };
  }
}
