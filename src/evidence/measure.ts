// How many files there are at a path, and how large they are.
import { lstatSync } from "node:fs";
import { filesBelow, pathBelow } from "#base/files.ts";

/** Regular files at or below a path, and their bytes in all. */
export function measure(path: string): { files: number; bytes: number } {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.isFile() ? { files: 1, bytes: stat.size } : { files: 0, bytes: 0 };
  const files = filesBelow(path);
  const bytes = files.reduce((sum, file) => sum + lstatSync(pathBelow(path, file)).size, 0);
  return { files: files.length, bytes };
}
