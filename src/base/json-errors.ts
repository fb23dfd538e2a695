// Apart from the other errors of this folder: it is bundled with every stage, whose identity must not hang on the words of others.
import { errorsOf } from "./errors.ts";

export const pipeliteError = errorsOf({
  JSON_NOT_CANONICAL: { exit: 2, message: "Cannot write {value} as canonical JSON at {at}" },
});
