// What of a run is out of statistical control: for its deviations and its report.
import type { HostFacts, RunRecord } from "#home/run-record.ts";
import { withHistory, type History, type HistoryLocation } from "./history.ts";
import { readSeries } from "./read.ts";
import type { Point, MeasuredSeries } from "./series.ts";
import { syncHistory } from "./sync.ts";
import { BASELINE_USUAL, judgeTrend, type HistorySignal, type SignalRule } from "./trend.ts";

export type { HistorySignal, SignalRule } from "./trend.ts";

export interface SignalOptions {
  /** Fewer values than this before the run's own make no limits that a deviation should rest on; default 20. */
  baseline?: number;
  /** Default: one point beyond its limits, the weighted average beyond its limits, and a regression. */
  rules?: readonly SignalRule[];
}

const DEFAULT_RULES: readonly SignalRule[] = ["WER1", "EWMA", "REGRESSION"];

/**
 * The signals that this run completed: of the figures of the stages it built, and of their checks. Runs after it are not
 * looked at, and the baseline is the first runs', so the answer for a run stays the same when others follow.
 * Figures are compared with those of machines of the same system and number of cores only.
 * The index must have the run (see `syncHistory`).
 */
export async function signalsOf(
  history: History,
  record: Pick<RunRecord, "runId" | "pipeline" | "startedAt">,
  { baseline = BASELINE_USUAL, rules = DEFAULT_RULES }: SignalOptions = {},
): Promise<HistorySignal[]> {
  const { runId, pipeline, startedAt } = record;
  const all = await readSeries(history, { name: pipeline, until: { runId, startedAt } });
  return all.flatMap((series) => {
    const before = series.points.filter((point) => point.startedAt < startedAt || point.runId <= runId);
    const points = isOfMachine(series) ? ofSameMachine(before) : before;
    if (points.at(-1)?.runId !== runId || points.length <= baseline) return [];
    const { signals } = judgeTrend({ ...series, points }, { baseline });
    return signals.filter(({ runs, rule }) => runs.at(-1) === runId && rules.includes(rule));
  });
}

/** Times, memory and I/O are those of a machine; what a stage states of its output is not. */
function isOfMachine({ kind }: MeasuredSeries): boolean {
  return kind === "run" || kind === "stage";
}

/** The points of machines of the kind that measured the newest one: a kernel or a Node may change, and be a cause. */
function ofSameMachine(points: readonly Point[]): Point[] {
  const newest = points.at(-1);
  if (newest === undefined) return [];
  const machine = machineOf(newest);
  return points.filter((point) => machineOf(point) === machine);
}

function machineOf({ host }: Point): string {
  const { system, cores } = JSON.parse(host) as Partial<HostFacts>;
  return JSON.stringify([system, cores]);
}

/** The same, with opening the index and bringing it up to date. */
export function signalsOfRun(
  place: HistoryLocation,
  record: Pick<RunRecord, "runId" | "pipeline" | "startedAt">,
  options?: SignalOptions,
): Promise<HistorySignal[]> {
  return withHistory(place, async (history) => {
    await syncHistory(history);
    return signalsOf(history, record, options);
  });
}
