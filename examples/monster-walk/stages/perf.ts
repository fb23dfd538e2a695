import type { Source } from "pipelite";
import { writePerformanceReport } from "../performance/report.ts";
import { summarise } from "../performance/summary.ts";
import { parseTimings } from "../performance/timings.ts";
import { writeTraceEvents } from "../performance/trace-events.ts";

interface Inputs {
  /** The engine's own figures of the builds. */
  timings: Source;
  /** Not read: the trace is made only of a run whose validation was accepted. */
  accepted?: Source;
}

/** What each stage took, as the engine measured it; computed from that alone. */
export default async function perf({ timings }: Inputs) {
  const measured = parseTimings(await timings.text());
  const summary = summarise(measured);
  return {
    "pipeline_trace.json": { ...measured, summary },
    "trace_events.json": writeTraceEvents(measured),
    "performance_report.md": writePerformanceReport(measured, summary),
  };
}
