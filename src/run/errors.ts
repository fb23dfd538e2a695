// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  ENVIRONMENT_PROGRAM_MISSING: {
    exit: 1,
    message: "Stage '{stage}' failed: its environment lacks the program that it starts ({problem})",
    hint: "Add the package that has it to the environment",
  },
  ENVIRONMENT_PROGRAM_FOREIGN: {
    exit: 1,
    message: "Stage '{stage}' failed: the program that it starts was not made for this machine ({problem})",
    hint:
      "Whatever it came with (an image, a wheel, a file that was added) is for another architecture, whatever it says of " +
      "itself; a script begins with #! and the path of what runs it",
  },
  ENVIRONMENT_PACKAGE_FAILED: {
    exit: 1,
    message: "The environment '{stage}' cannot be made: {problem}",
    hint: "Its log has what the scripts of the package said: `pipelite log {stage}`",
  },
  IMAGE_REFUSED: {
    exit: 3,
    message: "The environment '{stage}' cannot be made of its image: {problem}",
    hint: "No container engine should take it either; whoever made the image has to make it again",
  },
  WHEEL_REFUSED: {
    exit: 3,
    message: "The environment '{stage}' cannot be made: {problem}",
    hint: "pip should not take it either: whoever made the wheel has to make it again",
  },
  NPM_PACKAGE_REFUSED: {
    exit: 3,
    message: "The environment '{stage}' cannot be made: {problem}",
    hint: "npm packs files and folders only, in one folder: whoever made the archive has to make it again",
  },
  ENVIRONMENT_NOT_COMPOSED: {
    exit: 1,
    message: "The environment '{stage}' cannot be put together: {problem}",
    hint: "Let one of them write it elsewhere: `path` puts any folder ahead of the PATH",
  },
  ENVIRONMENT_NOT_ENTERED: {
    exit: 4,
    message: "Stage '{stage}' cannot enter its environment: {problem}",
    hint:
      "A stage in an environment makes namespaces inside its sandbox: the kernel must allow user namespaces " +
      "(user.max_user_namespaces, kernel.unprivileged_userns_clone), and the sandbox must not be `none`",
  },
  ENVIRONMENT_UNNAMED: {
    exit: 2,
    message: "Cannot tell which environment is meant: the pipeline has not exactly one",
    hint: "{suggestion}",
  },
  STAGE_WITHOUT_ENVIRONMENT: {
    exit: 2,
    message: "{place}: cannot open '{stage}': it runs in no environment",
    hint: "{suggestion}",
  },
  SHELL_PROGRAM_MISSING: {
    exit: 2,
    message: "Cannot start {program} in '{name}': its environment has none",
    hint: "{suggestion}",
  },
  DEBUG_WITH_NIX: {
    exit: 2,
    message: "Cannot keep the build folder of '{stage}': Nix builds it, in a folder of its own",
    hint: "Leave out `--engine nix` and `--builders`: the stage is the same",
  },
  INPUT_FILE_MISSING: { exit: 1, message: "{place}: stage '{stage}' made no file '{file}': it made {there}" },
  GATE_CLOSED: { exit: 1, message: "The gate '{stage}' stopped the run: its verdict is not 'passed'" },
  RUN_STAGE_NOT_FOUND: { exit: 2, message: "Cannot find the stage '{stage}' in run {run}: it has {known}" },
  STAGE_LOG_MISSING: { exit: 2, message: "Cannot show a log of stage '{stage}' in run {run}: there is none" },
  STAGE_LOG_REMOVED: {
    exit: 2,
    message: "Cannot show the log of stage '{stage}' in run {run}: removed by retention on {at} ({file})",
    hint: "Its digest is in the record; `pipelite rebuild {stage}` shows what it prints now",
  },
  STAGE_NOT_FOUND: {
    exit: 2,
    message: "Cannot run the stage '{stage}': the pipeline has none of that name",
    hint: "{suggestion}",
  },
  SECRET_LATE: {
    exit: 2,
    message: "{place}: the secret '{name}' comes too late: what ran before this was not searched for it",
    hint: 'Make it outside of `each`: `const {name} = secret("{name}");`',
  },
  STAGE_NOT_EXPANDED: {
    exit: 2,
    message: "Cannot run the stage '{stage}' alone yet: whether there is one is known when {list} is there",
    hint: "Build the list first: name '{way}' in its place",
  },
  STAGE_NOT_FORCED: {
    exit: 2,
    message: "Cannot build '{stage}' again with --force: {problem}",
    hint: "`pipelite audit` builds every stage again and compares",
  },
  MODEL_REQUEST_INVALID: { exit: 2, message: "Cannot use the request for the model: {problem}" },
  MODEL_URL_MISSING: {
    exit: 2,
    message:
      "Cannot ask the model {model}: no answer of that model is pinned for this request, and no endpoint is given",
    hint: "Add --model URL",
  },
  MODEL_UNREACHABLE: { exit: 1, message: "Cannot reach the model at {url}: {problem}" },
  MODEL_REFUSED: { exit: 1, message: "Cannot use what {url} answered: {problem}" },
  LOCK_ANSWER_CHANGED: {
    exit: 3,
    message: "Cannot use {file}: the answer to {request} is not the one whose hash is pinned",
  },
  RESULT_LINK_TAKEN: {
    exit: 2,
    message: "Cannot make the result link {link}: something that is not a link is there",
    hint: "Remove it, or name another with --out",
  },
  COMMAND_LACKS: {
    exit: 1,
    message: "Stage '{stage}' failed: it exited with {code}",
    hint: "It sees its inputs only: programs come by `path: [tool(...)]`, files as arguments, and what needs folders of its own by `environment`",
  },
});
