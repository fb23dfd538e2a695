// Of writing NARs. Apart from the other errors of this folder: it is bundled with checks, whose identity must not hang on the words of others.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  NAR_NAME_INVALID: { exit: 3, message: "Cannot use the file name {name} in a NAR: {reason}" },
  NAR_ORDER_WRONG: { exit: 3, message: "Cannot put {name} after {previous} in a NAR: names must rise" },
  NAR_TARGET_INVALID: {
    exit: 3,
    message: "Cannot put a symlink to {target} into a NAR: targets have 1 to {max} bytes, none of them zero",
  },
  NAR_TOO_DEEP: {
    exit: 3,
    message: "Cannot use a NAR this deep: files must lie in fewer than {max} folders",
  },
  NAR_SIZE_CHANGED: {
    exit: 1,
    message:
      "Cannot put this file into a NAR: it changed while it was read ({wanted} bytes at first, now {actual})",
  },
});
