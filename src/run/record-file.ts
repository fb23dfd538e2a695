// Where records of runs are: one JSON file a run, written whole, so that a killed run leaves none or a complete one. Each
// has its line in the journal, which says what its bytes were when it was written.
import { join } from "node:path";
import { prettyJson } from "#base/canonical-json.ts";
import { writeFileAtomically } from "#base/files.ts";
import { appendJournal } from "#evidence/journal.ts";
import type { Repeat } from "#evidence/repeat.ts";
import type { RunRecord } from "#evidence/run-record.ts";

export function runsFolder(home: string): string {
  return join(home, "pipelite", "runs");
}

export function runFile(home: string, runId: string): string {
  return join(runsFolder(home), `${runId}.json`);
}

/** Writes and journals a record; returns its digest. @param digestOf `sha256:<hex>` of a text */
export function writeRun(
  home: string,
  record: RunRecord | Repeat,
  digestOf: (text: string) => string,
): string {
  const text = prettyJson(record);
  const digest = digestOf(text);
  writeFileAtomically(runFile(home, record.runId), text);
  appendJournal(home, {
    kind: "run",
    subject: record.runId,
    file: `runs/${record.runId}.json`,
    digest,
  });
  return digest;
}
