// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  PIPELINE_REACHES_OUT: {
    exit: 2,
    message: "{place}: a pipeline may not use {what} while it is loaded",
    hint: "{problem}",
  },
  PIPELINE_NOT_FOUND: {
    exit: 2,
    message: "Cannot find the pipeline: no file {file}",
    hint: "Name a pipeline.ts or its folder, or start one with `pipelite init`",
  },
  MODULE_ENDLESS: {
    exit: 2,
    message: "{place}: cannot read {file}: it is {kind}, and that may have no end",
  },
  PIPELINE_NOT_EXPORTED: {
    exit: 2,
    message: "Cannot use {file}: its default export is not a pipeline",
    hint: "End it with `export default pipeline({ ... })`",
  },
  PIPELINE_CYCLE: {
    exit: 2,
    message:
      "{place}: cannot use '{name}' before it is defined: a stage takes stages that stand above it, never a cycle",
  },
  PIPELINE_WORD_UNKNOWN: {
    exit: 2,
    message: "{place}: cannot import '{word}': there is nothing of that name in 'pipelite'",
    hint: "{suggestion}",
  },
  CHECK_FUNCTION_UNKNOWN: {
    exit: 2,
    message: "{place}: cannot use this check: a formula has no function '{name}'",
    hint: "{suggestion}",
  },
  ANSWER_ABSENT: {
    exit: 2,
    message: "{place}: cannot use the answer of a model here: in a run without a model there is none",
    hint: "Give it to a stage as an input that may be `null`, or run with --model-name NAME",
  },
  PIPELINE_FAILED: { exit: 2, message: "{place}: cannot evaluate the pipeline: {problem}" },
  EACH_LIST_INVALID: {
    exit: 1,
    message: "{place}: cannot make something for each item of {list}: {problem}",
    hint: "Let '{stage}' write a JSON list, with a text or number in each item that no other item has (its `key`, `id` or `name`, or what the option `key` says)",
  },
  EACH_FAILED: {
    exit: 2,
    message: "{place}: cannot make something for the item '{item}' of {list}: {problem}",
  },
  EACH_MADE_NOTHING: {
    exit: 2,
    message:
      "{place}: nothing was made for the item '{item}' of {list}: what `each` calls must return a node, and returned {what}",
    hint: "To leave items out, let '{stage}' leave them out of the list",
  },
  EACH_CYCLE: {
    exit: 2,
    message:
      "{place}: cannot take '{name}' for the item '{item}' of {list}: it needs what is made for all items",
  },
  STAGE_MODULE_NOT_FOUND: {
    exit: 2,
    message: "{place}: cannot find the module of this stage: {problem}",
  },
  STAGE_NOT_AN_IMPORT: {
    exit: 2,
    message: "{place}: cannot find the code of this stage: its first argument imports no module",
    hint: 'Write `stage(() => import("./stages/name.ts"))`',
  },
  STAGE_BUNDLE_FAILED: {
    exit: 2,
    message: "{where}: cannot bundle the stage of {place}: {problem}",
  },
  PACKAGE_NOT_LOCKED: {
    exit: 2,
    message: "Cannot use {package} as it is installed: it is not what {lock} says: {problem}",
    hint: "`npm ci` installs what is locked; after a change on purpose `npm install` locks it",
  },
  ENVIRONMENTS_MIXED: {
    exit: 2,
    message: "{place}: cannot run a command in two environments",
    hint: "Make one of the packages of both: `debian([...])`",
  },
  TSCONFIG_INVALID: { exit: 2, message: "{file}: cannot use this for names of modules: {problem}" },
  TOOL_NOT_FOUND: { exit: 4, message: "{place}: cannot find the program {program}: {where}" },
  TOOL_NOT_EXECUTABLE: {
    exit: 2,
    message: "{place}: cannot use {program} as a program: {problem}",
    hint: 'A script is `command(source("FILE"), [...])`; a program needs the right to be executed (chmod +x)',
  },
  TOOL_FILES_NOT_FOUND: {
    exit: 4,
    message: "{place}: cannot find the files of the program {program}: no folder {folder}",
  },
  TOOL_NOT_A_PROGRAM: {
    exit: 2,
    message: "{place}: cannot capture {program}: it is not a 64-bit ELF program that can run here",
  },
  TOOL_IS_SCRIPT: {
    exit: 2,
    message: "{place}: cannot capture {program}: it is a script for {interpreter}, and calls what it finds",
    hint: 'Run a copy that lies beside pipeline.ts, with what it calls: `command(source("FILE"), [...], { path: [tool("...")] })`',
  },
  TOOL_NEEDS_FILES: {
    exit: 2,
    message: "{place}: cannot capture {program}: its libraries do not suffice, it needs {files} as well",
    hint: 'Take it from an environment: `debian([{packages}]).tool("{tool}")`',
  },
  TOOL_LIBRARY_MISSING: {
    exit: 4,
    message: "{place}: cannot capture {program}: its library {library} is not installed",
  },
  PARAM_UNKNOWN: {
    exit: 2,
    message: "Cannot set the parameter '{name}': the pipeline has none of that name",
    hint: "{suggestion}",
  },
  PARAM_AMBIGUOUS: {
    exit: 2,
    message: "{place}: cannot use the name '{name}' for two parameters: {other} has it already",
    hint: "Keep one `const {name} = param....` and give it to both stages",
  },
  PARAM_NAME_UNCLEAR: {
    exit: 2,
    message: "{place}: cannot tell the name of this parameter: it is given to inputs '{other}' and '{name}'",
    hint: 'Say it where the parameter is made: `param.number({ name: "{name}" })`',
  },
  PARAM_UNNAMED: {
    exit: 2,
    message: "{place}: this parameter is a word of the command of {command} and needs a name",
    hint: 'Say it where the parameter is made: `param.number({ name: "NAME" })`',
  },
  ENV_MISSING: {
    exit: 2,
    message: "{place}: the variable {name} is not set, and has no default",
    hint: 'Set it, or give --param {name}=VALUE; `env("{name}", { default: "..." })` does without',
  },
  PARAM_MISSING: {
    exit: 2,
    message: "{place}: the parameter '{name}' has no default and must be set to {wanted}",
    hint: "--param {name}=VALUE",
  },
  PARAM_INVALID: {
    exit: 2,
    message: "{place}: cannot set the parameter '{name}' to {value}: it must be {wanted}",
  },
  STAGE_NAME_DUPLICATE: {
    exit: 2,
    message: "{place}: cannot name a second stage '{name}': {other} has that name",
  },
  STAGE_NAME_INVALID: {
    exit: 2,
    message:
      "{place}: cannot use '{name}' as a name: names are 1 to 100 of 0-9 a-z A-Z + - . _ ? = and start with no dot",
  },
  INPUT_NAME_INVALID: {
    exit: 2,
    message: "{place}: cannot call an input of {of} '{name}': {problem}",
  },
  STAGE_NAME_RESERVED: {
    exit: 2,
    message: "{place}: cannot name a result '{name}': that is the folder of the run's own evidence",
  },
  STAGE_INPUT_UNDEFINED: {
    exit: 2,
    message: "{place}: the input '{name}' of stage '{stage}' is undefined",
  },
  STAGE_INPUT_NOT_JSON: {
    exit: 2,
    message:
      "{place}: cannot pass the input '{name}' to stage '{stage}': it must be a stage, a parameter or plain data ({problem})",
  },
  SOURCE_NOT_FOUND: { exit: 2, message: "{place}: cannot find the source {path}" },
  FETCH_URL_INVALID: { exit: 2, message: "{place}: cannot download '{url}': {problem}" },
  FETCH_HASH_INVALID: {
    exit: 2,
    message: "{place}: cannot use '{hash}' as the sha256 of the file to download",
    hint: "Give it as sha256-BASE64 (SRI), as 64 hex digits or in Nix's base 32",
  },
});
