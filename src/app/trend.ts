// Control charts over the values that the runs of a pipeline measured.
import { pipeliteError } from "./errors.ts";
import { drawTrend } from "#chart/trend-page.ts";
import { displayOf } from "#history/display.ts";
import { withHistory, type History, type HistoryLocation } from "#history/history.ts";
import { readRuns, readSeries } from "#history/read.ts";
import type { FigureName, MeasuredSeries } from "#history/series.ts";
import { originOf, syncHistory, type SyncReport } from "#history/sync.ts";
import { judgeTrend, type Trend } from "#history/trend.ts";
import { NELSON, WESTERN_ELECTRIC } from "#stats/rules.ts";
import { pipelineOf, shortList, type PipelineWord } from "./history.ts";

export { displayOf } from "#history/display.ts";

export interface TrendQuery {
  /** Default: the pipeline that ran last. */
  pipeline: PipelineWord | undefined;
  stage?: string | undefined;
  figure?: FigureName | undefined;
  claim?: string | undefined;
  /** Only runs of this home. */
  here: boolean;
  baseline: number;
  /** The run from which a new baseline starts. */
  from?: string | undefined;
  rules: "western-electric" | "nelson";
}

export interface Trends {
  database: string;
  sync: SyncReport;
  trends: Trend[];
}

/** @throws PipeliteError HISTORY_EMPTY, HISTORY_PIPELINE_UNKNOWN, HISTORY_SERIES_UNKNOWN */
export async function readTrends(place: HistoryLocation, query: TrendQuery): Promise<Trends> {
  const { sync, series, database } = await withHistory(place, async (history) => {
    const report = await syncHistory(history);
    return { sync: report, series: await seriesOf(history, query), database: history.name };
  });
  const rules = query.rules === "nelson" ? NELSON : WESTERN_ELECTRIC;
  const { baseline, from } = query;
  return { database, sync, trends: series.map((each) => judgeTrend(each, { baseline, from, rules })) };
}

const KNOWN_SHOWN = 12;

async function seriesOf(
  history: History,
  { pipeline, stage, figure, claim, here }: TrendQuery,
): Promise<MeasuredSeries[]> {
  const origin = here ? originOf(history.home) : undefined;
  const key = { ...(await pipelineOf(history, pipeline)), origin };
  const found = await readSeries(history, { ...key, stage, figure, claim });
  if (found.length > 0) return found;
  const all = await readSeries(history, key);
  const [newest] = await readRuns(history, { ...key, limit: 1 });
  const subjects = all.map(({ subject }) => subject);
  throw pipeliteError("HISTORY_SERIES_UNKNOWN", {
    wanted: claim ?? ([stage, figure].filter((each) => each !== undefined).join("/") || "any value"),
    pipeline: newest?.pipeline ?? pipeline?.word ?? "",
    known: subjects.length === 0 ? "no values yet" : shortList(subjects, KNOWN_SHOWN),
  });
}

/** A page with the charts of one trend, as SVG. @param last only the last runs */
export function drawOne(trend: Trend, last: number | undefined): string {
  return drawTrend({ trend, display: displayOf(trend), last });
}
