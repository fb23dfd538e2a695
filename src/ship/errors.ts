// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  LAYOUT_INVALID: { exit: 3, message: "Cannot use the image layout {layout}: {problem}" },
  LAYOUT_THERE: {
    exit: 2,
    message: "Cannot write the image layout {layout}: there is something already",
    hint: "Remove it, or name another folder",
  },
  LAYOUT_WRITE_FAILED: { exit: 1, message: "Cannot write the image layout {layout}: {problem}" },
  SHIPPED_PATH_CHANGED: {
    exit: 3,
    message:
      "Cannot pack {path}: its bytes are not those that are registered (sha256:{got}, registered sha256:{wanted}); the file that looks changed is {file}",
    hint: "`pipelite store verify` finds what has changed, `pipelite store repair` brings it back",
  },
  SHIPPED_FILE_CHANGED: {
    exit: 3,
    message: "Cannot pack {file}: it was changed while it was packed",
    hint: "`pipelite store verify --contents` finds what has changed. Pack again when nobody changes the store",
  },
  PACK_LEVEL_INVALID: {
    exit: 2,
    message: "Cannot pack by {codec} at level {level}: its levels are {least} to {most}",
  },
  PACK_IMAGE_COMMAND: {
    exit: 2,
    message: "{place}: cannot pack {name} as an image: nothing says which program it starts",
    hint: 'image: { command: ["PROGRAM"] }',
  },
  LAYERS_FILE_INVALID: {
    exit: 2,
    message: "Cannot use {file}: {problem}",
    hint: "It says which paths share a layer; without it they are laid out anew",
  },
  IMAGE_WRONG: { exit: 3, message: "Cannot take {image} for what it says it is: {problem}" },
  REGISTRY_REFUSES: {
    exit: 2,
    message: "Cannot push {what} to {place}: the registry wants to know who asks ({status})",
    hint: "`podman login` or `docker login`, whose file is read (REGISTRY_AUTH_FILE names another), as one who may write there",
  },
  REGISTRY_LIES: {
    exit: 3,
    message: "Cannot rely on {place}: of the {what} it says that it is {got}",
    hint: "What was sent is whole here; ask those who run the registry",
  },
  PUSH_TOO_OFTEN: {
    exit: 1,
    message: "Cannot push {what} to {place}: the registry was asked too often",
    hint: "Later",
  },
  PUSH_FAILED: {
    exit: 1,
    message: "Cannot push {what} to {place}: {problem}",
    hint: "Push again: what is there already is passed over, and no name leads to what is not whole",
  },
  PACK_NODE_MISSING: {
    exit: 2,
    message: "{place}: cannot pack {what} '{name}': run {run} has no output of it",
    hint: "Name it among the results, `pipeline({ ... })`, and run the pipeline again: a source that no stage reads is in no run otherwise",
  },
  PACK_FILE_MISSING: {
    exit: 2,
    message: "{place}: cannot pack {what} '{name}': there is no file '{file}' in {path}",
  },
  PACK_FILE_KIND: { exit: 2, message: "{place}: cannot pack {what} '{name}': {path} is {problem}" },
  PACK_FILE_TWICE: {
    exit: 2,
    message: "Cannot pack: {one} and {other} would both have the file /{file}",
  },
  PACK_FILE_UNSAYABLE: {
    exit: 2,
    message: "Cannot pack {path} as {format}: its file {file} can't be in one, since {problem}",
  },
  PACK_NAME_UNSAYABLE: {
    exit: 2,
    message: "{place}: cannot pack as {format}: '{name}' can't be the name of a package of it",
    hint: "Names have lower case letters, digits, +, - and ., at least two, and start with a letter or digit",
  },
  PACK_VERSION_UNSAYABLE: {
    exit: 2,
    message: "{place}: cannot pack {name} as {format}: it has no way to say the version '{version}'",
    hint: "Versions such as 1.2.0, 1.2.0~rc1 and 1.2.0+git20260101 can be said in every format",
  },
  PACK_TIME_UNSAYABLE: {
    exit: 2,
    message: "{place}: cannot pack {name} as {format}: its times end in 2106, and that of this one is {time}",
    hint: "`date` of the package, or SOURCE_DATE_EPOCH",
  },
  PACK_LIST_TOO_LARGE: {
    exit: 2,
    message: "Cannot pack {path} as {format}: {problem}",
    hint: "It lists every file: pack the paths of the store one by one (without --single), or fewer files",
  },
  PACK_TOO_LARGE: {
    exit: 2,
    message: "Cannot pack {path} as {format}: it has {bytes} bytes, and a package of it no more than {max}",
  },
  PACK_PATH_GONE: {
    exit: 2,
    message: "Cannot pack: {path}, which {referrer} refers to, is not in the store any more",
    hint: "Run the pipeline again",
  },
  PACK_SET_ID: {
    exit: 2,
    message: "Cannot pack {path}: its file {file} runs as its owner whoever starts it (mode {mode})",
  },
  PACK_SPECIAL_FILE: { exit: 3, message: "Cannot pack {path}: its {file} is no file, folder or link" },
  PACK_WRITE_FAILED: {
    exit: 1,
    message: "Cannot write {name} ({format}) to {folder}: {problem}",
    hint: "Nothing of it was left there",
  },
  PACKAGE_INVALID: { exit: 3, message: "Cannot take {file} for a package of {format}: {problem}" },
  PACKAGE_TOO_LARGE: {
    exit: 2,
    message: "Cannot read {file} ({format}): {problem}",
  },
  PACKAGE_STORE_WRONG: {
    exit: 3,
    message: "Cannot take what this {format} package has of the store for paths of one: {problem}",
  },
  PACK_NOTE_MISSING: {
    exit: 3,
    message: "Cannot tell what the package {file} was made of: {problem}",
    hint: "Packages that `pipelite pack` makes say it, those with the links of a package and those of --single",
  },
  REPO_NOTHING: {
    exit: 2,
    message: "Cannot add {word}: there is no {kind} package",
    hint: "`pipelite pack` makes packages; a folder stands for those directly in it",
  },
  REPO_PACKAGE_INVALID: { exit: 3, message: "Cannot take {file} into the repository: {problem}" },
  REPO_PACKAGE_DIFFERS: {
    exit: 3,
    message: "Cannot take {file} into the repository: it has {name} {version} with other bytes ({place})",
    hint: "Give the new one another version: who has installed the old one would never get it",
  },
  REPO_FOLDER_FOREIGN: {
    exit: 2,
    message: "Cannot write the repository: {folder} is there, and not of this program",
    hint: "Name an empty folder, or move that one away",
  },
  REPO_TIME_UNSAYABLE: {
    exit: 2,
    message: "Cannot sign an index of the time {time}: a signature has none after 2106",
    hint: "SOURCE_DATE_EPOCH",
  },
  REPO_WRITE_FAILED: {
    exit: 1,
    message: "Cannot write the repository {folder}: {problem}",
    hint: "It is as it was before; packages that were copied already are taken into it the next time",
  },
});
