// The stage perf repeats the engine's figures with their sources, and has no figure where there was none.
import assert from "node:assert/strict";
import { test } from "node:test";
import perf from "../stages/perf.ts";
import { inputOf } from "./proof-input.ts";

const TIMINGS = {
  clock: "a clock",
  stages: [
    {
      name: "proof",
      wallMs: 1234.56,
      peakMemoryBytes: 2 ** 21,
      source: { wall: "monotonic", memory: "cgroup2" },
    },
    { name: "audio" },
  ],
};

test("figures keep their sources; what was not measured is null and unavailable", async () => {
  const input = inputOf<Record<string, string>>({});
  const made = await perf({ timings: { ...input, text: async () => JSON.stringify(TIMINGS) } });
  const [proof, audio] = made["pipeline_trace.json"].stages;
  assert.deepEqual(Reflect.get(proof ?? {}, "wallMs"), { value: 1234.56, source: "monotonic" });
  assert.deepEqual(Reflect.get(audio ?? {}, "wallMs"), { value: null, source: "unavailable" });
});
