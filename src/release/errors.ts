// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  MEANING_UNKNOWN: {
    exit: 2,
    message: "Cannot sign with the meaning '{meaning}': it must be one of {known}",
  },
  SIGNER_INVALID: {
    exit: 2,
    message: "Cannot sign as '{name}': {problem}",
  },
  REASON_INVALID: {
    exit: 2,
    message: "Cannot sign with the reason '{reason}': it must be one line of characters that can be seen",
  },
  CLOCK_BEHIND: {
    exit: 2,
    message:
      "Cannot sign for the run {run}: it ended at {finishedAt}, and the clock of this machine says {now}",
    hint: "Set the clock: what is signed before a run has ended counts for nothing",
  },
  RESULT_MISSING: {
    exit: 3,
    message: "Cannot sign for the run {run}: its result {tree} is no longer in the store",
  },
  RESULT_CHANGED: {
    exit: 3,
    message:
      "The result {tree} of the run {run} is not what the run made: its name does not follow from its bytes",
    hint: "`pipelite store verify --contents` finds what has changed, `pipelite store repair` brings it back",
  },
  OUTPUT_CHANGED: {
    exit: 3,
    message: "Cannot release the run {run}: an output is not what the run made: {problem}",
    hint: "`pipelite store verify --contents` finds what has changed, `pipelite store repair` brings it back",
  },
  CHANGED_MEANWHILE: {
    exit: 3,
    message: "Cannot sign for the run {run}: while it was signed, something was changed: {problem}",
    hint: "`pipelite verify {run}` shows what holds now",
  },
  SIGNED_ALREADY: {
    exit: 2,
    message: "Cannot sign the run {run} twice: {signer} gave the {meaning} at {at}",
  },
  DEVIATION_NOT_FOUND: {
    exit: 2,
    message: "Cannot find the deviation {deviation}",
    hint: "`pipelite deviation list RUN` shows the deviations of a run",
  },
  DEVIATION_STATE_UNKNOWN: { exit: 2, message: "Cannot move to '{state}': the states are {known}" },
  DEVIATION_MOVE_REFUSED: {
    exit: 2,
    message: "Cannot move the deviation from {from} to {to}: from there it goes to {allowed}",
  },
  DEVIATION_REASON_MISSING: { exit: 2, message: "Cannot move from {from} to {to} without a reason" },
  DISPOSITION_INVALID: {
    exit: 2,
    message: "Cannot move to {to} with the disposition {disposition}: it takes {wanted}",
  },
  DEVIATION_HISTORY_BROKEN: {
    exit: 3,
    message: "Cannot trust the history of the deviation {deviation}: {file}: {problem}",
  },
  POLICY_NOT_FOUND: { exit: 2, message: "Cannot read the release policy: no file {file}" },
  POLICY_INVALID: { exit: 2, message: "Cannot use the release policy {file}: {problem}" },
  JOURNAL_WHOLE: {
    exit: 2,
    message: "Cannot accept a broken line of the journal: there is none that nobody has accepted",
  },
  RELEASE_EXISTS: {
    exit: 3,
    message: "Cannot release the run {run} again: it was released already, {problem}",
  },
});
