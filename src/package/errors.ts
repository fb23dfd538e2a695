// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  ARCHIVE_INVALID: { exit: 3, message: "Cannot read the {format} archive: {problem}" },
  OPENPGP_INVALID: { exit: 3, message: "Cannot read this as signed by OpenPGP: {problem}" },
  DEBIAN_RELATION_INVALID: { exit: 3, message: "Cannot read the relation '{text}' of a package" },
});
