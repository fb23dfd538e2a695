// Gathers what documents are made from: the record, and what was said about it since.
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import type { RunRecord } from "#home/run-record.ts";
import { readLogs } from "#evidence/result-tree.ts";
import { deviationsOf, readDeviations } from "#release/deviations.ts";
import { readSignatures } from "#release/signatures.ts";
import { reproductions } from "#rebuild/reproductions.ts";
import { readStoredAudit } from "#release/stored-audit.ts";
import { readDerivations } from "./derivations.ts";
import type { DocumentInput } from "#standards/input.ts";
import { readClaimSeries } from "./series.ts";

/**
 * At the end of a run, before its record is written: it can't have been audited or signed. All of it follows from the
 * record, the outputs, the logs, and the records of the runs that built what this one took, so that an audit can make it
 * again; how often a deviation came before is not part of it.
 */
export function gatherAtEnd(
  home: Home,
  record: RunRecord,
  logs: ReadonlyMap<string, Uint8Array>,
): DocumentInput {
  const builders = new Set(record.stages.flatMap(({ builtInRun }) => builtInRun ?? []));
  const earlier = home.runs.intact([...builders]).map(({ record: of }) => of);
  return {
    record,
    deviations: deviationsOf({ record, earlier }),
    signatures: [],
    journal: [],
    derivations: readDerivations(home, record),
    logs: textsOf(logs),
    series: readClaimSeries(home, record),
  };
}

/** Of a run that is in the home, with all that is known of it now. @throws JOURNAL_BROKEN */
export function gatherDocuments(home: Home, run: ReadRun): DocumentInput {
  const { runId, record, problem } = run;
  home.journal.requireWhole();
  return {
    record,
    audit: readStoredAudit(home, run),
    deviations: readDeviations(home, record),
    signatures: readSignatures(home, runId),
    journal: home.journal.about("run", runId),
    recordProblem: problem,
    derivations: readDerivations(home, record),
    logs: textsOf(readLogs(home, record)),
    series: readClaimSeries(home, record),
    rebuilds: reproductions(home, record),
  };
}

function textsOf(logs: ReadonlyMap<string, Uint8Array>): Map<string, string> {
  return new Map(
    [...logs].map(([name, log]) => [name, Buffer.from(log).toString("utf8").replaceAll("\r\n", "\n")]),
  );
}
