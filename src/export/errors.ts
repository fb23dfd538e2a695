// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  EXPORT_NEEDS_RUN: {
    exit: 2,
    message: "Cannot export {pipeline}: {what} is known only when it has run",
    hint: "Run it, and name that run: `pipelite export-nix --run latest`",
  },
  EXPORT_RUN_DIFFERS: {
    exit: 2,
    message: "Cannot export {pipeline} as run {run} had it: {problem}",
    hint: "Run it again as it is now, and name that run",
  },
  EXPORT_NOT_FETCHED: {
    exit: 2,
    message: "Cannot export {pipeline}: the download '{stage}' is not in the store",
    hint: "An export carries what was fetched: `pipelite run` first",
  },
  EXPORT_NAME_TAKEN: {
    exit: 2,
    message: "Cannot export {pipeline}: its flake would have two things called '{name}'",
    hint: "`default` and `all-results` are all results: give the stage another name",
  },
  CI_NEEDS_INVALID: {
    exit: 2,
    message: "Cannot read what other jobs found from {file}: {problem}",
    hint: "It is the context `needs` of a forge as JSON, or a folder of files that `pipelite ci --result` wrote",
  },
  EXPORT_SHELL_UNFIT: {
    exit: 4,
    message: "Cannot make a shell of {program}: it can't be started but through its loader",
    hint: "`nix develop` starts a program that is called bash: put another one first on the PATH",
  },
});
