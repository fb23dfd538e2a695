// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "./errors.ts";

// Where nothing that is bundled with a stage throws one, none is bundled.
export const pipeliteError = /* @__PURE__ */ errorsOf({
  LOCK_TIMEOUT: {
    exit: 1,
    message: "Cannot get a lock within {timeoutMs} ms: another process holds it",
  },
  HOME_FOLDER_UNKNOWN: {
    exit: 2,
    message: "Cannot tell where the home is: HOME is not set, and this machine does not know the user",
    hint: "Set PIPELITE_HOME, or HOME",
  },
  FILE_ENDLESS: {
    exit: 2,
    message: "Cannot read {path}: it is {kind}, and that may have no end",
    hint: "Put a file in its place",
  },
  THREAD_ENDED: {
    exit: 1,
    message: "Cannot {work}: the thread that does it ended without an answer: {problem}",
    hint: "Try again, with more memory where that is scarce",
  },
  FILE_TOO_LARGE: { exit: 2, message: "Cannot read {path}: it is larger than can be read at once" },
  MEMORY_FILE_REFUSED: {
    exit: 4,
    message: "Cannot make the memory file {name}: the kernel refuses executable memory files",
  },
});
