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
  COST_INVALID: { exit: 2, message: "{place}: cannot use {value} as {name}: it must be {wanted}" },
  SECRET_NAME_INVALID: {
    exit: 2,
    message: "{place}: cannot use '{name}' as the name of a secret: it must be one that a variable can have",
  },
  SECRET_MISPLACED: {
    exit: 2,
    message: "{place}: the secret '{name}' can't be used here: only a download or an answer gets one",
    hint: 'Within a text it is a part of a list: `url: ["https://host/?key=", secret("NAME")]`',
  },
  SECRET_TEXT_INVALID: {
    exit: 2,
    message: "{place}: cannot use this text: it must be a text, a secret, or a list of both",
  },
  TEXT_WANTED: { exit: 2, message: "{place}: cannot use {value} as {what}: it must be a text" },
  OPTION_INVALID: { exit: 2, message: "{place}: cannot use {value} as {what}: it must be {wanted}" },
  OPTION_UNKNOWN: { exit: 2, message: "{place}: there is no option '{option}'", hint: "{suggestion}" },
  ENVIRONMENT_INVALID: {
    exit: 2,
    message: "{place}: cannot use this environment: {problem}",
  },
  ENVIRONMENT_OF_OTHER_MACHINE: {
    exit: 2,
    message:
      "{place}: cannot have an environment for a machine of choice ({asked}): it is for the one that makes it",
    hint: "Run the pipeline on such a machine: `pipelite lock` there adds what it needs to the same lock file",
  },
  COMMAND_PROGRAM_INVALID: {
    exit: 2,
    message: "{place}: cannot run this as a command: its program must be a tool, a node or a file of one",
    hint: 'Write `command(tool("NAME"), [...])`, or give what a stage compiled, or a script: `command(source("x.sh"), [...])`',
  },
  COMMAND_WORDS_INVALID: {
    exit: 2,
    message: "{place}: cannot use these words of a command: they must be a list",
    hint: 'Write `command(tool("NAME"), ["-l", out])`',
  },
  COMMAND_WORD_INVALID: {
    exit: 2,
    message: "{place}: cannot use {what} of this command: it is {value}",
    hint: "It can be text, a number, a parameter, a node or a file of one, a tool, or `out`; a list is spread: `...list`",
  },
  COMMAND_VARIABLE_INVALID: {
    exit: 2,
    message: "{place}: cannot set the variable '{name}' for this command",
    hint: "Names have letters, digits and _, and must not be ones that Nix reads; `path` says what is on the PATH",
  },
  COMMAND_PATH_TWICE: {
    exit: 2,
    message: "{place}: cannot put two programs '{name}' on the PATH of one command",
  },
  COMMAND_FILE_INVALID: {
    exit: 2,
    message: "{place}: cannot use '{name}' as a file of a command: it must be a plain relative path",
    hint: 'Write a name like "plot.svg" or "pages/1.html"',
  },
  COMMAND_OUTPUT_MIXED: {
    exit: 2,
    message: "{place}: the output of this command would be one file (its stdout) and a folder (with {file})",
    hint: 'Name the file of its stdout: `stdout: "NAME"`',
  },
  SHELL_NOT_A_TEMPLATE: {
    exit: 2,
    message: "{place}: cannot use this as a script: sh stands before a template, and `shell` is a tool",
    hint: "Write sh`...`, or sh({ path: [...] })`...`",
  },
  SHELL_VALUE_MISPLACED: {
    exit: 2,
    message: "{place}: cannot put value {number} into this script: {problem}",
    hint: "A value stands outside quotes or in double ones; elsewhere, set a variable first: NAME=VALUE",
  },
  SHELL_UNFINISHED: { exit: 2, message: "{place}: cannot use this script: it ends within {within}" },
  PACK_INVALID: { exit: 2, message: "{place}: cannot make a package of this: {problem}" },
  CHECK_INVALID: { exit: 2, message: "{place}: cannot use this check: {problem}" },
  GATE_VERDICT_MISSING: {
    exit: 2,
    message: "{place}: cannot make this gate: what it is held by is missing",
    hint: 'Write `gate(stage, check)`, or `gate(stage, "verdict.json")`',
  },
  EACH_WITHOUT_FUNCTION: {
    exit: 2,
    message:
      "{place}: cannot tell what to make of each item: the second argument of `each` must be a function",
    hint: 'Write `each(tiles.file("tiles.json"), (tile) => stage(() => import("./measure.ts"), { tile }))`',
  },
  MATRIX_EMPTY: { exit: 2, message: "{place}: cannot vary '{name}': it has no list of values" },
  RANGE_INVALID: {
    exit: 2,
    message: "{place}: there is no range from {from} to {to}",
    hint: "Both ends are whole numbers, the smaller one first",
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
