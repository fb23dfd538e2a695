// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  FORMULA_INVALID: { exit: 3, message: "Cannot read the formula {formula} at column {column}: {problem}" },
  FORMULA_FAILED: { exit: 3, message: "Cannot compute the formula {formula} at column {column}: {problem}" },
  EVIDENCE_MISSING: { exit: 3, message: "Cannot find the evidence {place}: {problem}" },
});
