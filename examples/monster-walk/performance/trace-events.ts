// The trace as Chrome's trace-event JSON, which about:tracing, Perfetto and Speedscope open. One process for each run,
// one thread for each slot of stages that did not overlap, so that events nest; peak memory is a counter.
// Format: "Trace Event Format", Google, complete (X), counter (C) and metadata (M) events.
import { intervalOf } from "./summary.ts";
import type { StageTiming, Timings } from "./timings.ts";

export interface TraceEvent {
  name: string;
  ph: "X" | "C" | "M";
  pid: number;
  tid: number;
  /** Microseconds from the first start. */
  ts?: number;
  dur?: number;
  cat?: string;
  args: Readonly<Record<string, string | number | null>>;
}

export function writeTraceEvents({ clock, stages }: Timings) {
  const runs = [...new Set(stages.flatMap((stage) => stage.measuredInRun ?? []))].toSorted();
  return {
    displayTimeUnit: "ms",
    otherData: { clock },
    traceEvents: runs.flatMap((run, index) =>
      eventsOfRun(
        run,
        index + 1,
        stages.filter((stage) => stage.measuredInRun === run),
      ),
    ),
  };
}

function eventsOfRun(run: string, pid: number, stages: readonly StageTiming[]): TraceEvent[] {
  const timed = stages
    .flatMap((stage) => {
      const interval = intervalOf(stage);
      return interval === undefined ? [] : [{ stage, ...interval }];
    })
    .toSorted((a, b) => a.start - b.start || (a.stage.name < b.stage.name ? -1 : 1));
  const first = timed[0]?.start ?? 0;
  const slotEnds: number[] = [];
  const events: TraceEvent[] = [{ name: "process_name", ph: "M", pid, tid: 0, args: { name: `run ${run}` } }];
  for (const { stage, start, end } of timed) {
    const free = slotEnds.findIndex((slotEnd) => slotEnd <= start);
    const slot = free === -1 ? slotEnds.length : free;
    if (free === -1)
      events.push({ name: "thread_name", ph: "M", pid, tid: slot + 1, args: { name: `slot ${slot + 1}` } });
    slotEnds[slot] = end;
    const ts = microseconds(start - first);
    const dur = microseconds(end - start);
    events.push({
      name: stage.name,
      ph: "X",
      cat: "stage",
      pid,
      tid: slot + 1,
      ts,
      dur,
      args: describe(stage),
    });
    const peak = stage.peakMemoryBytes.value;
    if (peak !== null) {
      events.push({ name: "peak memory", ph: "C", pid, tid: 0, ts: ts + dur, args: { bytes: peak } });
    }
  }
  return events;
}

function describe(stage: StageTiming): TraceEvent["args"] {
  return {
    status: stage.status,
    cpuUserMs: stage.cpuUserMs.value,
    cpuSystemMs: stage.cpuSystemMs.value,
    cpuSource: stage.cpuUserMs.source,
    peakMemoryBytes: stage.peakMemoryBytes.value,
    memorySource: stage.peakMemoryBytes.source,
    sandbox: stage.sandbox,
  };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}
