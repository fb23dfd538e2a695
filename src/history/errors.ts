// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  HISTORY_DATABASE_INVALID: {
    exit: 2,
    message: "Cannot use '{database}' as the database of the history: {problem}",
    hint: "Leave it out for the SQLite file in the home",
  },
  HISTORY_UNREACHABLE: {
    exit: 4,
    message: "Cannot reach the database {database}: {problem}",
    hint: "Runs are kept in the home and nothing is lost: when the database answers, `pipelite history sync` adds them",
  },
  HISTORY_REFUSED: { exit: 1, message: "Cannot use the database {database}: {problem}" },
  HISTORY_DAMAGED: {
    exit: 3,
    message: "Cannot read the index of runs in {database}: {problem}",
    hint: "`pipelite history rebuild` makes it again from the run records",
  },
  HISTORY_NEWER: {
    exit: 2,
    message: "Cannot use the index of runs in {database}: a newer Pipelite made its tables",
    hint: "Use that version, or another database",
  },
  HISTORY_EMPTY: {
    exit: 2,
    message: "Cannot show a trend: {database} has no run",
    hint: "`pipelite run` makes one",
  },
});
