// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  HISTORY_PIPELINE_UNKNOWN: {
    exit: 2,
    message: "Cannot find runs of '{pipeline}' in {database}: it has {known}",
  },
  HISTORY_SERIES_UNKNOWN: {
    exit: 2,
    message: "Cannot show a trend of {wanted}: no run of {pipeline} measured it",
    hint: "Measured are {known}",
  },
  PARAMS_FILE_INVALID: {
    exit: 2,
    message: "Cannot read parameters from {file}: {problem}",
    hint: 'Write one JSON object: { "seconds": 20, "mode": "fast" }',
  },
  REPORT_FILE_FOREIGN: {
    exit: 2,
    message:
      "Cannot write {file}: a file of that name is there that this command did not write, or that was changed",
    hint: "Name another folder with --out",
  },
  MATRIX_AXIS_TWICE: { exit: 2, message: "Cannot vary the parameter '{name}': it is set twice" },
  MATRIX_NOT_FOUND: {
    exit: 2,
    message: "Cannot find the matrix {matrix}",
    hint: "`matrix` is the latest one of the pipeline, `matrix-ID` one by its id; a table.json can be named, too",
  },
  MATRIX_TOO_LARGE: { exit: 2, message: "Cannot run more than {limit} combinations" },
  STORE_ARGUMENT_UNKNOWN: {
    exit: 2,
    message: "Cannot find '{path}' in the store {home}",
    hint: "`pipelite store list` lists all paths",
  },
  STORE_ARGUMENT_AMBIGUOUS: {
    exit: 2,
    message: "Cannot tell which path '{path}' means: {first} or {second}",
  },
  INIT_MANIFEST_UNREADABLE: {
    exit: 2,
    message: "Cannot start a pipeline here: {file} is not a JSON object",
    hint: "Correct it, or name another folder: `pipelite init FOLDER`",
  },
  INIT_FOLDER_UNUSABLE: {
    exit: 2,
    message: "Cannot start a pipeline in {folder}: {reason}",
    hint: "Name another folder: `pipelite init FOLDER`",
  },
  INIT_WOULD_OVERWRITE: {
    exit: 2,
    message: "Cannot start a pipeline in {folder}: it has {files}",
    hint: "Name another folder: `pipelite init FOLDER`",
  },
  ARCHIVE_PROGRAM_MISSING: {
    exit: 4,
    message: "Cannot put Pipelite into the archive: {problem}",
    hint: "A checkout is packed by tools/build.ts, which needs `npm ci`; the installed package has it all",
  },
  LEAN_EXPORT_UNREADABLE: { exit: 2, message: "Cannot read the export {file}: {reason}" },
  LEAN_EXPORT_COMPRESSED: {
    exit: 2,
    message: "Cannot read the export {file}: it is compressed by {program}",
    hint: "`{program} -dc {file} | pipelite lean check -`",
  },
});
