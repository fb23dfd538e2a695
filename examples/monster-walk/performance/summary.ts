// Totals over the stages, and whether the times can be true: the stages together can't have taken less than the longest
// chain of stages that wait for each other.
import type { Figure, StageTiming, Timings } from "./timings.ts";

export interface Total {
  /** null when no stage has the figure. */
  value: number | null;
  /** How many stages it covers. */
  stages: number;
  sources: string[];
}

export interface CriticalPath {
  status: "computed" | "not-computable";
  reason: string;
  stages: string[];
  wallMs: number | null;
}

export interface Summary {
  stages: number;
  measured: number;
  notMeasured: string[];
  /** Runs that the figures come from: more than one when some outputs were already there. */
  runs: string[];
  wallMs: Total;
  cpuUserMs: Total;
  cpuSystemMs: Total;
  ioReadBytes: Total;
  ioWriteBytes: Total;
  /** The largest of the stages, not their sum. */
  peakMemoryBytes: Total;
  /** From the first start to the last end; null unless all stages were built in one run. */
  elapsedMs: number | null;
  criticalPath: CriticalPath;
  check: {
    statement: string;
    status: "passed" | "failed" | "not-computable";
    value: number | null;
    limit: number | null;
  };
}

/** Start times are given in whole milliseconds and by another clock than durations. */
const CLOCK_SLACK_MS = 5;

export function summarise({ stages }: Timings): Summary {
  const measured = stages.filter((stage) => stage.wallMs.value !== null);
  const runs = [...new Set(measured.flatMap((stage) => stage.measuredInRun ?? []))].toSorted();
  const sum = (pick: (stage: StageTiming) => Figure): Total => totalOf(stages.map(pick), (a, b) => a + b);
  const elapsedMs = runs.length === 1 ? elapsedOf(stages) : null;
  const criticalPath = findCriticalPath(stages);
  return {
    stages: stages.length,
    measured: measured.length,
    notMeasured: stages.filter((stage) => stage.wallMs.value === null).map((stage) => stage.name),
    runs,
    wallMs: sum((stage) => stage.wallMs),
    cpuUserMs: sum((stage) => stage.cpuUserMs),
    cpuSystemMs: sum((stage) => stage.cpuSystemMs),
    ioReadBytes: sum((stage) => stage.ioReadBytes),
    ioWriteBytes: sum((stage) => stage.ioWriteBytes),
    peakMemoryBytes: totalOf(
      stages.map((stage) => stage.peakMemoryBytes),
      Math.max,
    ),
    elapsedMs,
    criticalPath,
    check: compare(elapsedMs, criticalPath.wallMs),
  };
}

function totalOf(figures: readonly Figure[], combine: (a: number, b: number) => number): Total {
  const known = figures.filter((figure) => figure.value !== null);
  return {
    value:
      known.length === 0
        ? null
        : round(known.map((figure) => figure.value ?? 0).reduce((a, b) => combine(a, b))),
    stages: known.length,
    sources: [...new Set(known.map((figure) => figure.source))].toSorted(),
  };
}

function elapsedOf(stages: readonly StageTiming[]): number | null {
  const intervals = stages.map(intervalOf);
  if (intervals.length === 0 || intervals.some((interval) => interval === undefined)) return null;
  const known = intervals.filter((interval) => interval !== undefined);
  return round(Math.max(...known.map(({ end }) => end)) - Math.min(...known.map(({ start }) => start)));
}

/** Start and end in milliseconds of the Unix epoch. Throws RangeError on a start that is no time. */
export function intervalOf({
  name,
  startedAt,
  wallMs,
}: StageTiming): { start: number; end: number } | undefined {
  if (startedAt === null || wallMs.value === null) return undefined;
  const start = Date.parse(startedAt);
  if (Number.isNaN(start))
    throw new RangeError(`${name} started at ${JSON.stringify(startedAt)}, which is no time`);
  return { start, end: start + wallMs.value };
}

function findCriticalPath(stages: readonly StageTiming[]): CriticalPath {
  const impossible = (reason: string): CriticalPath => ({
    status: "not-computable",
    reason,
    stages: [],
    wallMs: null,
  });
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  if (stages.length === 0) return impossible("there are no stages");
  if (stages.some((stage) => stage.inputs === null))
    return impossible("it is not told which stage reads which");
  if (stages.some((stage) => stage.wallMs.value === null)) return impossible("not every stage was measured");
  const longest = new Map<string, { names: string[]; wallMs: number }>();
  const longestTo = (name: string, waiting: ReadonlySet<string>): { names: string[]; wallMs: number } => {
    const known = longest.get(name);
    const stage = byName.get(name);
    if (known !== undefined) return known;
    if (stage === undefined) return { names: [], wallMs: 0 };
    if (waiting.has(name)) throw new RangeError(`${name} waits for itself`);
    const before = (stage.inputs ?? []).map((input) => longestTo(input, new Set([...waiting, name])));
    const slowest = before.reduce((a, b) => (b.wallMs > a.wallMs ? b : a), { names: [], wallMs: 0 });
    const path = { names: [...slowest.names, name], wallMs: slowest.wallMs + (stage.wallMs.value ?? 0) };
    longest.set(name, path);
    return path;
  };
  const path = stages
    .map(({ name }) => longestTo(name, new Set()))
    .reduce((a, b) => (b.wallMs > a.wallMs ? b : a));
  return {
    status: "computed",
    reason: "every stage was measured",
    stages: path.names,
    wallMs: round(path.wallMs),
  };
}

function compare(elapsedMs: number | null, pathMs: number | null): Summary["check"] {
  const statement = "From the first start to the last end no less time passed than the critical path took";
  if (elapsedMs === null || pathMs === null)
    return { statement, status: "not-computable", value: elapsedMs, limit: pathMs };
  const status = elapsedMs + CLOCK_SLACK_MS >= pathMs ? "passed" : "failed";
  return { statement, status, value: elapsedMs, limit: pathMs };
}

/** Microseconds: finer than any of the clocks. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
