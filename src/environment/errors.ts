// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  ENVIRONMENT_NOT_LOCKED: {
    exit: 2,
    message: "{place}: the environment {name} is not locked: {file} does not say what it is made of",
    hint: "`pipelite lock` pins it; a run never chooses versions by itself",
  },
  MIRROR_INVALID: {
    exit: 2,
    message: "Cannot use '{word}' of PIPELITE_MIRRORS: it is not NAME=URL",
    hint: "PIPELITE_MIRRORS='debian=URL debian-security=URL'",
  },
  MIRROR_MISSING: {
    exit: 2,
    message: "Cannot find the archive '{archive}': this machine has no source of apt for it",
    hint: "PIPELITE_MIRRORS='{archive}=URL' names one; it is no part of what is built",
  },
  FILE_UNAVAILABLE: {
    exit: 1,
    message: "Cannot fetch {file} of the archive {archive}: {problem}",
    hint:
      "Archives drop what is superseded: name a mirror of the snapshot archive (PIPELITE_MIRRORS='snapshot=URL'), or " +
      "`pipelite lock --update`",
  },
  FILE_HASH_DIFFERS: {
    exit: 3,
    message: "Cannot use {file} of the archive {archive}: its sha256 is {got}, locked is {wanted}",
  },
  RELEASE_UNSIGNED: {
    exit: 3,
    message:
      "Cannot trust {suite} of the archive {archive}: its InRelease is not signed as it must be ({problem})",
  },
  RELEASE_UNTRUSTED: {
    exit: 3,
    message: "Cannot trust {suite} of the archive {archive}: no key that may sign it has",
    hint: "`repositories` of the environment names the keys of an archive that is not Debian's own",
  },
  RELEASE_EXPIRED: {
    exit: 3,
    message: "Cannot trust {suite} of the archive {archive}: it was good until {until}",
    hint: "The mirror is out of date; name another in PIPELITE_MIRRORS, or a `snapshot` of the environment",
  },
  RELEASE_INVALID: { exit: 3, message: "Cannot use {suite} of the archive {archive}: {problem}" },
  SUITE_UNAVAILABLE: { exit: 1, message: "Cannot read {suite} of the archive {archive}: {problem}" },
  PACKAGE_INDEX_INVALID: {
    exit: 3,
    message: "Cannot use the package {package} of the archive {archive}: its entry is malformed",
  },
  KEYRING_INVALID: { exit: 2, message: "Cannot use the keys in {file}: {problem}" },
  PACKAGE_UNKNOWN: { exit: 2, message: "Cannot find the package {package}", hint: "{suggestion}" },
  PACKAGES_IN_CONFLICT: { exit: 2, message: "Cannot have the package {package}: {problem}" },
  LOCK_FILE_INVALID: { exit: 2, message: "Cannot read {file}: {problem}" },
});
