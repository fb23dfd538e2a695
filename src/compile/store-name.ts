// What files of the pipeline are called in the store.
import { basename, extname } from "node:path";

/** A store path has at most 211 characters of name; an ending must fit, too. */
const MAX_LENGTH = 200;

/** The name of a file or folder in the store: its own, without what a store path may not have. */
export function storeName(path: string): string {
  return (
    basename(path)
      .replaceAll(/[^0-9a-zA-Z+._?=-]/g, "-")
      .replace(/^\.+/, "")
      .slice(0, MAX_LENGTH) || "file"
  );
}

/** The name of a module's bundle: `fit.mjs` of `stages/fit.ts`, whatever stages are made of it. */
export function bundleName(module: string): string {
  return `${storeName(basename(module, extname(module)))}.mjs`;
}
