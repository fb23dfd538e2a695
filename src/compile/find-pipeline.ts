import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDirectory } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

/** The pipeline.ts that `where` (a folder or a file) means. */
export function findPipeline(where: string): string {
  const file = isDirectory(resolve(where)) ? join(where, "pipeline.ts") : where;
  if (!existsSync(file)) throw pipeliteError("PIPELINE_NOT_FOUND", { file });
  return resolve(file);
}
