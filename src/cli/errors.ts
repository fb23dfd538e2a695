// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  COMMAND_UNKNOWN: { exit: 2, message: "There is no command '{command}'", hint: "{suggestion}" },
  FLAG_UNKNOWN: { exit: 2, message: "There is no flag {flag}", hint: "{suggestion}" },
  FLAG_VALUE_MISSING: { exit: 2, message: "The flag {flag} needs a value" },
  FLAG_REPEATED: { exit: 2, message: "Cannot use the flag {flag} twice: '{first}' and '{second}'" },
  FLAGS_APART: { exit: 2, message: "Cannot use {one} and {other} together" },
  ARGUMENT_INVALID: { exit: 2, message: "Cannot use '{value}' for {name}: {problem}" },
  ARGUMENT_NOT_TEXT: {
    exit: 2,
    message: "Cannot use the word '{word}': it is not UTF-8",
    hint: "Rename the file, or reach it by a link whose name is text",
  },
  ARGUMENT_MISSING: { exit: 2, message: "The argument {name} is missing", hint: "{suggestion}" },
  ARGUMENT_UNEXPECTED: {
    exit: 2,
    message: "There is no use for the argument '{value}'",
    hint: "{suggestion}",
  },
  OUTPUT_IS_TERMINAL: {
    exit: 2,
    message: "Cannot write {what} to a terminal",
    hint: "Redirect it: `> FILE`",
  },
  FOLDER_GONE: {
    exit: 2,
    message: "Cannot work in this folder: it was removed, or you may not look at it",
    hint: "Go to another one: `cd`",
  },
  PATH_UNUSABLE: { exit: 2, message: "Cannot use {path}: {reason}" },
  TEMPORARY_FOLDER_UNUSABLE: {
    exit: 2,
    message: "Cannot use {folder} for temporary files: {reason}",
    hint: "TMPDIR names another folder",
  },
  SYSTEM_CALL_FAILED: { exit: 1, message: "Cannot {call} {path}: {reason}" },
  INTERRUPTED: { exit: 130, message: "Stopped before the end" },
  INTERNAL_ERROR: {
    exit: 70,
    message: "Internal error: {problem}",
    hint: "This is a fault of Pipelite {version}, not yours; please report it with the lines above",
  },
});
