// Runs a pipeline, and puts the run into the history that was named. The run is over and recorded even if indexing
// fails.
import { EXIT, isPipeliteError } from "#base/errors.ts";
import type { SyncReport } from "#history/sync.ts";
import type { RunOptions, RunOutcome } from "#run/options.ts";
import { runPipeline } from "#run/run.ts";
import type { Attester } from "#supply/attestations.ts";
import type { AttestationSigner } from "./attest.ts";

export interface Ran extends RunOutcome {
  /** What bringing the database up to date found; absent where none was named. */
  index?: SyncReport;
  /** Why the run is not in the database. */
  indexProblem?: string;
  /** The folder with the bundles, of a run that passed and was to be attested. */
  attestations?: string;
}

/**
 * @param database PostgreSQL, by its URL, that the run is added to
 * @param attestedBy who signs provenance of each output of a run that passes; nobody without one
 * @throws PipeliteError of the run; HISTORY_UNREACHABLE and the like for a run that passed: a failed one keeps its exit code
 */
export async function run(
  options: RunOptions,
  database?: string,
  attestedBy?: AttestationSigner,
): Promise<Ran> {
  // What is wrong about the signer is said before anything is built.
  const attester =
    attestedBy && (await import("./attest.ts")).attesterOf(options.home, attestedBy, options.signal);
  if (database === undefined) return attested(options, await runPipeline(options), attester);
  const { checkDatabase, withHistory } = await import("#history/history.ts");
  const { syncHistory } = await import("#history/sync.ts");
  const place = { home: options.home, database };
  checkDatabase(place);
  const outcome = await attested(options, await runPipeline(options), attester);
  if (outcome.status === "cancelled") return outcome;
  try {
    return { ...outcome, index: await withHistory(place, syncHistory) };
  } catch (error) {
    if (outcome.exitCode === EXIT.ok || !isPipeliteError(error)) throw error;
    return { ...outcome, indexProblem: error.message };
  }
}

async function attested(
  { home }: RunOptions,
  outcome: RunOutcome,
  attester: Attester | undefined,
): Promise<Ran> {
  if (attester === undefined || outcome.status !== "passed") return outcome;
  const { attestRun, attestationsFolder } = await import("#supply/attestations.ts");
  await attestRun(home, outcome.runId, attester);
  return { ...outcome, attestations: home.pathOf(attestationsFolder(home.runs.read(outcome.runId).runId)) };
}
