// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  CODEC_CHANGED: {
    exit: 4,
    message:
      "Cannot pack: the {codec}, of this Node gives other bytes than it is known for ({found}, not {known})",
    hint: "Use the Node that package-lock.json pins",
  },
  OPENPGP_INVALID: { exit: 3, message: "Cannot read this as signed by OpenPGP: {problem}" },
  DEBIAN_RELATION_INVALID: {
    exit: 3,
    message: "Cannot read the relation '{text}' of a package",
    hint: "Debian Policy, chapter 7, says how one is written: whoever keeps the archive has to make the package again",
  },
});
