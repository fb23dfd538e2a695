// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  AUDIT_INVALID: {
    exit: 3,
    message: "Cannot read the audit {file}: {problem}",
    hint: "`pipelite audit` makes a new one in its place",
  },
});
