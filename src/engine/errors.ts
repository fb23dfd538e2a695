// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  DERIVATION_UNSUPPORTED: { exit: 2, message: "Cannot build {drvPath}: {problem}" },
  FETCH_FAILED: { exit: 1, message: "Stage '{stage}': cannot fetch {url}: {problem}" },
  FETCH_HASH_MISMATCH: { exit: 3, message: "Cannot use {url}: its hash is {got}, wanted {wanted}" },
  NIX_NOT_FOUND: {
    exit: 4,
    message: "Cannot use the engine nix: no nix-daemon on the PATH",
    hint: "Install Nix, or leave out `--engine nix`: the embedded engine makes the same paths",
  },
  MACHINE_LOST: {
    exit: 1,
    message: "The machine {machine} is lost: {problem}",
    hint: "It must be reached without a question, and its Nix daemon must answer: `ssh HOST nix-daemon --stdio` shows whether",
  },
  MACHINE_PROTOCOL: {
    exit: 4,
    message: "Cannot use the machine {machine}: {problem}",
    hint: "Nix 2.8 or newer must answer there, and nothing else may print anything before it, such as a start file of the shell",
  },
  MACHINE_NONE: {
    exit: 4,
    message: "Stage '{stage}': no machine builds {system} with the features it asks for",
    hint: "`--builders` names machines, their systems and features",
  },
  MACHINES_INVALID: {
    exit: 2,
    message: "Cannot read the list of machines at '{line}': {problem}",
    hint: "A line is: URI SYSTEMS KEY JOBS SPEED FEATURES MANDATORY-FEATURES HOST-KEY, with - for nothing",
  },
  MACHINE_REFUSES: {
    exit: 1,
    message: "The machine {machine} refuses: {problem}",
    hint: "Look there at the space on its disk, at its system and features, and at what its user may do",
  },
  STAGE_FAILED: { exit: 1, message: "Stage '{stage}' failed: it exited with {code}" },
  STAGE_FAILED_IN_NIX: { exit: 1, message: "Stage '{stage}' failed: {problem}" },
  STAGE_DISK_FULL: {
    exit: 1,
    message:
      "Stage '{stage}' failed: it exited with {code}, and no space is left on the file system of the store",
    hint: "Free some space, or collect garbage with `pipelite store gc`, then run again",
  },
  STAGE_KILLED: { exit: 1, message: "Stage '{stage}' failed: it was ended by {signal}" },
  STAGE_TIMED_OUT: { exit: 1, message: "Stage '{stage}' failed: it was stopped after {timeoutMs} ms" },
  STAGE_LOG_LIMIT: { exit: 1, message: "Stage '{stage}' failed: it was stopped after {limit} of log" },
  STAGE_MEMORY_LIMIT: {
    exit: 1,
    message: "Stage '{stage}' failed: it ran out of memory: it may use {limit}",
    hint: "`memoryBytes` of the stage sets how much it may take",
  },
  STAGE_MACHINE_MEMORY: {
    exit: 1,
    message:
      "Stage '{stage}' failed: this machine, or the container that we are in, ran out of memory, and the kernel ended it",
    hint: "`memoryBytes` says how much a stage takes: no more are started together than there is memory for",
  },
  STAGE_PROCESS_LIMIT: {
    exit: 1,
    message:
      "Stage '{stage}' failed: it exited with {code}, after it had been refused more than {limit} processes at a time",
    hint: "`processes` of the stage sets how many it may have",
  },
  STAGE_NO_OUTPUT: {
    exit: 1,
    message: "Stage '{stage}' failed: it made no output",
    hint: 'A stage returns an object of files; a command is given `out` to write to, or says `stdout: "NAME"`',
  },
});
