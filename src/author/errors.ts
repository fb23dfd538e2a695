// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  PARAM_DEFAULT_INVALID: {
    exit: 2,
    message: "{place}: cannot use {value} as a default: it must be {wanted}",
  },
  PIPELINE_RESULT_INVALID: {
    exit: 2,
    message: "{place}: cannot name '{name}' as a result: it is not a stage, source, fetch, command or gate",
  },
  PIPELINE_EMPTY: {
    exit: 2,
    message: "{place}: cannot run a pipeline without results",
    hint: "Name at least one: `pipeline({ report })`",
  },
  PIPELINE_INPUT_UNKNOWN: {
    exit: 2,
    message: "{place}: cannot use this input: it is not a stage, source, fetch, command or gate",
    hint: "Pass what stage(), source(), fetch(), command() or gate() returned",
  },
});
