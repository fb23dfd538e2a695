// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  NOTE_INVALID: { exit: 3, message: "Cannot accept the signed note: {problem}" },
  NOT_IN_LOG: { exit: 3, message: "Cannot find the bundle in the log: {problem}" },
  NOTE_KEY_INVALID: { exit: 2, message: "Cannot use {key} as the key of a log or witness: {problem}" },
});
