// What a signed statement says of itself is held to what is known: the names, the time between the end of the run and the
// line of the journal, the head of the journal, and the sentence that people are shown.
import type { Members } from "#base/strict-json.ts";
import type { Journal } from "#home/journal.ts";
import type { ReadRun } from "#home/runs.ts";
import { pipeliteError } from "./errors.ts";
import { headProblem } from "./journal-head.ts";
import { nameProblem } from "./names.ts";

export interface Said {
  predicate: Members;
  name: string;
  /** ISO 8601 */
  at: string;
  /** The file that holds the statement, relative to `<home>/pipelite`. */
  file: string;
  run: { file: string; record: { finishedAt: string } };
  journal: Journal;
}

/** The clock of a machine may be set back a little between signing and writing the line. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The time to sign with, by this machine's clock. @throws CLOCK_BEHIND: nobody would take it for a run that ends later */
export function timeToSign({ runId, record: { finishedAt } }: Pick<ReadRun, "runId" | "record">): string {
  const now = new Date().toISOString();
  if (Date.parse(now) + CLOCK_TOLERANCE_MS < Date.parse(finishedAt))
    throw pipeliteError("CLOCK_BEHIND", { run: runId, finishedAt, now });
  return now;
}

/** Why what a statement says can't be so; undefined when it can. */
export function saidProblem({ predicate, name, at, file, run, journal }: Said): string | undefined {
  const ofName = nameProblem(name);
  if (ofName !== undefined) return `its signer is not a name: ${ofName}`;
  const own = journal.entries.find((entry) => entry.file === file);
  return timeProblem(at, run.record.finishedAt, own?.at) ?? headProblem(predicate, journal, run.file, own);
}

function timeProblem(at: string, runEnd: string, sealedAt: string | undefined): string | undefined {
  const time = Date.parse(at);
  if (Number.isNaN(time) || new Date(time).toISOString() !== at) return "its time is none";
  if (time + CLOCK_TOLERANCE_MS < Date.parse(runEnd)) return "it is signed before the run had ended";
  if (sealedAt !== undefined && time > Date.parse(sealedAt) + CLOCK_TOLERANCE_MS)
    return "it is signed later than its line in the journal was written";
  return undefined;
}

/**
 * The latest time that the journal gives up to the line of a file: what is in the file can be no older for the journal,
 * whatever it says of itself, and whatever a line says that was put behind later ones. A time that has not come yet is none.
 */
export function sealedAt(journal: Journal, file: string, now = Date.now()): string | undefined {
  const own = journal.entries.findIndex((entry) => entry.file === file);
  const times = journal.entries.slice(0, own + 1).map(({ at }) => Date.parse(at));
  const latest = times.reduce((max, time) => (time <= now && time > max ? time : max), 0);
  return latest === 0 ? undefined : new Date(latest).toISOString();
}

/** The sentence that people are shown must be made of what is signed. */
export function displayProblem(predicate: Members, sentence: string): string | undefined {
  return predicate["displayedAs"] === sentence ? undefined : "the sentence it shows is not what it says";
}
