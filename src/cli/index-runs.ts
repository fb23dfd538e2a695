// After a run: its record goes into the database that was named. The run is over and recorded whatever happens here.
import { EXIT, isPipeliteError } from "#base/errors.ts";
import { withHistory, type Place } from "#history/history.ts";
import { syncHistory } from "#history/sync.ts";
import type { RunOutcome } from "#run/options.ts";
import { say, type Context } from "./context.ts";
import { warnOfRecords } from "./database-flag.ts";

/** @throws PipeliteError HISTORY_UNREACHABLE and the like, of a run that ended well; a failed one keeps its exit code. */
export async function indexRuns(context: Context, place: Place, { exitCode }: RunOutcome): Promise<void> {
  try {
    warnOfRecords(context, await withHistory(place, syncHistory));
  } catch (error) {
    if (exitCode === EXIT.ok || !isPipeliteError(error)) throw error;
    say(context, { quiet: false }, `warning: ${error.message}`);
  }
}
