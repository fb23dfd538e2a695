// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SECRET_FOUND: {
    exit: 3,
    message: "The secret '{secret}' is in {where}: this run keeps nothing of it",
    hint: "A secret is for downloads and answers alone. Take it out of there, and give it up where others may have seen it",
  },
  SECRET_TOO_SHORT: {
    exit: 2,
    message: "Cannot use the secret '{secret}': it has fewer than {least} bytes, too few to be looked for",
  },
  SECRET_SOURCE_FAILED: {
    exit: 2,
    message: "Cannot read the secret '{secret}' from its {from}: {problem}",
  },
  SECRET_MISSING: {
    exit: 2,
    message: "{place}: the secret '{secret}' is needed, and there is none",
    hint: "Set the variable {secret}, or give --secret {secret}=file:PATH or --secret '{secret}=command:WORDS'",
  },
});
