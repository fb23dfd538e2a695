import assert from "node:assert/strict";
import { test } from "node:test";
import { Project } from "../rig/project.ts";

test("the record of a run says when each stage was ready, started and ended", async () => {
  using project = new Project({
    "pipeline.ts": [
      'import { pipeline, stage } from "pipelite";',
      'const one = stage(() => import("./one.ts"));',
      'const two = stage(() => import("./two.ts"), { one });',
      "export default pipeline({ one, two });",
    ].join("\n"),
    "one.ts": 'export default function one() { return { "one.txt": "1" }; }\n',
    "two.ts": 'export default function two({ one }) { return { "two.txt": "2" }; }\n',
  });
  const { runId, status } = await project.run();
  assert.equal(status, "passed");
  const record = project.record(runId);
  const [one, two] = record.stages;
  const phase = record.phases?.find(({ name }) => name === "build");
  assert.ok(one?.startMs !== undefined && two?.startMs !== undefined && phase);
  assert.ok(phase.startMs <= one.startMs && one.startMs + one.durationMs <= two.startMs);
  assert.ok(two.startMs + two.durationMs <= record.durationMs);
  assert.ok((two.waitedMs ?? -1) >= 0);
  const ids = new Set(record.claims.map(({ id }) => id));
  for (const figure of ["wall", "minor-faults", "task-clock", "cycles"])
    assert.ok(ids.has(`one/${figure}`), figure);
});
