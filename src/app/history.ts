// The history of runs: the index of their records, listed, brought up to date, made again.
import { pipeliteError } from "./errors.ts";
import { findPipeline } from "#compile/find-pipeline.ts";
import { withHistory, type History, type HistoryLocation } from "#history/history.ts";
import {
  countRuns,
  newestPipeline,
  readChanges,
  readPipelines,
  readRuns,
  type PipelineKey,
} from "#history/read.ts";
import { rebuildHistory, type RebuiltIndex } from "#history/rebuild.ts";
import type { RunRow } from "#history/schema.ts";
import { syncHistory, type SyncReport } from "#history/sync.ts";

/** A pipeline as a person names it: by the name in the history, or by a place on disk. */
export interface PipelineWord {
  word: string;
  /** The pipeline.ts or folder that the word may mean; undefined when it can't be one. */
  path: string | undefined;
}

export interface ListedRuns {
  database: string;
  total: number;
  runs: RunRow[];
  sync: SyncReport;
  changes: Awaited<ReturnType<typeof readChanges>>;
}

/** The runs in the history, newest first. @param limit none when undefined */
export function listHistory(
  place: HistoryLocation,
  { pipeline, limit }: { pipeline: PipelineWord | undefined; limit: number | undefined },
): Promise<ListedRuns> {
  return withHistory(place, async (history) => {
    const sync = await syncHistory(history);
    const key = pipeline === undefined ? {} : await pipelineOf(history, pipeline);
    const runs = await readRuns(history, { ...key, limit });
    const [total, changes] = [await countRuns(history), await readChanges(history)];
    return { database: history.name, total, runs, sync, changes };
  });
}

/** Adds new records to the index. */
export function updateHistory(place: HistoryLocation): Promise<{ report: SyncReport; database: string }> {
  return withHistory(place, async (history) => ({
    report: await syncHistory(history),
    database: history.name,
  }));
}

/** Makes the index again from the records. */
export async function remakeHistory(
  place: HistoryLocation,
): Promise<{ report: RebuiltIndex; total: number; database: string }> {
  const report = await rebuildHistory(place);
  return withHistory(place, async (history) => ({
    report,
    total: await countRuns(history),
    database: history.name,
  }));
}

/**
 * The pipeline that is meant: one on disk by its file, any other by its name; without a word the one that ran last.
 * @throws PipeliteError HISTORY_EMPTY, HISTORY_PIPELINE_UNKNOWN
 */
export async function pipelineOf(history: History, pipeline: PipelineWord | undefined): Promise<PipelineKey> {
  if (pipeline === undefined) return { name: await newestPipeline(history) };
  const known = await readPipelines(history);
  const file = pipeline.path === undefined ? undefined : findPipeline(pipeline.path);
  if (file !== undefined && known.some((each) => each.file === file)) return { file };
  if (known.some(({ name }) => name === pipeline.word)) return { name: pipeline.word };
  const names = [...new Set(known.map(({ name }) => name))].toSorted();
  throw pipeliteError("HISTORY_PIPELINE_UNKNOWN", {
    pipeline: pipeline.word,
    database: history.name,
    known: names.length === 0 ? "no run" : `runs of ${shortList(names)}`,
  });
}

const SHOWN_MAX = 10;

/** For a sentence: the first few, and how many more there are. */
export function shortList(names: readonly string[], max = SHOWN_MAX): string {
  const rest = names.length - max;
  return names.slice(0, max).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
