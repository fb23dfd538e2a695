// What was measured goes out of the way without being removed.
import { existsSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";

let asides = 0;

/**
 * Out of the way, to be removed when all is measured: ext4 passes over inodes that were freed a moment ago one by one, so
 * a removal just before would be measured as well.
 */
export function setAside(path: string, to: string = dirname(path)): void {
  if (existsSync(path)) renameSync(path, join(to, `${basename(path)}-${(asides += 1)}`));
}
