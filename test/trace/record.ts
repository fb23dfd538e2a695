// Records of runs for tests: built by hand, or by a scheduler of a few lines from drawn numbers.
import fc from "fast-check";
import { countsOf } from "#home/run-record.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { RECORD_SCHEMA } from "#home/run-record.ts";

type Usage = NonNullable<StageRecord["usage"]>;

export const USAGE: Usage = {
  wallMs: 900,
  cpuUserMs: 1200.5,
  cpuSystemMs: 60,
  peakMemoryBytes: 50_331_648,
  source: { wall: "monotonic clock", cpu: "cgroup2", memory: "cgroup2", io: "unavailable" },
};

export function stageOf(name: string, more: Partial<StageRecord> = {}): StageRecord {
  return {
    name,
    kind: "stage",
    status: "built",
    place: "pipeline.ts:3:9",
    inputs: [],
    durationMs: 1000,
    ...more,
  };
}

export function recordOf(stages: StageRecord[], more: Partial<RunRecord> = {}): RunRecord {
  return {
    schema: RECORD_SCHEMA,
    runId: "20261121T035102000Z-00c0de",
    pipeline: "walk",
    pipelineFile: "/somewhere/walk/pipeline.ts",
    startedAt: "2026-11-21T03:51:02.000Z",
    finishedAt: "2026-11-21T03:51:06.000Z",
    durationMs: 4000,
    status: "passed",
    engine: "embedded",
    sandbox: { kind: "bubblewrap", version: "0.8.0", tried: [] },
    params: { seconds: 10, bars: 2 },
    host: { system: "x64-linux", kernel: "6.1.0", cores: 2, node: "26.10.0", pipelite: "0.1.0" },
    jobs: 2,
    phases: [
      { name: "prepare", startMs: 0, durationMs: 400.125 },
      { name: "plan", startMs: 400.125, durationMs: 99.875 },
      { name: "build", startMs: 500, durationMs: 3499 },
    ],
    stages,
    materials: [],
    results: {},
    claims: [],
    counts: countsOf(stages),
    ...more,
  };
}

/** proof and audio at the same time, then song, which waited for its turn; one stage cached. */
export function walkRecord(): RunRecord {
  return recordOf([
    stageOf("tools", {
      status: "cached",
      durationMs: 0,
      usage: USAGE,
      builtInRun: "20261120T000000000Z-0000aa",
    }),
    stageOf("proof", { inputs: ["tools"], startMs: 500, waitedMs: 0.2, durationMs: 1000, usage: USAGE }),
    stageOf("audio", { inputs: ["tools"], startMs: 500.5, waitedMs: 0.7, durationMs: 2000, usage: USAGE }),
    stageOf("song", {
      inputs: ["proof", "timings"],
      startMs: 1700,
      waitedMs: 200,
      durationMs: 2299,
      usage: USAGE,
    }),
  ]);
}

/** Any graph, run by a scheduler with so many slots; durations may be fractions. */
export const anyRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    jobs: fc.integer({ min: 1, max: 4 }),
    nodes: fc.array(
      fc.record({
        needs: fc.array(fc.nat(30), { maxLength: 3 }),
        durationMs: fc.double({ min: 0, max: 5000, noNaN: true }),
        status: fc.constantFrom("built", "built", "built", "cached", "failed", "skipped"),
      }),
      { maxLength: 20 },
    ),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ jobs, nodes, fraction }) => {
    const prepared = 100 + fraction;
    const ends: number[] = [];
    const slots = Array.from({ length: jobs }, () => prepared);
    const stages = nodes.map(({ needs, durationMs, status }, index): StageRecord => {
      const inputs = index === 0 ? [] : [...new Set(needs.map((need) => need % index))];
      const base = stageOf(`s${index}`, { status, inputs: inputs.map((need) => `s${need}`), durationMs: 0 });
      const ready = Math.max(prepared, ...inputs.map((need) => ends[need] ?? 0));
      ends.push(ready);
      if (status === "cached" || status === "skipped") return base;
      const slot = slots.indexOf(Math.min(...slots));
      const startMs = Math.max(ready, slots[slot] ?? 0);
      slots[slot] = startMs + durationMs;
      ends[index] = startMs + durationMs;
      return { ...base, startMs, waitedMs: startMs - ready, durationMs, usage: USAGE };
    });
    const end = Math.max(prepared, ...slots);
    const phases: RunRecord["phases"] = [
      { name: "prepare", startMs: 0, durationMs: 100 },
      { name: "plan", startMs: 100, durationMs: fraction },
      { name: "build", startMs: prepared, durationMs: end - prepared },
    ];
    return recordOf(stages, { jobs, phases, durationMs: end + 1 });
  });
