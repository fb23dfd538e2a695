// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  RUN_ARCHIVE_INVALID: {
    exit: 3,
    message: "Cannot use the archive {file}: {problem}",
    hint: "`tar -xf` and `sha256sum -c SHA256SUMS` show what of it is as it was; take another copy",
  },
  RUN_ARCHIVE_PACKED: {
    exit: 2,
    message: "Cannot use the archive {file}: it is compressed by {program}",
    hint: "`{program} -d` makes the archive of it",
  },
  RUN_ARCHIVE_FORM: {
    exit: 4,
    message: "Cannot use the archive {file}: it has the form {form}, and this Pipelite knows 1",
    hint: "The Pipelite that is in it, in the folder program, knows it",
  },
  ARCHIVE_RUN_UNSOUND: {
    exit: 3,
    message: "Cannot archive the run {run}: {problem}",
    hint: "`pipelite verify {run}` says more; what does not hold now will not hold in ten years",
  },
  ARCHIVE_NO_FILE: {
    exit: 2,
    message: "Cannot write the archive to {file}: it is a device, a pipe or a socket",
    hint: "Name a file: an archive gets its name when it is whole",
  },
  ARCHIVE_TARGET_TAKEN: {
    exit: 2,
    message: "Cannot open the archive into {home}: something is there",
    hint: "Name a folder that is not there yet: a home has one history, and the archive brings its own",
  },
});
