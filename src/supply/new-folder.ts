// A folder of the home that appears with all that is in it.
import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { makeFolder, removeTree } from "#base/files.ts";
import type { Home } from "#home/home.ts";

/** What is written into a folder that is not there yet is there whole or not at all: of a run with some bundles others would be missed. */
export function inFolder<T>(home: Home, path: string, write: (place: string) => T): T {
  if (existsSync(path)) return write(path);
  const place = join(home.layout.temporary, `attestations-${process.pid}`);
  removeTree(place);
  makeFolder(place);
  try {
    const written = write(place);
    makeFolder(dirname(path));
    renameSync(place, path);
    return written;
  } catch (error) {
    // Another process was faster.
    if (systemErrorCode(error) !== "ENOTEMPTY") throw error;
    return write(path);
  } finally {
    removeTree(place);
  }
}
