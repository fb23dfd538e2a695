// Where records of runs are: one JSON file a run, written whole, so that a killed run leaves none or a complete one.
import { join } from "node:path";
import { prettyJson } from "#base/canonical-json.ts";
import { writeFileAtomically } from "#base/files.ts";
import type { RunRecord } from "#evidence/run-record.ts";

export function runsFolder(home: string): string {
  return join(home, "pipelite", "runs");
}

export function writeRun(home: string, record: RunRecord): void {
  writeFileAtomically(join(runsFolder(home), `${record.runId}.json`), prettyJson(record));
}
