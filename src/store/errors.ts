// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  STORE_NO_SPACE: {
    exit: 1,
    message: "Cannot write to the store {home}: {lack} on its file system",
    hint: "Free some space or collect garbage, then run again: nothing half-written is registered",
  },
  STORE_FILE_LIMIT: {
    exit: 1,
    message: "Cannot write to the store {home}: {limit}",
    hint: "Raise the limit where Pipelite is started (`ulimit -f unlimited`), then run again: nothing half-written is registered",
  },
  STORE_DISK_FAILED: {
    exit: 1,
    message: "Cannot use the store {home}: its disk fails (i/o error)",
    hint: "Look after the disk (`dmesg`); `pipelite store verify` lists what is damaged",
  },
  STORE_READ_ONLY: {
    exit: 2,
    message: "Cannot write to the store {home}: {reason}",
    hint: "Choose a folder you may write to with --store or PIPELITE_HOME",
  },
  STORE_NOT_FOUND: {
    exit: 2,
    message: "Cannot open the store {home}: there is none",
    hint: "`pipelite run` makes it; --store names another",
  },
  HOME_LINKED: {
    exit: 3,
    message: "Cannot use {path}: it is a link, in the place of what a home has itself",
    hint: "Whoever made it has what is written to the home written elsewhere. Put what it leads to in its place; the home as a whole may be a link",
  },
  STORE_BUSY: {
    exit: 1,
    message: "Cannot use the store {home}: another process has held its database for {timeoutMs} ms",
  },
  STORE_DATABASE_DAMAGED: {
    exit: 3,
    message: "Cannot use the store's database {file}: {reason}",
    hint: "Put a copy of the file back, or move {home} away: the next run makes a new store there",
  },
  STORE_SCHEMA_FOREIGN: {
    exit: 2,
    message: "Cannot use the store {home}: its database has {actual} where {wanted} is wanted",
    hint: "Another version of Nix made it; choose another folder with --store or PIPELITE_HOME",
  },
  STORE_PATH_NOT_VALID: {
    exit: 1,
    message: "Cannot use {path}: it is not valid in the store {home}",
  },
  STORE_PATH_MISSING: {
    exit: 3,
    message: "Cannot read {path}: it is registered but {file} is missing",
    hint: "Something other than Pipelite or Nix removed it; `pipelite store verify` lists all that is wrong",
  },
  STORE_PATH_IN_USE: { exit: 1, message: "Cannot delete {path}: {reason}" },
  STORE_OUTPUT_MISSING: {
    exit: 1,
    message: "Cannot register {name}: the builder did not make {file}",
  },
  STORE_OUTPUT_UNSAFE: { exit: 1, message: "Cannot register {name}: {file} {reason}" },
  STORE_OUTPUT_NOT_FLAT: {
    exit: 1,
    message:
      "Cannot register {name}: its hash is that of a file, so it must be a file that is not executable",
  },
  STORE_HASH_MISMATCH: {
    exit: 3,
    message: "Cannot accept {path}: its hash is {actual}, wanted is {wanted}",
  },
  STORE_CONTENT_ADDRESS_WRONG: {
    exit: 3,
    message: "Cannot accept {path}: its content address {contentAddress} belongs to another path",
  },
  STORE_REFERENCE_MISSING: {
    exit: 1,
    message: "Cannot register {path}: it refers to {reference}, which is not valid",
  },
  STORE_REFERENCE_CYCLE: {
    exit: 1,
    message: "Cannot register {path}: it refers to itself through {through}",
  },
  STORE_OUTPUT_TOO_LARGE: {
    exit: 1,
    message: "Cannot register the output of {name}: it has more than {sizeMaxBytes} bytes, holes counted",
    hint: "`outputBytes` of the stage sets how large its output may be",
  },
  STORE_ROOT_UNWRITABLE: {
    exit: 2,
    message: "Cannot write the link {link}: {reason}",
    hint: "Name another place, where you may write",
  },
  STORE_PROFILE_NAME: { exit: 2, message: "Cannot use '{name}' as the name of a profile: {problem}" },
  STORE_PROFILE_UNKNOWN: {
    exit: 2,
    message: "Cannot use the profile {name}: the store {home} has none of that name",
    hint: "`pipelite store profile` lists them",
  },
  STORE_GENERATION_UNKNOWN: {
    exit: 2,
    message: "Cannot switch the profile {name}: it has no generation {which}, it has {there}",
  },
  STORE_ROOT_EXISTS: { exit: 2, message: "Cannot write the link {link}: something else is there" },
});
