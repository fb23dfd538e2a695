// Keys that sign packages and their repositories.
export { newPackageKey } from "#keys/package-key.ts";
