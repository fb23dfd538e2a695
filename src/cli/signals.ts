// The signals of a run from the index of all runs.
import type { RunRecord } from "#evidence/run-record.ts";
import { signalsOfRun, type Signal } from "#history/signals.ts";
import type { Context } from "./context.ts";

export function readSignals(context: Context, home: string, record: RunRecord): Promise<Signal[]> {
  const database = context.env["PIPELITE_DATABASE"];
  return signalsOfRun({ home, ...(database && { database }) }, record);
}
