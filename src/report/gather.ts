// Gathers what documents are made from: the record, and what was said about it since.
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import type { RunRecord } from "#home/run-record.ts";
import { deviationsOf, readDeviations } from "#release/deviations.ts";
import { readSignatures } from "#release/signatures.ts";
import { readStoredAudit } from "#release/stored-audit.ts";
import { readDerivations } from "./derivations.ts";
import type { DocumentInput } from "#standards/input.ts";
import { readLogs } from "./logs.ts";
import { readSeries } from "./series.ts";

/** At the end of a run, before its record is written: nobody can have audited or signed it. */
export function gatherAtEnd(home: Home, record: RunRecord): DocumentInput {
  return {
    record,
    deviations: deviationsOf({ record, earlier: home.runs.before(record) }),
    signatures: [],
    journal: [],
    ...read(home, record),
  };
}

/** Of a run that is in the home, with all that is known of it now. @throws JOURNAL_BROKEN */
export function gather(home: Home, run: ReadRun): DocumentInput {
  const { runId, record, problem } = run;
  home.journal.requireWhole();
  return {
    record,
    audit: readStoredAudit(home, run),
    deviations: readDeviations(home, record),
    signatures: readSignatures(home, runId),
    journal: home.journal.about("run", runId),
    recordProblem: problem,
    ...read(home, record),
  };
}

function read(home: Home, record: RunRecord): Pick<DocumentInput, "derivations" | "logs" | "series"> {
  return {
    derivations: readDerivations(home, record),
    logs: readLogs(home, record),
    series: readSeries(home, record),
  };
}
