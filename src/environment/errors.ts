// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  ENVIRONMENT_NOT_LOCKED: {
    exit: 2,
    message: "{place}: the environment {name} is not locked: {what}",
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
    hint: "PIPELITE_MIRRORS='{archive}=URL' names one; what is built does not depend on it",
  },
  FILE_UNAVAILABLE: {
    exit: 1,
    message: "Cannot fetch {file} of the archive {archive}: {problem}",
    hint:
      "Archives remove old files: name a mirror of the snapshot archive (PIPELITE_MIRRORS='snapshot=URL'), or " +
      "`pipelite lock --update`",
  },
  FILE_HASH_DIFFERS: {
    exit: 3,
    message: "Cannot use {file} of the archive {archive}: its sha256 is {got}, the lock file says {wanted}",
    hint:
      "The mirror, or something on the way, gives other bytes: name another in PIPELITE_MIRRORS; `pipelite lock --update` where the " +
      "archive has replaced the file",
  },
  PACKAGE_FILE_INVALID: {
    exit: 3,
    message: "Cannot use {file} of the archive {archive} as the package {package}: {problem}",
    hint: "Whoever keeps the archive has to make the package, or its index, again; PIPELITE_MIRRORS='{archive}=URL' names another mirror",
  },
  RELEASE_UNSIGNED: {
    exit: 3,
    message:
      "Cannot trust {suite} of the archive {archive}: its InRelease is not signed as it must be ({problem})",
    hint: "The mirror, or something on the way, changed it: PIPELITE_MIRRORS='{archive}=URL' names another",
  },
  RELEASE_UNTRUSTED: {
    exit: 3,
    message: "Cannot trust {suite} of the archive {archive}: it is not signed by a key that may sign it",
    hint: "`repositories` of the environment names the keys of an archive that is not Debian's own",
  },
  RELEASE_EXPIRED: {
    exit: 3,
    message: "Cannot trust {suite} of the archive {archive}: it expired on {until}",
    hint: "The mirror is out of date; name another in PIPELITE_MIRRORS, or a `snapshot` of the environment",
  },
  RELEASE_INVALID: {
    exit: 3,
    message: "Cannot use {suite} of the archive {archive}: {problem}",
    hint: "The mirror may be behind, or broken: PIPELITE_MIRRORS='{archive}=URL' names another",
  },
  SUITE_UNAVAILABLE: {
    exit: 1,
    message: "Cannot read {suite} of the archive {archive}: {problem}",
    hint: "Look at the name of the suite, and at where the archive is: PIPELITE_MIRRORS='{archive}=URL'",
  },
  PACKAGE_INDEX_INVALID: {
    exit: 3,
    message: "Cannot use the package {package} of the archive {archive}: {problem}",
    hint: "Whoever keeps the archive has to make its index again; PIPELITE_MIRRORS='{archive}=URL' names another mirror",
  },
  KEYRING_INVALID: {
    exit: 2,
    message: "Cannot use the keys in {file}: {problem}",
    hint: "`gpg --export KEY > {file}` writes public keys, with or without --armor",
  },
  PACKAGE_UNKNOWN: { exit: 2, message: "Cannot find the package {package}", hint: "{suggestion}" },
  PACKAGES_IN_CONFLICT: {
    exit: 2,
    message: "Cannot install the package {package}: {problem}",
    hint: "Leave one of the two out, or give each an environment of its own: stages may have different ones",
  },
  IMAGE_UNKNOWN: {
    exit: 2,
    message: "Cannot find {image}: there is no {what}",
    hint: "Look at the name, the tag or the digest; `pipelite lock --update` finds out what a tag stands for now",
  },
  IMAGE_PLATFORM_MISSING: {
    exit: 2,
    message: "Cannot use {image} on this machine: it is for {platforms}, wanted is linux/{architecture}",
    hint: "Take an image that is for this machine, too, or run the pipeline on a machine that this one is for",
  },
  IMAGE_AMBIGUOUS: {
    exit: 2,
    message: "Cannot choose an image of {image}: {problem}",
    hint: 'The option `tag` says which one: image("./tools.tar", { tag: "1.4" })',
  },
  IMAGE_FILE_INVALID: {
    exit: 2,
    message: "Cannot use the image {image}: {problem}",
    hint: "`docker save NAME -o tools.tar` writes such a file, `skopeo copy docker://NAME oci:FOLDER:TAG` such a folder",
  },
  IMAGE_DIGEST_DIFFERS: {
    exit: 3,
    message: "Cannot use {image}: {what} was asked for, and came {got}",
    hint:
      "Where it is kept it was changed or damaged: name another place (PIPELITE_MIRRORS='REGISTRY=URL'); `pipelite lock --update` " +
      "where it was changed on purpose",
  },
  REGISTRY_LOGIN_NEEDED: {
    exit: 2,
    message: "Cannot get {image}: its registry wants to know who asks ({status})",
    hint:
      "`podman login` or `docker login`, whose file is read (REGISTRY_AUTH_FILE names another), or a name that is right: " +
      "registries say the same of what there is not",
  },
  REGISTRY_BUSY: {
    exit: 1,
    message: "Cannot get {image}: its registry was asked too often",
    hint: "Later, as a user that it knows (`podman login`), or from a mirror: PIPELITE_MIRRORS='REGISTRY=URL'",
  },
  REGISTRY_FAILED: {
    exit: 1,
    message: "Cannot get {image}: {problem}",
    hint: "Later, or from a mirror: PIPELITE_MIRRORS='REGISTRY=URL'",
  },
  REGISTRY_AUTH_INVALID: {
    exit: 2,
    message: "Cannot read {file}: {problem}",
    hint: "`podman login` writes it; REGISTRY_AUTH_FILE names another",
  },
  REQUIREMENTS_INVALID: {
    exit: 2,
    message: "Cannot use {file}: {problem}",
    hint: "`uv export --format pylock.toml`, `pip-compile --generate-hashes`, `uv lock` and `poetry lock` write such files",
  },
  REQUIREMENTS_CHANGED: {
    exit: 2,
    message: "{place}: {file} is not what it was when it was locked",
    hint: "`pipelite lock --update` chooses the wheels again",
  },
  PYTHON_UNKNOWN: {
    exit: 2,
    message: "Cannot tell which Python the environment below the wheels has",
    hint: 'Say it: python({ requirements, base, python: "3.12" }); with Debian, python3 has to be among the packages',
  },
  WHEEL_MISSING: {
    exit: 2,
    message: "Cannot find a wheel of {name} {version} for Python {python} on {platform}: {problem}",
    hint: "Wheels only are installed: lock the requirements for this Python and platform",
  },
  WHEEL_UNAVAILABLE: {
    exit: 1,
    message: "Cannot fetch {file} from the index of Python packages: {problem}",
    hint: "The index is that of pip on this machine, or PIPELITE_MIRRORS='pypi=URL'",
  },
  PACKAGE_LOCK_INVALID: {
    exit: 2,
    message: "Cannot use {file}: {problem}",
    hint: "`npm install --package-lock-only` writes it, with the integrity of each package",
  },
  NPM_PACKAGE_UNAVAILABLE: {
    exit: 1,
    message: "Cannot fetch {file} of npm: {problem}",
    hint: "The registry is that of npm on this machine, or PIPELITE_MIRRORS='npm=URL'; `npm ci` fills its cache",
  },
  NIXPKGS_CACHE_UNNAMED: {
    exit: 2,
    message: "Cannot get {path} of nixpkgs: it is not in the store of this home, and no cache is named",
    hint:
      "`--cache URL --trusted-key NAME:KEY` names one that has it and the key that signs there, and so do PIPELITE_CACHES " +
      "and PIPELITE_TRUSTED_KEYS",
  },
  NIXPKGS_PATH_UNAVAILABLE: {
    exit: 1,
    message: "Cannot get {path} of nixpkgs: it is not in {caches}",
    hint:
      "Name a cache that has it (--cache); a home where it was used still has it (`pipelite store export`), and " +
      "`pipelite lock --update` looks up again what is given by name",
  },
  NIXPKGS_PATH_DIFFERS: {
    exit: 3,
    message: "Cannot use {path} of nixpkgs: {where} has it with {what} {wanted}, which is locked",
    hint:
      "It was built again there, and came out different: name the cache that it was locked from (after `pipelite store delete`, " +
      "where it is this home that has it), or `pipelite lock --update`",
  },
  NIXPKGS_SYSTEM_WRONG: {
    exit: 2,
    message: "Cannot use {path} of nixpkgs here: its programs are for {system}, and wanted is {wanted}",
    hint: 'Give the path of the same package for {wanted}, or its name: nixpkgs("python3")',
  },
  NIXPKGS_NAME_UNKNOWN: {
    exit: 2,
    message: "Cannot find '{name}' in the list of nixpkgs",
    hint: "{suggestion}",
  },
  NIXPKGS_NAME_AMBIGUOUS: {
    exit: 2,
    message: "Cannot choose a path for '{name}' of nixpkgs: {problem}",
    hint: 'Give one of them, or the name with its version: nixpkgs("/nix/store/...")',
  },
  NIXPKGS_LIST_UNNAMED: {
    exit: 2,
    message: "Cannot look up '{name}' of nixpkgs: no list of store paths is named",
    hint: "PIPELITE_MIRRORS='nixpkgs=URL' names the folder that has store-paths.xz, of a channel for one; a store path needs no list",
  },
  NIXPKGS_LIST_UNAVAILABLE: {
    exit: 1,
    message: "Cannot read the list of store paths of {list}: {problem}",
    hint: "PIPELITE_MIRRORS='nixpkgs=URL' says where it is",
  },
  LOCK_FILE_INVALID: {
    exit: 2,
    message: "Cannot read {file}: {problem}",
    hint: "`pipelite lock` writes it: take the last good one from version control, or remove it and lock again",
  },
});
