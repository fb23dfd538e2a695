// Apart from the other errors of this folder: it is bundled with steps of environments, whose identity must not hang on the words of others.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  IMAGE_DOCUMENT_INVALID: { exit: 3, message: "Cannot use the {document} of this image: {problem}" },
});
