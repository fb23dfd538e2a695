// `pipelite trend`: is what the runs measure still what it was? One control chart, or a table of all there are.
import { type PipeliteError } from "#base/errors.ts";
import { writeFileAtomically } from "#base/files.ts";
import { drawTrend } from "#chart/trend-page.ts";
import { hasUnicode, pathOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { placeOf, warnOfRecords } from "#cli/database-flag.ts";
import { pipelineOf } from "#cli/pipeline-key.ts";
import { describeTrend, describeTrends } from "#cli/trend-text.ts";
import { withHistory, type History } from "#history/history.ts";
import { displayOf } from "#history/display.ts";
import { readRuns, readSeries } from "#history/read.ts";
import type { Figure, Point, Series } from "#history/series.ts";
import { originOf, syncHistory } from "#history/sync.ts";
import { judgeTrend, type Trend } from "#history/trend.ts";
import { NELSON, WESTERN_ELECTRIC } from "#stats/rules.ts";
import { formatList } from "#view/format.ts";
import { createPaint, wantsColor } from "#view/paint.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface TrendFlags extends GlobalFlags {
  stage: string | undefined;
  figure: Figure | undefined;
  claim: string | undefined;
  last: number | undefined;
  baseline: number;
  from: string | undefined;
  here: boolean;
  rules: "western-electric" | "nelson";
  database: string | undefined;
  picture: string | undefined;
}

const KNOWN_SHOWN = 12;

export async function trend(context: Context, flags: TrendFlags, word?: string): Promise<void> {
  if (flags.claim !== undefined && (flags.stage !== undefined || flags.figure !== undefined)) {
    throw refusal(flags.claim, "--claim", "a claim has an id of its own: leave out --stage and --figure");
  }
  const { sync, series, database } = await withHistory(placeOf(context, flags), async (history) => {
    const report = await syncHistory(history);
    return { sync: report, series: await seriesOf(context, history, flags, word), database: history.name };
  });
  warnOfRecords(context, sync);
  const rules = flags.rules === "nelson" ? NELSON : WESTERN_ELECTRIC;
  const trends = series.map((each) =>
    judgeTrend(each, { baseline: flags.baseline, from: flags.from, rules }),
  );
  const [only, other] = trends;
  const isOne = only !== undefined && other === undefined;
  if (flags.picture !== undefined) {
    if (!isOne)
      throw refusal(
        flags.picture,
        "--picture",
        "it shows one value: name it by --stage and --figure, or --claim",
      );
    const path = pathOf(context, flags.picture);
    writeFileAtomically(path, drawTrend({ trend: only, display: displayOf(only), last: flags.last }));
    say(context, flags, `picture: ${path}`);
  }
  if (flags.json) {
    const pipeline = only?.series.pipeline ?? null;
    return printJson(context, {
      database,
      pipeline,
      sync,
      trends: trends.map((each) => figuresOf(each, flags.last, isOne)),
    });
  }
  const look = { paint: createPaint(wantsColor(flags.color, context.stdout)), unicode: hasUnicode(context) };
  const width = context.stdout.columns ?? 100;
  print(
    context,
    isOne ? describeTrend(only, { ...look, width, last: flags.last }) : describeTrends(trends, look),
  );
  if (!isOne) say(context, flags, "--stage with --figure, or --claim, shows the chart of one");
}

async function seriesOf(
  context: Context,
  history: History,
  { stage, figure, claim, here }: TrendFlags,
  word: string | undefined,
): Promise<Series[]> {
  const origin = here ? originOf(history.home) : undefined;
  const key = { ...(await pipelineOf(context, history, word)), origin };
  const found = await readSeries(history, { ...key, stage, figure, claim });
  if (found.length > 0) return found;
  const all = await readSeries(history, key);
  const [newest] = await readRuns(history, { ...key, limit: 1 });
  const wanted = claim ?? [stage, figure].filter((each) => each !== undefined).join("/");
  const subjects = all.map(({ subject }) => subject);
  throw pipeliteError("HISTORY_SERIES_UNKNOWN", {
    wanted,
    pipeline: newest?.pipeline ?? word ?? "",
    known: subjects.length === 0 ? "no values yet" : formatList(subjects, { limit: KNOWN_SHOWN }),
  });
}

function refusal(value: string, name: string, problem: string): PipeliteError {
  return pipeliteError("ARGUMENT_INVALID", { value, name, problem });
}

/** The figures by their usual names; the points of one chart, not of a table of many. */
function figuresOf(trend: Trend, last: number | undefined, withPoints: boolean) {
  const { series, n, status, reason, baseline, limits, signals, regression, notes, charts, ewma } = trend;
  const { subject, kind, stage, figure, claims, unit, points } = series;
  const shown = points.slice(-(last ?? points.length));
  const first = points.length - shown.length;
  const runs = new Set(shown.map(({ runId }) => runId));
  return {
    subject,
    kind,
    stage: stage ?? null,
    figure: figure ?? null,
    claims,
    unit: unit ?? null,
    n,
    status,
    reason,
    newest: pointOf(points.at(-1)),
    baseline,
    limits,
    sigma: baseline?.sigma ?? null,
    movingRangeLimit: charts?.spread.upper[0] ?? null,
    signals: signals.filter((signal) => runs.has(signal.runs.at(-1) ?? "")),
    regression,
    notes,
    ...(withPoints && {
      points: shown.map((point, index) => ({
        ...pointOf(point),
        ewma: ewma?.points[first + index] ?? null,
        rules: signals.filter(({ runs: of }) => of.at(-1) === point.runId).map(({ rule }) => rule),
      })),
    }),
  };
}

function pointOf(point: Point | undefined) {
  return point === undefined ? null : { runId: point.runId, startedAt: point.startedAt, value: point.value };
}
