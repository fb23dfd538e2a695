// Every error a user can meet: its code (public, stable), its message, its exit code and what to do about it.

/** What the process ends with; documented in docs/reference/exit-codes.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  verification: 3,
  unavailable: 4,
  internal: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Row {
  exit: ExitCode;
  /** Sentence with `{name}` holes that are filled from the details. */
  message: string;
  hint?: string;
}

export const rows = {
  // base
  LOCK_TIMEOUT: {
    exit: 1,
    message: "Cannot get a lock within {timeoutMs} ms: another process holds it",
  },
  MEMORY_FILE_REFUSED: {
    exit: 4,
    message: "Cannot make the memory file {name}: the kernel refuses executable memory files",
  },
  JSON_NOT_CANONICAL: { exit: 2, message: "Cannot write {value} as canonical JSON at {at}" },
  // define
  PARAM_DEFAULT_INVALID: {
    exit: 2,
    message: "{place}: cannot use {value} as a default: it must be {wanted}",
  },
  PIPELINE_NOT_FOUND: {
    exit: 2,
    message: "Cannot find the pipeline: no file {file}",
    hint: "Name a pipeline.ts or its folder, or start one with `pipelite init`",
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
  PIPELINE_FAILED: { exit: 2, message: "{place}: cannot evaluate the pipeline: {problem}" },
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
  TOOL_NOT_FOUND: { exit: 4, message: "{place}: cannot find the program {program} on the PATH" },
  TOOL_FILES_NOT_FOUND: {
    exit: 4,
    message: "{place}: cannot find the files of the program {program}: no folder {folder}",
  },
  TOOL_NOT_A_PROGRAM: {
    exit: 2,
    message: "{place}: cannot capture {program}: it is not a 64-bit ELF program that can run here",
  },
  TOOL_LIBRARY_MISSING: {
    exit: 4,
    message: "{place}: cannot capture {program}: its library {library} is not installed",
  },
  PARAM_UNKNOWN: {
    exit: 2,
    message: "Cannot set the parameter '{name}': the pipeline has none of that name (it has: {known})",
  },
  PARAM_AMBIGUOUS: {
    exit: 2,
    message: "{place}: cannot use the name '{name}' for two parameters: {other} has it already",
    hint: "Keep one `const {name} = param....` and give it to both stages",
  },
  PARAM_MISSING: {
    exit: 2,
    message: "{place}: the parameter '{name}' has no default and must be set to {wanted}",
    hint: "--param {name}=VALUE",
  },
  PARAM_INVALID: {
    exit: 2,
    message: "{place}: cannot set the parameter '{name}' to '{value}': it must be {wanted}",
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
  FETCH_URL_INVALID: { exit: 2, message: "{place}: cannot fetch '{url}': it is no URL" },
  FETCH_HASH_INVALID: {
    exit: 2,
    message: "{place}: cannot use '{hash}' as the sha256 of the file to fetch",
    hint: "Give it as sha256-BASE64 (SRI), as 64 hex digits or in Nix's base 32",
  },
  INPUT_FILE_MISSING: { exit: 1, message: "{place}: stage '{stage}' made no file '{file}'" },
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
  // store
  STORE_NO_SPACE: {
    exit: 1,
    message: "Cannot write to the store {home}: no space is left on its file system",
    hint: "Free some space or collect garbage, then run again: nothing half-written is registered",
  },
  STORE_READ_ONLY: {
    exit: 2,
    message: "Cannot write to the store {home}: {reason}",
    hint: "Choose a folder you may write to with --store or PIPELITE_HOME",
  },
  STORE_NOT_FOUND: { exit: 2, message: "Cannot open the store {home}: there is none" },
  STORE_BUSY: {
    exit: 1,
    message: "Cannot use the store {home}: another process has held its database for {timeoutMs} ms",
  },
  STORE_DATABASE_DAMAGED: {
    exit: 3,
    message: "Cannot use the store's database {file}: {reason}",
    hint: "Put a copy of the file back, or move {home} away: the next run makes a new store there",
  },
  STORE_SCHEMA_FOREIGN: {
    exit: 2,
    message: "Cannot use the store {home}: its database has {actual} where {wanted} is wanted",
    hint: "Another version of Nix made it; choose another folder with --store or PIPELITE_HOME",
  },
  STORE_PATH_NOT_VALID: {
    exit: 1,
    message: "Cannot use {path}: it is not valid in the store {home}",
  },
  STORE_PATH_MISSING: {
    exit: 3,
    message: "Cannot read {path}: it is registered but {file} is missing",
    hint: "Something other than Pipelite or Nix removed it; `pipelite store verify` lists all that is wrong",
  },
  STORE_PATH_IN_USE: { exit: 1, message: "Cannot delete {path}: {reason}" },
  STORE_SOURCE_MISSING: { exit: 2, message: "Cannot add {file}: no such file or folder" },
  STORE_SOURCE_UNREADABLE: { exit: 2, message: "Cannot read {file}: {reason}" },
  STORE_SOURCE_CHANGED: { exit: 1, message: "Cannot read {file}: it changed while it was read" },
  STORE_SPECIAL_FILE: {
    exit: 2,
    message: "Cannot store {file}: it is a {kind}, and only files, folders and symbolic links can be stored",
  },
  STORE_OUTPUT_MISSING: {
    exit: 1,
    message: "Cannot register {name}: the builder did not make {file}",
  },
  STORE_OUTPUT_UNSAFE: { exit: 1, message: "Cannot register {name}: {file} {reason}" },
  STORE_OUTPUT_NOT_FLAT: {
    exit: 1,
    message:
      "Cannot register {name}: its hash is that of a file, so it must be a file that is not executable",
  },
  STORE_SELF_REFERENCE: {
    exit: 1,
    message: "Cannot register {name}: a content-addressed output must not mention its own path {scratch}",
    hint: 'Keep the output relocatable, or give the stage `addressing: "input"`',
  },
  STORE_HASH_MISMATCH: {
    exit: 3,
    message: "Cannot accept {path}: its hash is {actual}, wanted is {wanted}",
  },
  STORE_CONTENT_ADDRESS_WRONG: {
    exit: 3,
    message: "Cannot accept {path}: its content address {contentAddress} belongs to another path",
  },
  STORE_REFERENCE_MISSING: {
    exit: 1,
    message: "Cannot register {path}: it refers to {reference}, which is not valid",
  },
  STORE_REFERENCE_CYCLE: {
    exit: 1,
    message: "Cannot register {path}: it refers to itself through {through}",
  },
  STORE_ROOT_EXISTS: { exit: 2, message: "Cannot write the link {link}: something else is there" },
  // build
  DERIVATION_UNSUPPORTED: { exit: 2, message: "Cannot build {drvPath}: {problem}" },
  FETCH_FAILED: { exit: 1, message: "Cannot fetch {url}: {problem}" },
  FETCH_HASH_MISMATCH: { exit: 3, message: "Cannot use {url}: its hash is {got}, wanted {wanted}" },
  NIX_NOT_FOUND: { exit: 4, message: "Cannot use the engine nix: no nix-store on the PATH" },
  STAGE_FAILED: { exit: 1, message: "Stage '{stage}' failed: it exited with {code}" },
  STAGE_KILLED: { exit: 1, message: "Stage '{stage}' failed: it was ended by {signal}" },
  STAGE_TIMED_OUT: { exit: 1, message: "Stage '{stage}' failed: it was stopped after {timeoutMs} ms" },
  STAGE_LOG_LIMIT: { exit: 1, message: "Stage '{stage}' failed: it was stopped after {limitMiB} MiB of log" },
  STAGE_NO_OUTPUT: {
    exit: 1,
    message: "Stage '{stage}' failed: it made no output",
    hint: "Return an object of files, or write to the folder given as `out`",
  },
  GATE_CLOSED: { exit: 1, message: "The gate '{stage}' stopped the run: its verdict is not 'passed'" },
  // run
  RUN_NOT_FOUND: { exit: 2, message: "Cannot find the run {run}", hint: "`pipelite runs` lists all runs" },
  RUN_AMBIGUOUS: { exit: 2, message: "Cannot tell which run {run} means: {first}, {second} or another" },
  RUN_RECORD_INVALID: { exit: 3, message: "Cannot read the run record {file}: {problem}" },
  RUN_STAGE_NOT_FOUND: { exit: 2, message: "Cannot find the stage '{stage}' in run {run}: it has {known}" },
  STAGE_LOG_MISSING: { exit: 2, message: "Cannot show a log of stage '{stage}' in run {run}: there is none" },
  STAGE_NOT_FOUND: { exit: 2, message: "Cannot run the stage '{stage}': the pipeline has {known}" },
  MODEL_REQUEST_INVALID: { exit: 2, message: "Cannot use the request for the model: {problem}" },
  MODEL_URL_MISSING: {
    exit: 2,
    message:
      "Cannot ask the model {model}: no answer of its is pinned for this request, and no endpoint is given",
    hint: "Add --model URL",
  },
  MODEL_UNREACHABLE: { exit: 1, message: "Cannot reach the model at {url}: {problem}" },
  MODEL_REFUSED: { exit: 1, message: "Cannot use what {url} answered: {problem}" },
  LOCK_FILE_INVALID: { exit: 2, message: "Cannot read {file}: {problem}" },
  LOCK_ANSWER_CHANGED: {
    exit: 3,
    message: "Cannot use {file}: the answer to {request} is not the one whose hash is pinned",
  },
  RESULT_LINK_TAKEN: {
    exit: 2,
    message: "Cannot make the result link {link}: something that is no link stands there",
    hint: "Remove it, or name another with --out",
  },
  // evidence
  FORMULA_INVALID: { exit: 3, message: "Cannot read the formula {formula} at column {column}: {problem}" },
  FORMULA_FAILED: { exit: 3, message: "Cannot compute the formula {formula} at column {column}: {problem}" },
  EVIDENCE_MISSING: { exit: 3, message: "Cannot find the evidence {place}: {problem}" },
  JOURNAL_BROKEN: {
    exit: 3,
    message: "Cannot trust the journal {file} at line {line}: {problem}",
    hint: "Keep the file for whoever looks into it; a new journal starts when it is moved away",
  },
  // nix
  NIX32_INVALID: { exit: 2, message: "Cannot read '{text}' as nix32: {reason}" },
  HASH_INVALID: { exit: 2, message: "Cannot read '{text}' as a hash: {reason}" },
  HASH_ALGORITHM_UNKNOWN: {
    exit: 2,
    message: "Cannot use the hash algorithm '{algorithm}': known are {known}",
  },
  STORE_PATH_INVALID: { exit: 2, message: "Cannot use '{path}' as a store path: {reason}" },
  STORE_NAME_INVALID: { exit: 2, message: "Cannot use '{name}' as the name of a store path: {reason}" },
  STORE_REFERENCES_FORBIDDEN: {
    exit: 2,
    message: "Cannot give {name} references: a {kind} path can't have any",
  },
  NAR_MAGIC_WRONG: {
    exit: 3,
    message: "Cannot read the NAR: it does not begin with the words of one (byte {offset})",
  },
  NAR_TAG_WRONG: {
    exit: 3,
    message: "Cannot read the NAR: {tag} stands at byte {offset} where {wanted} must be",
  },
  NAR_STRING_TOO_LONG: {
    exit: 3,
    message:
      "Cannot read the NAR: a string of {size} bytes stands at byte {offset} where at most {max} are allowed",
  },
  NAR_PADDING_WRONG: { exit: 3, message: "Cannot read the NAR: byte {offset} is padding and must be zero" },
  NAR_SIZE_TOO_LARGE: {
    exit: 3,
    message: "Cannot read the NAR: the file at byte {offset} says it has {size} bytes",
  },
  NAR_TRUNCATED: { exit: 3, message: "Cannot read the NAR: it ends too early, after {offset} bytes" },
  NAR_TRAILING_DATA: {
    exit: 3,
    message: "Cannot read the NAR: {size} bytes follow its end at byte {offset}",
  },
  NAR_NAME_INVALID: { exit: 3, message: "Cannot use the file name {name} in a NAR: {reason}" },
  NAR_ORDER_WRONG: { exit: 3, message: "Cannot put {name} after {previous} in a NAR: names must rise" },
  NAR_TARGET_INVALID: {
    exit: 3,
    message: "Cannot put a symlink to {target} into a NAR: targets have 1 to {max} bytes, none of them zero",
  },
  NAR_TOO_DEEP: {
    exit: 3,
    message: "Cannot have a NAR of this depth: files lie in fewer than {max} folders",
  },
  NAR_SIZE_CHANGED: {
    exit: 1,
    message:
      "Cannot put this file into a NAR: it changed while it was read ({wanted} bytes at first, now {actual})",
  },
  DRV_SYNTAX: { exit: 2, message: "Cannot read the derivation: byte {offset} is not {wanted}" },
  DRV_NOT_CANONICAL: {
    exit: 2,
    message: "Cannot read the derivation: it is not in canonical form: {reason}",
  },
  DRV_VERSION_UNSUPPORTED: {
    exit: 2,
    message:
      "Cannot read the derivation {name}: it is a dynamic derivation (DrvWithVersion), of which Pipelite has none",
  },
  DRV_OUTPUTS_INVALID: { exit: 2, message: "Cannot use the outputs of the derivation: {output}: {reason}" },
  DRV_INPUT_INVALID: { exit: 2, message: "Cannot use the input {path} of the derivation: {reason}" },
  DRV_INVARIANT_BROKEN: { exit: 2, message: "Cannot use the derivation {name}: {reason}" },
  DRV_UNWRITABLE: { exit: 2, message: "Cannot write the derivation {name}: {reason}" },
  DRV_OUTPUT_UNKNOWN: {
    exit: 2,
    message: "Cannot resolve the derivation: the path of {output} of {drv} is not known",
  },
  NARINFO_INVALID: { exit: 3, message: "Cannot read the narinfo: {field}: {reason}" },
  CONTENT_ADDRESS_INVALID: { exit: 3, message: "Cannot read '{text}' as a content address: {reason}" },
  SIGNATURE_INVALID: { exit: 3, message: "Cannot read '{text}' as a signature: {reason}" },
  KEY_INVALID: { exit: 2, message: "Cannot read the key '{name}': {reason}" },
  EXPORT_INVALID: { exit: 3, message: "Cannot read the export stream at byte {offset}: {reason}" },
  // stats
  SAMPLES_INVALID: { exit: 2, message: "Cannot read the values of {file}: {problem}" },
  // history
  HISTORY_DATABASE_INVALID: {
    exit: 2,
    message: "Cannot use '{database}' as the database of the history: it must be postgres://...",
    hint: "Leave it out for the SQLite file in the home",
  },
  HISTORY_UNREACHABLE: {
    exit: 4,
    message: "Cannot reach the database {database}: {problem}",
    hint: "Runs are kept in the home and nothing is lost: when the database answers, `pipelite history sync` adds them",
  },
  HISTORY_REFUSED: { exit: 1, message: "Cannot use the database {database}: {problem}" },
  HISTORY_DAMAGED: {
    exit: 3,
    message: "Cannot read the index of runs in {database}: {problem}",
    hint: "`pipelite history rebuild` makes it again from the run records",
  },
  HISTORY_NEWER: {
    exit: 2,
    message: "Cannot use the index of runs in {database}: a newer Pipelite made its tables",
    hint: "Use that version, or another database",
  },
  HISTORY_EMPTY: {
    exit: 2,
    message: "Cannot show a trend: {database} has no run",
    hint: "`pipelite run` makes one",
  },
  HISTORY_PIPELINE_UNKNOWN: {
    exit: 2,
    message: "Cannot find runs of '{pipeline}' in {database}: it has {known}",
  },
  HISTORY_SERIES_UNKNOWN: {
    exit: 2,
    message: "Cannot show a trend of {wanted}: no run of {pipeline} measured it",
    hint: "Measured are {known}",
  },
  // documents
  BROWSER_NOT_FOUND: {
    exit: 4,
    message: "Cannot print the report to PDF: no {names} is on the PATH",
    hint: "Install Chromium, or print report.html from any browser: it has a print form",
  },
  PDF_NOT_PRINTED: {
    exit: 4,
    message: "Cannot print the report to PDF: {browser} wrote none: {problem}",
    hint: "Print report.html from any browser: it has a print form",
  },
  // cli
  REPORT_FILE_FOREIGN: {
    exit: 2,
    message:
      "Cannot write {file}: a file of that name is there that this command did not write, or that was changed",
    hint: "Name another folder with --out",
  },
  COMMAND_UNKNOWN: { exit: 2, message: "There is no command '{command}'", hint: "{suggestion}" },
  FLAG_UNKNOWN: { exit: 2, message: "There is no flag {flag}", hint: "{suggestion}" },
  FLAG_VALUE_MISSING: { exit: 2, message: "The flag {flag} needs a value" },
  FLAG_REPEATED: { exit: 2, message: "Cannot use the flag {flag} twice: '{first}' and '{second}'" },
  ARGUMENT_INVALID: { exit: 2, message: "Cannot use '{value}' for {name}: {problem}" },
  ARGUMENT_MISSING: { exit: 2, message: "The argument {name} is missing", hint: "{suggestion}" },
  ARGUMENT_UNEXPECTED: {
    exit: 2,
    message: "There is no use for the argument '{value}'",
    hint: "{suggestion}",
  },
  STORE_ARGUMENT_UNKNOWN: {
    exit: 2,
    message: "Cannot find '{path}' in the store {home}",
    hint: "`pipelite store list` lists all paths",
  },
  STORE_ARGUMENT_AMBIGUOUS: {
    exit: 2,
    message: "Cannot tell which path '{path}' means: {first} or {second}",
  },
  INIT_WOULD_OVERWRITE: {
    exit: 2,
    message: "Cannot start a pipeline in {folder}: it has {files}",
    hint: "Name another folder: `pipelite init FOLDER`",
  },
  OUTPUT_IS_TERMINAL: {
    exit: 2,
    message: "Cannot write {what} to a terminal",
    hint: "Redirect it: `> FILE`",
  },
  LEAN_EXPORT_UNREADABLE: { exit: 2, message: "Cannot read the export {file}: {reason}" },
  LEAN_EXPORT_COMPRESSED: {
    exit: 2,
    message: "Cannot read the export {file}: it is compressed by {program}",
    hint: "`{program} -dc {file} | pipelite lean check -`",
  },
  SYSTEM_CALL_FAILED: { exit: 1, message: "Cannot {call} {path}: {reason}" },
  INTERRUPTED: { exit: 130, message: "Stopped before the end" },
  INTERNAL_ERROR: {
    exit: 70,
    message: "Internal error: {problem}",
    hint: "This is a fault of Pipelite {version}, not yours; please report it with the lines above",
  },
  // sandbox
  SANDBOX_UNAVAILABLE: {
    exit: 4,
    message: "Cannot use the sandbox {kind} on this machine: {reason}",
    hint: "Leave the choice to Pipelite, or allow unprivileged user namespaces",
  },
  SANDBOX_FAILED: {
    exit: 1,
    message: "Cannot set up the sandbox {kind}: {problem}",
  },
  SANDBOX_BUILDER_NOT_STARTED: {
    exit: 1,
    message: "Cannot start {builder} in the sandbox: {problem}",
  },
  SANDBOX_INPUT_MISSING: {
    exit: 1,
    message: "Cannot show {path} to the sandbox: {physical} does not exist",
  },
  // sign
  SIGNING_KEY_NOT_FOUND: {
    exit: 2,
    message: "Cannot read the key: no file {file}",
    hint: "`pipelite key new FILE` makes one",
  },
  SIGNING_KEY_INVALID: { exit: 2, message: "Cannot read the key {file}: {problem}" },
  SIGNING_KEY_KIND: { exit: 2, message: "Cannot use the key {file}: it is {found}, not {wanted}" },
  SIGNING_KEY_EXISTS: { exit: 2, message: "Cannot write a key to {file}: there is a file already" },
  PASSPHRASE_MISSING: {
    exit: 2,
    message: "Cannot use the key {file}: it is encrypted, and no passphrase is given",
    hint: "Put the passphrase into a file and give --passphrase-file FILE",
  },
  PASSPHRASE_WRONG: { exit: 2, message: "Cannot use the key {file}: the passphrase does not open it" },
  BUNDLE_INVALID: { exit: 3, message: "Cannot accept the bundle: {problem}" },
  BUNDLE_KEY_UNKNOWN: {
    exit: 3,
    message: "Cannot verify the bundle: none of the given keys is {keyId}, which it names",
    hint: "Give the signer's public key: --key FILE",
  },
  BUNDLE_SIGNATURE_WRONG: {
    exit: 3,
    message: "Cannot accept the bundle: its signature is not by the key {keyId} over these bytes",
  },
  STATEMENT_INVALID: { exit: 3, message: "Cannot read the signed statement: {problem}" },
  // release
  MEANING_UNKNOWN: {
    exit: 2,
    message: "Cannot sign with the meaning '{meaning}': it must be one of {known}",
  },
  SIGNER_INVALID: {
    exit: 2,
    message: "Cannot sign as '{name}': a printed name has no spaces around it and no invisible characters",
  },
  RECORD_CHANGED: {
    exit: 3,
    message: "Cannot rely on the run {run}: its record is not as it was written: {problem}",
  },
  RESULT_MISSING: {
    exit: 3,
    message: "Cannot sign for the run {run}: its result {tree} is no longer in the store",
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
  RELEASE_EXISTS: {
    exit: 3,
    message: "Cannot release the run {run} again: it was released otherwise: {problem}",
  },
} as const satisfies Record<string, Row>;
