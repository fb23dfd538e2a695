import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { traceFiles } from "#trace/files.ts";
import { Project } from "../rig/project.ts";

test("a result's evidence has the traces of its run, the bytes that the record gives at any time", async () => {
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
  assert.ok(record.tree);
  for (const [name, bytes] of traceFiles(record)) {
    const file: string = readFileSync(join(project.home, record.tree, "evidence", name), "utf8");
    assert.equal(file, Buffer.from(bytes).toString(), name);
  }
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
