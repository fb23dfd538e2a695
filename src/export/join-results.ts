// Runs inside the sandbox: one folder with a link to each result, under its name.
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Source, StageContext } from "#author/files.ts";

interface Inputs {
  results: Source[];
  /** In the same order. */
  names: string[];
}

export default function joinResults({ results, names }: Inputs, { out }: StageContext): void {
  mkdirSync(out);
  for (const [index, { path }] of results.entries())
    symlinkSync(`../${belowStore(path)}`, join(out, names[index] ?? ""));
}

/** Relative, so that a link leads to the right place in a store that is not at /nix/store as well. */
function belowStore(path: string): string {
  const folder = "/nix/store/";
  return path.slice((path.startsWith(folder) ? 0 : path.lastIndexOf(folder)) + folder.length);
}
