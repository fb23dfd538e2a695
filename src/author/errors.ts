// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  PARAM_DEFAULT_INVALID: {
    exit: 2,
    message: "{place}: cannot use {value} as a default: it must be {wanted}",
  },
  PIPELINE_RESULT_INVALID: {
    exit: 2,
    message:
      "{place}: cannot name '{name}' as a result: it is not a stage, source, download, command or gate",
  },
  PIPELINE_EMPTY: {
    exit: 2,
    message: "{place}: cannot run a pipeline without results",
    hint: "Name at least one: `pipeline({ report })`",
  },
  OPTION_UNKNOWN: { exit: 2, message: "{place}: there is no option '{option}'", hint: "{suggestion}" },
  COMMAND_PROGRAM_INVALID: {
    exit: 2,
    message: "{place}: cannot run this as a command: the program must be what tool() returned",
    hint: 'Write `command(tool("NAME"), [...])`; what a stage made can be a word of the command',
  },
  COMMAND_WORDS_INVALID: {
    exit: 2,
    message: "{place}: cannot use these words of a command: they must be a list",
    hint: 'Write `command(tool("NAME"), ["-l", out])`',
  },
  PIPELINE_IS_LIST: {
    exit: 2,
    message: "{place}: cannot use a list as a pipeline: its results need names",
    hint: "Write `pipeline({ name: stage })`, or `pipeline(Object.fromEntries(...))`",
  },
  PIPELINE_INPUT_UNKNOWN: {
    exit: 2,
    message: "{place}: cannot use this input: it is not a stage, source, download, command or gate",
    hint: "Pass what stage(), source(), download(), command() or gate() returned",
  },
});
