// Of reading trees. Apart from the other errors of this folder: it is bundled with checks, whose identity must not hang on the words of others.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  STORE_SOURCE_MISSING: { exit: 2, message: "Cannot add {file}: no such file or folder" },
  STORE_SOURCE_UNREADABLE: { exit: 2, message: "Cannot read {file}: {reason}" },
  STORE_SOURCE_CHANGED: { exit: 1, message: "Cannot read {file}: it changed while it was read" },
  STORE_SPECIAL_FILE: {
    exit: 2,
    message: "Cannot store {file}: it is a {kind}, and only files, folders and symbolic links can be stored",
  },
});
