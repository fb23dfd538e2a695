// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
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
  REBUILD_FOREIGN: {
    exit: 3,
    message: "Cannot take the statement {file}: {problem}",
    hint: "A statement is taken for an output that a run of this home has, with the public key of who signed it",
  },
});
