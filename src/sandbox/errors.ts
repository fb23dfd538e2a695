// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SANDBOX_UNAVAILABLE: {
    exit: 4,
    message: "Cannot use the sandbox {kind} on this machine: {reason}",
    hint: "Leave the choice to Pipelite, or allow unprivileged user namespaces",
  },
  SANDBOX_FAILED: {
    exit: 1,
    message: "Cannot set up the sandbox {kind}: {problem}",
  },
  SANDBOX_HOME_FOREIGN: {
    exit: 4,
    message:
      "Cannot set up the sandbox {kind} in {folder}: it belongs to the user {owner}, who lets nobody in ({problem})",
    hint: "Run as that user, or with a home of your own: --store DIR or PIPELITE_HOME",
  },
  SANDBOX_BUILDER_NOT_STARTED: {
    exit: 1,
    message: "Cannot start {builder} in the sandbox: {problem}",
  },
  SANDBOX_INPUT_MISSING: {
    exit: 1,
    message: "Cannot show {path} to the sandbox: {physical} does not exist",
  },
});
