// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SAMPLES_INVALID: { exit: 2, message: "Cannot read the values of {file}: {problem}" },
});
