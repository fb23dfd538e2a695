// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  JOURNAL_BROKEN: {
    exit: 3,
    message: "Cannot trust the journal {file} at line {line}: {problem}",
    hint: "{todo}",
  },
  LOG_DAMAGED: {
    exit: 3,
    message: "Cannot use the log of this home, {file}: {problem}",
    hint: "Bring it back from a copy. A new log, in an empty folder, continues nothing that was signed before",
  },
  LOG_REWRITTEN: {
    exit: 3,
    message: "Cannot sign for the journal {file}: {problem}",
    hint: "`pipelite log-audit` shows where it was changed",
  },
  HOME_DAMAGED: {
    exit: 3,
    message: "Cannot use {path}: it is not a {wanted}",
    hint: "Move it away: the next command makes a new one, and says what is missing",
  },
  BUILDS_DAMAGED: {
    exit: 3,
    message: "Cannot use the table of builds {file}: it is damaged",
    hint: "Remove it: runs build again what it had",
  },
  MATRIX_INVALID: { exit: 3, message: "Cannot use {file} as the table of a matrix: {problem}" },
  RUN_NONE: {
    exit: 2,
    message: "There is no run{of} yet",
    hint: "`pipelite run` makes one; `pipelite runs` lists the runs of all pipelines",
  },
  RUN_NOT_FOUND: { exit: 2, message: "Cannot find the run {run}", hint: "`pipelite runs` lists all runs" },
  RUN_AMBIGUOUS: { exit: 2, message: "Cannot tell which run {run} means: {first}, {second} or another" },
  RUN_RECORD_INVALID: { exit: 3, message: "Cannot read the run record {file}: {problem}" },
  RUN_FORM_OLD: {
    exit: 3,
    message: "Cannot use the run {run}: it repeats {repeated} in an older form, and was signed in that form",
    hint: "Verify it with the Pipelite that signed it (0.1 up to November 2026), or sign and release {repeated}",
  },
  RUN_INTERRUPTED: {
    exit: 2,
    message: "Cannot use the run {run}: it has no record, since it was killed or still goes on",
    hint: "`pipelite show {run}` shows how far it came",
  },
  RECORD_CHANGED: {
    exit: 3,
    message: "Cannot rely on the run {run}: its record is not as it was written: {problem}",
    hint: "`pipelite run --paranoid` makes a new run, with a record and evidence of its own",
  },
});
