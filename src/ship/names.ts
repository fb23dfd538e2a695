// What packages of store paths are called: one name for every format, with the hash of the path in it.
import { storePathHash, storePathName, type StorePath } from "#nix/store-path.ts";

/** So that the name of a package with version and architecture stays a file name. */
const NAME_MAX = 120;

/** What every format can say: Debian's rule, which is the narrowest. */
export const PACKAGE_NAME: RegExp = /^[a-z0-9][a-z0-9+.-]+$/;

/** `nix-<hash>-<name>`. What stands behind the hash is for people: it may lose capitals and odd characters, and its end. */
export function packageNameOf(path: StorePath): string {
  const plain = storePathName(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9+.-]+/g, "-");
  return `nix-${storePathHash(path)}-${plain}`.slice(0, NAME_MAX).replace(/[-.+]+$/, "");
}

/** Of every package of a store path: its bytes are in its name. */
export const PATH_VERSION = "1";
