// Which pipeline of the history a word means: one on disk by its file, any other by its name.
import { findPipeline } from "#compile/find-pipeline.ts";
import type { History } from "#history/history.ts";
import { newestPipeline, readPipelines, type PipelineKey } from "#history/read.ts";
import { formatList } from "#view/format.ts";
import type { Context } from "./context.ts";
import { splitTarget } from "./target.ts";
import { pipeliteError } from "./errors.ts";

const KNOWN_SHOWN = 10;

/** @throws PipeliteError HISTORY_EMPTY, HISTORY_PIPELINE_UNKNOWN */
export async function pipelineOf(
  context: Context,
  history: History,
  word: string | undefined,
): Promise<PipelineKey> {
  if (word === undefined) return { name: await newestPipeline(history) };
  const known = await readPipelines(history);
  const { pipeline, stages } = splitTarget(context, [word]);
  const file = stages.length === 0 ? findPipeline(pipeline) : undefined;
  if (file !== undefined && known.some((each) => each.file === file)) return { file };
  if (known.some(({ name }) => name === word)) return { name: word };
  const names = [...new Set(known.map(({ name }) => name))].toSorted();
  throw pipeliteError("HISTORY_PIPELINE_UNKNOWN", {
    pipeline: word,
    database: history.name,
    known: names.length === 0 ? "no run" : `runs of ${formatList(names, { limit: KNOWN_SHOWN })}`,
  });
}
