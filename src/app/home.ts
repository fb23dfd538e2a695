// The home that all is kept in, and which of its runs a word means in a folder.
import { join } from "node:path";
import { findFolderAbove, findPipeline } from "#compile/find-pipeline.ts";
import type { WhichRun } from "#home/runs.ts";

export { openHome } from "#home/home.ts";

/** The folder whose pipeline is meant in this one: the nearest above that has one, or else this. */
export function pipelineFolder(folder: string): string {
  return findFolderAbove(folder) ?? folder;
}

/** The pipeline.ts that a folder or file means. @throws PIPELINE_NOT_FOUND */
export function pipelineFile(pipeline: string): string {
  return findPipeline(pipeline);
}

/** `latest`, also unsaid, is the latest run of the pipeline that is meant in this folder; of all where there is none. */
export function whichRun(folder: string, word = "latest"): WhichRun {
  const found = findFolderAbove(folder);
  return { word, pipelineFile: found && join(found, "pipeline.ts") };
}
