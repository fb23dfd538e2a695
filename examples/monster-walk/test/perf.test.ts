// The performance trace: what the engine measured, and nothing more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { summarise } from "../performance/summary.ts";
import { parseTimings } from "../performance/timings.ts";
import { writeTraceEvents } from "../performance/trace-events.ts";
import perf from "../stages/perf.ts";
import { inputOf } from "./proof-input.ts";

const SOURCE = { wall: "monotonic clock", cpu: "cgroup2", memory: "cgroup2", io: "unavailable" };

function stage(name: string, seconds: number, wallMs: number, more: object = {}) {
  const startedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
  return { name, status: "built", measuredInRun: "r1", startedAt, wallMs, source: SOURCE, ...more };
}

const timings = {
  clock: "a clock",
  stages: [
    stage("proof", 0, 1000, { inputs: [], cpuUserMs: 900, cpuSystemMs: 50, peakMemoryBytes: 1 << 20 }),
    stage("audio", 1, 3000, {
      inputs: ["proof"],
      cpuUserMs: 2500,
      cpuSystemMs: 100,
      peakMemoryBytes: 3 << 20,
    }),
    stage("prompts", 1, 500, { inputs: ["proof"], cpuUserMs: 400, cpuSystemMs: 10 }),
    stage("song", 4, 2000, { inputs: ["audio", "prompts"] }),
  ],
};

function traceOf(value: unknown) {
  const input = inputOf<Record<string, string>>({ "timings.json": JSON.stringify(value) });
  const text = async () => JSON.stringify(value);
  return perf({ timings: { ...input, text } });
}

function parse(value: unknown) {
  return parseTimings(JSON.stringify(value));
}

test("the trace has every figure with its source, and what is not known is null, not zero", async () => {
  const { "pipeline_trace.json": trace, "performance_report.md": report } = await traceOf(timings);
  assert.deepEqual(trace.stages[0]?.cpuUserMs, { value: 900, source: "cgroup2" });
  assert.deepEqual(trace.stages[0]?.ioReadBytes, { value: null, source: "unavailable" });
  assert.deepEqual(trace.stages[3]?.peakMemoryBytes, { value: null, source: "unavailable" });
  assert.deepEqual(trace.summary.wallMs, { value: 6500, stages: 4, sources: ["monotonic clock"] });
  assert.deepEqual(trace.summary.cpuUserMs, { value: 3800, stages: 3, sources: ["cgroup2"] });
  assert.deepEqual(trace.summary.peakMemoryBytes, { value: 3 << 20, stages: 2, sources: ["cgroup2"] });
  assert.deepEqual(trace.summary.ioReadBytes, { value: null, stages: 0, sources: [] });
  assert.match(
    report,
    /\| song \| built \| 2000\.0 ms \(monotonic clock\) \| unavailable \| unavailable \| unavailable/,
  );
  assert.match(report, /Critical path: proof -> audio -> song, 6000\.0 ms\./);
});

test("the elapsed time is held against the critical path", () => {
  const right = summarise(parse(timings));
  assert.deepEqual(right.criticalPath.stages, ["proof", "audio", "song"]);
  assert.equal(right.elapsedMs, 6000);
  assert.equal(right.check.status, "passed");
  // a song that started before its inputs were there: the times can't be true
  const wrong = summarise(
    parse({
      ...timings,
      stages: [...timings.stages.slice(0, 3), stage("song", 2, 2000, { inputs: ["audio"] })],
    }),
  );
  assert.equal(wrong.check.status, "failed");
  assert.equal(wrong.check.limit, 6000);
});

test("figures of different runs are not put on one clock", () => {
  const mixed = summarise(
    parse({
      ...timings,
      stages: [{ ...timings.stages[0], measuredInRun: "r0" }, ...timings.stages.slice(1)],
    }),
  );
  assert.deepEqual(mixed.runs, ["r0", "r1"]);
  assert.equal(mixed.elapsedMs, null);
  assert.equal(mixed.check.status, "not-computable");
});

test("a stage that was not measured, or whose inputs are not told, leaves the critical path open", () => {
  const missing = summarise(
    parse({
      ...timings,
      stages: [{ name: "proof", status: "not-measured", inputs: [] }, ...timings.stages.slice(1)],
    }),
  );
  assert.deepEqual(missing.notMeasured, ["proof"]);
  assert.equal(missing.criticalPath.status, "not-computable");
  assert.equal(missing.wallMs.stages, 3);
  assert.equal(
    summarise(parse({ ...timings, stages: [stage("audio", 1, 3000)] })).criticalPath.status,
    "not-computable",
  );
  assert.equal(summarise(parse({ ...timings, stages: [] })).criticalPath.status, "not-computable");
});

test("in the trace events no two stages of a slot overlap, and each run is a process of its own", () => {
  const { traceEvents } = writeTraceEvents(parse(timings));
  const complete = traceEvents.filter((event) => event.ph === "X");
  assert.deepEqual(
    complete.map(({ name, ts, dur, tid }) => [name, ts, dur, tid]),
    [
      ["proof", 0, 1_000_000, 1],
      ["audio", 1_000_000, 3_000_000, 1],
      ["prompts", 1_000_000, 500_000, 2],
      ["song", 4_000_000, 2_000_000, 1],
    ],
  );
  assert.equal(traceEvents.filter((event) => event.ph === "C").length, 2);
  const two = writeTraceEvents(
    parse({ ...timings, stages: [timings.stages[0], { ...timings.stages[1], measuredInRun: "r2" }] }),
  );
  assert.deepEqual(
    two.traceEvents.filter((event) => event.ph === "X").map((event) => event.pid),
    [1, 2],
  );
});

test("timings that contradict themselves are refused", () => {
  const bad = (change: object) => () =>
    summarise(parse({ ...timings, stages: [{ ...timings.stages[0], ...change }] }));
  assert.throws(bad({ wallMs: -1 }), /negative/);
  assert.throws(bad({ wallMs: "1" }), /wallMs is not a number/);
  assert.throws(bad({ ioReadBytes: 0 }), /source is unavailable/);
  assert.throws(bad({ source: undefined }), /source/);
  assert.throws(bad({ startedAt: "yesterday" }), /no time/);
  assert.throws(bad({ inputs: ["proof"] }), /waits for itself/);
  assert.throws(() => parseTimings("{"), SyntaxError);
});
