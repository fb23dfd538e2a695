// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  JOURNAL_BROKEN: {
    exit: 3,
    message: "Cannot trust the journal {file} at line {line}: {problem}",
    hint: "Keep the file for whoever looks into it; a new journal starts when it is moved away",
  },
});
