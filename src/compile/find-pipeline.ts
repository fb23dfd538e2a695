// Where the pipeline.ts is that is meant.
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { endlessKind, isDirectory } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

/** The pipeline.ts that `where` (a folder or a file) means, whose folder has one name, whatever links lead to it. */
export function findPipeline(where: string): string {
  const file = isDirectory(resolve(where)) ? join(where, "pipeline.ts") : where;
  if (!existsSync(file) || isDirectory(file)) throw pipeliteError("PIPELINE_NOT_FOUND", { file });
  requireEnd(file, "pipeline.ts");
  return join(realpathSync(dirname(resolve(file))), basename(file));
}

/**
 * The nearest folder with a pipeline.ts, from this one upwards; undefined where there is none. A pipeline is code: one above
 * counts only if it and its folder have the owner of the folder where the search starts.
 */
export function findFolderAbove(start: string): string | undefined {
  const owner = ownerOf(start);
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = join(folder, "pipeline.ts");
    const isOwn = folder === resolve(start) || (ownerOf(folder) === owner && ownerOf(file) === owner);
    if (existsSync(file) && isOwn) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

/** @throws MODULE_ENDLESS of a pipe or a device: reading it would never come to an end */
export function requireEnd(file: string, place: string): void {
  const kind = endlessKind(file);
  if (kind !== undefined) throw pipeliteError("MODULE_ENDLESS", { place, file, kind });
}
