// Apart from the other errors of this folder: it is bundled with steps of environments, whose identity must not hang on the words of others.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  ARCHIVE_INVALID: { exit: 3, message: "Cannot read the {format} archive: {problem}" },
});
