import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDirectory } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

/** The pipeline.ts that `where` (a folder or a file) means. */
export function findPipeline(where: string): string {
  const path = resolve(where);
  const file = isDirectory(path) ? join(path, "pipeline.ts") : path;
  if (!existsSync(file)) throw pipeliteError("PIPELINE_NOT_FOUND", { file: where });
  return file;
}
