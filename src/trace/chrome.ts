// Writes spans as Chrome trace-event JSON, which Perfetto and chrome://tracing open. Specification: "Trace Event Format" of
// the Catapult project. Events of one thread must nest, so the run with its phases is one thread, each executor slot is
// one, and waits, which overlap, are spread over as many as they take.
import { shownJson } from "#base/shown-json.ts";
import type { AttributeValue, Span } from "./spans.ts";

interface TraceEvent {
  name: string;
  cat?: string;
  /** X: a span; C: a counter; i: an instant; M: a name. */
  ph: "X" | "C" | "i" | "M";
  /** Microseconds since the start of the run. */
  ts?: number;
  dur?: number;
  pid: number;
  tid: number;
  s?: "t";
  args: Record<string, AttributeValue>;
}

const PROCESS = 1;
const RUN_THREAD = 1;

/** One event a line, the same bytes for the same spans. */
export function writeChromeTrace(spans: readonly Span[]): string {
  const [run] = spans;
  if (run === undefined) return "";
  const slots = 1 + spans.reduce((most, { slot = -1 }) => Math.max(most, slot), -1);
  const lanes = lanesOf(spans.filter(({ kind }) => kind === "wait"));
  const threadOf = (span: Span): number => {
    if (span.kind === "wait") return RUN_THREAD + 1 + slots + (lanes.get(span) ?? 0);
    return span.kind === "stage" && span.slot !== undefined ? RUN_THREAD + 1 + span.slot : RUN_THREAD;
  };
  const events = [
    ...names(run, slots, new Set(lanes.values()).size),
    ...spans.map((span) => eventOf(span, threadOf(span), run.startNs)),
    ...counters(spans, run.startNs),
  ];
  const other = { startedAtUnixNs: String(run.startNs), runId: String(run.attributes["run-id"]) };
  const lines = events.map((event) => shownJson(event)).join(",\n");
  return `{"displayTimeUnit":"ms","otherData":${shownJson(other)},"traceEvents":[\n${lines}\n]}\n`;
}

function eventOf(span: Span, tid: number, originNs: bigint): TraceEvent {
  const { name, kind, status, problem, attributes, startNs, endNs } = span;
  const args = {
    ...(status !== undefined && { status }),
    ...(problem !== undefined && { problem }),
    ...attributes,
  };
  const common = { name, cat: kind, ts: microseconds(startNs - originNs), pid: PROCESS, tid, args };
  if (kind === "stage" && startNs === endNs) return { ...common, ph: "i", s: "t" };
  return { ...common, ph: "X", dur: microseconds(endNs - startNs) };
}

function names(run: Span, slots: number, waits: number): TraceEvent[] {
  const name = (ph: string, tid: number, value: string): TraceEvent => ({
    name: ph,
    ph: "M",
    pid: PROCESS,
    tid,
    args: { name: value },
  });
  const threads = [
    "run",
    ...Array.from({ length: slots }, (_, index) => `slot ${index + 1}`),
    ...Array.from({ length: waits }, (_, index) => `waiting ${index + 1}`),
  ];
  return [
    name("process_name", RUN_THREAD, `pipelite ${run.name}`),
    ...threads.map((thread, index) => name("thread_name", RUN_THREAD + index, thread)),
  ];
}

/** Spans that may overlap -> a lane each in which none does. */
function lanesOf(spans: readonly Span[]): Map<Span, number> {
  const ends: bigint[] = [];
  return new Map(
    spans.map((span) => {
      const free = ends.findIndex((end) => end <= span.startNs);
      const lane = free === -1 ? ends.length : free;
      ends[lane] = span.endNs;
      return [span, lane];
    }),
  );
}

/** Counters that change where stages start and end; each build counts with its mean, or its peak, while it ran. */
function counters(spans: readonly Span[], originNs: bigint): TraceEvent[] {
  // A cached stage has the figures of the build that made its output, which was not now.
  const ran = spans.filter(({ slot, status }) => slot !== undefined && status !== "cached");
  const rates: [name: string, rateOf: (span: Span) => number | undefined][] = [
    ["stages running", () => 1],
    ["cores used, mean of each stage", coresOf],
    ["memory in bytes, peak of each stage", (span) => numberOf(span, "peak-memory.bytes")],
  ];
  return rates.flatMap(([name, rateOf]) => {
    const known = ran.flatMap((span) => {
      const rate = rateOf(span);
      return rate === undefined ? [] : [{ span, rate }];
    });
    const moments = [...new Set(known.flatMap(({ span }) => [span.startNs, span.endNs]))];
    return moments
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((at): TraceEvent => {
        const now = known.filter(({ span }) => span.startNs <= at && at < span.endNs);
        const value = now.reduce((sum, { rate }) => sum + rate, 0);
        const ts = microseconds(at - originNs);
        return { name, ph: "C", ts, pid: PROCESS, tid: RUN_THREAD, args: { value } };
      });
  });
}

function coresOf(span: Span): number | undefined {
  const [wall, user, system] = ["wall.ms", "cpu-user.ms", "cpu-system.ms"].map((key) => numberOf(span, key));
  if (wall === undefined || wall === 0 || user === undefined || system === undefined) return undefined;
  return (user + system) / wall;
}

function numberOf({ attributes }: Span, key: string): number | undefined {
  const value = attributes[key];
  return typeof value === "number" ? value : undefined;
}

/** The format counts in microseconds and takes fractions: nothing is rounded. */
function microseconds(ns: bigint): number {
  return Number(ns) / 1000;
}
