// The deviations of a run: listed, which changes nothing, and moved from state to state by a signature.
import type { HistoryLocation } from "#history/history.ts";
import { signalsOfRun } from "#history/signals.ts";
import type { Deviation } from "#release/deviation.ts";
import {
  moveDeviation as move,
  openDeviations,
  readDeviations,
  runOfDeviation,
  type MoveDeviation,
} from "#release/deviations.ts";
import type { WhichRun } from "#home/runs.ts";

export interface RunDeviations {
  runId: string;
  deviations: Deviation[];
}

/** @param place the home, and the database whose history tells the signals; default: the file in the home */
export async function listDeviations(place: HistoryLocation, which: WhichRun): Promise<RunDeviations> {
  const { record } = place.home.runs.requireUnchanged(place.home.runs.find(which).runId);
  const signals = await signalsOfRun(place, record);
  return { runId: record.runId, deviations: readDeviations(place.home, record, { signals }) };
}

/** Moves a deviation; one that was only listed so far is opened first, with the others of its run. */
export async function moveDeviation(
  place: HistoryLocation,
  options: Omit<MoveDeviation, "home">,
): Promise<Deviation> {
  const { home } = place;
  if (runOfDeviation(home, options.id) === undefined) await openItsRun(place, options.id);
  return move({ home, ...options });
}

async function openItsRun(place: HistoryLocation, id: string): Promise<void> {
  for (const run of place.home.runs.list()) {
    if (run.problem !== undefined || !("status" in run) || run.repeats !== undefined) continue;
    const { record } = place.home.runs.read(run.runId);
    const signals = await signalsOfRun(place, record);
    if (!readDeviations(place.home, record, { signals }).some((each) => each.id === id)) continue;
    await openDeviations(place.home, record, { signals });
    return;
  }
}
