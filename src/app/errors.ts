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
  LAYOUT_NOT_FOUND: {
    exit: 2,
    message: "Cannot push {layout} as an image layout: {problem}",
    hint: "Name a folder that `pipelite pack --format oci` wrote",
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
  CACHE_PATH_MISSING: {
    exit: 1,
    message: "Cannot find {path} in {caches}",
    hint: "Name the cache that has it: `cache push` puts a path there with all it needs",
  },
  CACHE_TOKEN_UNREADABLE: { exit: 2, message: "Cannot read the tokens in {file}: {problem}" },
  EXPORT_FOLDER_TAKEN: {
    exit: 2,
    message: "Cannot export into {folder}: it is there and no export of before",
    hint: "Name another folder with --out",
  },
  CI_NEEDS_MISSING: {
    exit: 2,
    message: "Cannot run the job '{job}' alone: it reads what other jobs found",
    hint: "Name that with --needs, or run all jobs: `pipelite ci`",
  },
  CI_FILE_FOREIGN: {
    exit: 2,
    message: "Cannot write {file}: a file of that name is there that this command did not write",
    hint: "Move it away first",
  },
  CI_PIPELINE_OUTSIDE: {
    exit: 2,
    message: "Cannot write workflows for {pipeline}: it is not below {folder}",
    hint: "Start it at the top of the repository",
  },
  CI_NAME_EXPANDED: {
    exit: 2,
    message:
      "Cannot write workflows for {forge}: it replaces the '{found}' in the {what} '{name}' before a shell sees it",
    hint: "Rename it",
  },
  SIGNING_VARIABLE_EMPTY: {
    exit: 2,
    message: "Cannot read the key: the variable {variable} is not set",
    hint: "It holds the private key in PEM",
  },
  SIGNING_KEY_EXPOSED: {
    exit: 2,
    message:
      "Cannot sign with what {variable} holds: stages are built without a sandbox, and they could read it",
    hint: 'Ask a program to sign (--key command:), or sign afterwards: `provenance --out`, or a policy that takes the audit of before ("audit": "stored")',
  },
  REBUILD_STAGE_UNKNOWN: {
    exit: 2,
    message: "Cannot rebuild {stage}: the run {run} has no such stage",
    hint: "`pipelite show RUN` lists the stages of a run",
  },
  REBUILD_NO_OUTPUT: {
    exit: 2,
    message: "Cannot rebuild {stage}: {problem}",
    hint: "Run the pipeline first: only what was built can be built again",
  },
  REBUILD_NOT_POSSIBLE: {
    exit: 4,
    message: "Cannot rebuild anything here: {problem}",
    hint: "Without a sandbox nothing can be varied, and no result of a stage says anything of its inputs alone",
  },
  REBUILD_INPUT_CHANGED: {
    exit: 3,
    message: "Cannot rebuild anything: of what a build reads, {problem}",
    hint: "`pipelite store repair --from STORE` gives a path its right bytes again",
  },
  REBUILD_FOREIGN: {
    exit: 3,
    message: "Cannot take the statement {file}: {problem}",
    hint: "A statement is taken for an output that a run of this home has, with the public key of who signed it",
  },
  IMAGE_NAME_INVALID: {
    exit: 2,
    message: "Cannot use '{word}': it is not oci://HOST/NAME or oci://HOST/NAME:TAG",
    hint: "A host has a dot or a port, or is localhost; a name is of lower case, as oci://registry.example.org/team/hello:1.0",
  },
  PACK_NOT_DECLARED: {
    exit: 2,
    message: "Cannot pack: {file} says nothing about packages",
    hint: 'Export what is to be packed: `export const hello = pack({ name: "hello", version: "1.0", ... })` (docs/packages.md)',
  },
  PACK_NAME_UNKNOWN: { exit: 2, message: "There is no package '{name}' in {file}", hint: "{suggestion}" },
  PACK_RUN_MISSING: {
    exit: 2,
    message: "Cannot make {file} again: no run of this home has its results ({pipeline})",
    hint: "Run the pipeline here, with the same parameters, or open an archive of the run",
  },
});
