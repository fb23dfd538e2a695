// `run` and `plan` take a pipeline and stages in one list of words: the first is a pipeline if there is one at that path, or if it
// looks like a path; otherwise the pipeline is that of this folder, or of the nearest one above that has one.
import { statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PipelineWord } from "#app/history.ts";
import type { ParamValue } from "#compile/parameters.ts";
import { pipelineFolder, whichRun } from "#app/home.ts";
import { pathOf, type Host } from "./context.ts";

export interface PipelineTarget {
  /** A pipeline.ts or its folder, absolute. */
  pipeline: string;
  stages: string[];
  /** Whether the pipeline is that of a folder above. */
  isAbove: boolean;
  /** Where the link to the result goes unless another is named. */
  out: string;
}

/** A pipeline of the history: by the name it has there, or by its place on disk. */
export function pipelineWord(host: Pick<Host, "cwd">, word: string | undefined): PipelineWord | undefined {
  if (word === undefined) return undefined;
  return { word, path: isPipeline(host, word) ? pathOf(host, word) : undefined };
}

/** The same, and without a word that of this folder; undefined where it has none. */
export function pipelineHere(host: Pick<Host, "cwd">, word: string | undefined): PipelineWord | undefined {
  if (word !== undefined) return pipelineWord(host, word);
  const { pipelineFile } = whichRun(host.cwd);
  return pipelineFile === undefined
    ? undefined
    : { word: basename(dirname(pipelineFile)), path: pipelineFile };
}

export function splitTarget(host: Pick<Host, "cwd">, words: readonly string[]): PipelineTarget {
  const [first, ...stages] = words;
  if (first !== undefined && isPipeline(host, first))
    return { pipeline: pathOf(host, first), stages, isAbove: false, out: pathOf(host, "result") };
  const pipeline = pipelineFolder(host.cwd);
  return { pipeline, stages: [...words], isAbove: pipeline !== host.cwd, out: join(pipeline, "result") };
}

function isPipeline(host: Pick<Host, "cwd">, word: string): boolean {
  if (word.includes("/") || word.startsWith(".") || word.endsWith(".ts")) return true;
  const path = pathOf(host, word);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat !== undefined;
  return statSync(join(path, "pipeline.ts"), { throwIfNoEntry: false }) !== undefined;
}

/** `--param` flags -> parameters; the last of a name counts. */
export function paramsOf(assignments: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(assignments);
}

/** The values in the file of `--params`. */
export async function valuesOf(
  host: Pick<Host, "cwd">,
  file: string | undefined,
): Promise<Record<string, ParamValue> | undefined> {
  if (file === undefined) return undefined;
  const { readParams } = await import("#app/params-file.ts");
  return readParams(pathOf(host, file));
}
