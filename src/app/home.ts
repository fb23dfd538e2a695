// The home that all is kept in, and which of its runs a word means in a folder.
import { findPipeline } from "#compile/find-pipeline.ts";
import type { WhichRun } from "#home/runs.ts";

export { openHome } from "#home/home.ts";

/** `latest`, also unsaid, is the latest run of the pipeline of this folder; of all where there is none. */
export function whichRun(folder: string, word = "latest"): WhichRun {
  return { word, pipelineFile: pipelineIn(folder) };
}

function pipelineIn(folder: string): string | undefined {
  try {
    return findPipeline(folder);
  } catch {
    return undefined;
  }
}
