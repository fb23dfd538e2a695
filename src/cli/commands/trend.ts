// `pipelite trend`: is what the runs measure still what it was? One control chart, or a table of all there are.
import type { PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "#cli/errors.ts";
import { writeFileAtomically } from "#base/files.ts";
import { choice, command, optionalArgument, toggle, usualChoice, usualValue, value } from "#cli/command.ts";
import { hasUnicode, paintOf, pathOf, print, printJson, say } from "#cli/context.ts";
import { historyLocationOf, warnOfRecords } from "#cli/database.ts";
import { databaseFlag, parseCount } from "#cli/flags.ts";
import { pipelineHere } from "#cli/target.ts";
import type { Point } from "#history/series.ts";
import type { Trend } from "#history/trend.ts";
import type { Chart } from "#stats/charts.ts";

export const trend = command({
  brief: "Control charts over the runs: times, memory, measured values",
  about: [
    "Looks at what the runs of a pipeline measured: times, memory and I/O of the stages, in the runs that built them, " +
      "and the values that stages stated as checks. Limits come from the first runs, so that a signal means: no " +
      "longer as it was. Without --stage and --claim every value has a line.",
  ],
  examples: [
    ["pipelite trend", "every value of the pipeline of this folder"],
    ["pipelite trend monster-walk --stage audio --figure wall", "the chart of one figure"],
    ["pipelite trend --stage audio --figure memory --picture audio.svg", "and a page with charts"],
    ["pipelite trend --claim tuned/check --last 50 --json", "a value, for programs"],
    ["pipelite trend --from 20261121T0351 --baseline 30", "a new baseline after a change that was meant"],
  ],
  flags: {
    stage: value("NAME", "Only this stage", { alias: "s" }),
    figure: {
      ...choice("FIGURE", ["wall", "cpu", "memory", "io", "duration"], "Only this figure"),
      alias: "f",
    },
    claim: value("ID", "The value of this claim", { alias: "c" }),
    last: value("N", "Show only the last runs; limits stay those of the baseline", {
      alias: "n",
      parse: parseCount,
    }),
    baseline: usualValue("N", "Limits come from this many first runs", { parse: parseBaseline, usual: "20" }),
    from: value("RUN", "Leave out runs before this one: a new baseline"),
    here: toggle("Only runs of this home, not of other machines"),
    rules: usualChoice(
      "RULES",
      ["western-electric", "nelson"],
      "Rules that tell a signal from chance",
      "western-electric",
    ),
    database: databaseFlag,
    picture: value("FILE", "Write a page with charts to this SVG file", { alias: "o" }),
  },
  args: [
    optionalArgument(
      "PIPELINE",
      "A name, a pipeline.ts or its folder (default: that of this folder, else of the newest run)",
    ),
  ],
  async run(context, flags, word) {
    const { stage, figure, claim, last, picture } = flags;
    if (claim !== undefined && (stage !== undefined || figure !== undefined)) {
      throw refusal(claim, "--claim", "a claim has an id of its own: leave out --stage and --figure");
    }
    const { drawOne, readTrends } = await import("#app/trend.ts");
    const { sync, trends, database } = await readTrends(historyLocationOf(context, flags), {
      ...flags,
      pipeline: pipelineHere(context, word),
    });
    warnOfRecords(context, sync);
    const [only, other] = trends;
    const isOne = only !== undefined && other === undefined;
    if (picture !== undefined) {
      const problem = "it shows one value: name it by --stage and --figure, or --claim";
      if (!isOne) throw refusal(picture, "--picture", problem);
      const path = pathOf(context, picture);
      writeFileAtomically(path, drawOne(only, last));
      say(context, flags, `picture: ${path}`);
    }
    if (flags.json) {
      const figures = trends.map((each) => figuresOf(each, last, isOne));
      return printJson(context, { database, pipeline: only?.series.pipeline ?? null, sync, trends: figures });
    }
    const { describeTrend, describeTrends } = await import("#cli/trend-text.ts");
    const look = { paint: paintOf(context, flags), unicode: hasUnicode(context) };
    const width = context.stdout.columns ?? 100;
    print(context, isOne ? describeTrend(only, { ...look, width, last }) : describeTrends(trends, look));
    if (!isOne) say(context, flags, "--stage with --figure, or --claim, shows the chart of one");
  },
});

/** Two values make the first moving range. */
function parseBaseline(input: string): number {
  const count = parseCount(input);
  if (count < 2) throw new RangeError("it must be a whole number of at least 2");
  return count;
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
    movingRange: charts === null ? null : movingRangeOf(charts.spread),
    signals: signals.filter((signal) => runs.has(signal.runs.at(-1) ?? "")),
    regression,
    notes,
    ...(withPoints && {
      points: shown.map((point, index) => ({
        // As the page numbers it.
        point: first + index + 1,
        ...pointOf(point),
        movingRange: charts?.spread.points[first + index - 1] ?? null,
        ewma: ewma?.points[first + index] ?? null,
        ewmaLcl: ewma?.lower[first + index] ?? null,
        ewmaUcl: ewma?.upper[first + index] ?? null,
        rules: signals.filter(({ runs: of }) => of.at(-1) === point.runId).map(({ rule }) => rule),
      })),
    }),
  };
}

function movingRangeOf({ centre, lower, upper }: Chart) {
  return { centre, lcl: lower[0] ?? null, ucl: upper[0] ?? null };
}

function pointOf(point: Point | undefined) {
  return point === undefined ? null : { runId: point.runId, startedAt: point.startedAt, value: point.value };
}
