// Gathers what documents are made from: the record, and what was said about it since.
import { readJournal } from "#evidence/journal.ts";
import type { RunRecord } from "#evidence/run-record.ts";
import { deviationsOf, readDeviations } from "#release/deviations.ts";
import { readEarlier, readRunFile, recordProblem } from "#release/run-file.ts";
import { readSignatures } from "#release/signatures.ts";
import { readStoredAudit } from "#release/stored-audit.ts";
import { readDerivations } from "./derivations.ts";
import type { DocumentInput } from "#standards/input.ts";
import { readLogs } from "./logs.ts";
import { readSeries } from "./series.ts";

/** At the end of a run, before its record is written: nobody can have audited or signed it. */
export function gatherAtEnd(home: string, record: RunRecord): DocumentInput {
  return {
    record,
    deviations: deviationsOf({ record, earlier: readEarlier(home, record) }),
    signatures: [],
    journal: [],
    ...read(home, record),
  };
}

/** Of a run that is in the home, with all that is known of it now. @throws JOURNAL_BROKEN */
export function gather(home: string, record: RunRecord): DocumentInput {
  const run = readRunFile(home, record.runId);
  const journal = readJournal(home);
  return {
    record,
    audit: readStoredAudit(home, run, journal),
    deviations: readDeviations(home, record),
    signatures: readSignatures(home, record.runId),
    journal: journal.filter(({ kind, subject }) => kind === "run" && subject === record.runId),
    recordProblem: recordProblem(run, journal),
    ...read(home, record),
  };
}

function read(home: string, record: RunRecord): Pick<DocumentInput, "derivations" | "logs" | "series"> {
  return {
    derivations: readDerivations(home, record),
    logs: readLogs(home, record),
    series: readSeries(home, record),
  };
}
