import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { openHome } from "#home/home.ts";
import { test } from "node:test";
import { drawTimeline } from "#cli/timeline.ts";
import { criticalPath } from "#trace/critical-path.ts";
import { traceOf } from "#trace/spans.ts";
import { displayWidth } from "#view/format.ts";
import { createPaint } from "#view/paint.ts";
import { createRig, type Rig } from "../cli/rig.ts";
import { recordOf, stageOf, walkRecord } from "./record.ts";
import type { RunRecord } from "#home/run-record.ts";

function rigWith(record: RunRecord): Rig {
  const rig = createRig();
  openHome(rig.home).runs.write(record);
  return rig;
}

function draw(columns: number): string {
  const record = walkRecord();
  const [spans, path] = [traceOf(record), criticalPath(record)];
  return drawTimeline(record, {
    spans,
    path,
    columns,
    paint: createPaint(false),
    unicode: false,
    verbose: true,
  });
}

test("the timeline has a bar for each stage and marks the critical path", () => {
  const text = draw(80);
  assert.match(text, /^20261121T035102000Z-00c0de: walk passed$/m);
  assert.match(text, /^\* proof {9}#{11} +1\.00s +1\.26s +48\.0 M$/m);
  assert.match(text, /^ {2}audio +#+ +2\.00s +1\.26s +48\.0 M$/m);
  assert.match(text, /^\* song +\.+#+ +2\.30s +1\.26s +48\.0 M$/m);
  assert.match(text, /^ {2}tools +cached +- +- +-$/m);
  assert.match(text, /^\* critical path, 3\.30s of 4\.00s: proof > song$/m);
  assert.match(text, /^the rest: 0\.50s preparing and planning, 0\.20s between and after stages$/m);
});

test("the timeline fits 80, 40 and 30 columns", () => {
  for (const columns of [80, 40, 30]) {
    const text = draw(columns);
    for (const line of text.split("\n")) assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
    assert.match(text, /^\* song .*#/m);
    assert.match(text, / 2\.30s( |$)/m);
  }
});

test("trace says by words what failed and what was never run", async () => {
  const failure = { code: "STAGE_FAILED", message: "The stage proof failed" };
  const stages = [
    stageOf("proof", { status: "failed", startMs: 500, failure }),
    stageOf("audio", { status: "skipped", durationMs: 0, because: "proof", inputs: ["proof"] }),
  ];
  using rig = rigWith(recordOf(stages, { status: "failed" }));
  const { stdout } = await rig("trace");
  assert.match(stdout, /walk failed$/m);
  assert.match(stdout, /^ {2}audio +skipped +-/m);
});

test("trace --verbose lists every figure with its source, also one that could not be had", async () => {
  using rig = rigWith(walkRecord());
  const { stdout } = await rig("trace", "--verbose");
  assert.match(stdout, /^ {2}cpu-user +1\.20s {2}cgroup2$/m);
  assert.match(stdout, /^ {2}io-read +- {2}unavailable$/m);
  assert.ok(!/^tools$/m.test(stdout), "a cached stage was not built now");
});

test("trace --format chrome and otlp print the files, --json the spans", async () => {
  using rig = rigWith(walkRecord());
  const chrome = await rig("trace", "latest", "--format", "chrome");
  assert.ok("traceEvents" in (JSON.parse(chrome.stdout) as object));
  const otlp = await rig("trace", "20261121T0351", "--format", "otlp");
  assert.ok("resourceSpans" in (JSON.parse(otlp.stdout) as object));
  const { stdout } = await rig("trace", "--json");
  const { runId, criticalPath, spans } = JSON.parse(stdout) as {
    runId: string;
    criticalPath: { stages: string[] };
    spans: { startUnixNs: string }[];
  };
  assert.equal(runId, "20261121T035102000Z-00c0de");
  assert.deepEqual(criticalPath.stages, ["proof", "song"]);
  assert.match(spans[0]?.startUnixNs ?? "", /^\d{19}$/);
});

test("trace of a run that had nothing to do shows the one it repeats, and says so", async () => {
  const record = walkRecord();
  using rig = rigWith(record);
  const { runs } = openHome(rig.home);
  const { runId, digest } = runs.read(record.runId);
  const own = { runId: "20261122T000000000Z-0a0a0a", startedAt: "2026-11-22T00:00:00.000Z", durationMs: 9 };
  runs.repeat(own, { runId, digest });
  const { stdout, stderr, code } = await rig("trace");
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}prepare /m);
  assert.match(
    stderr,
    /^run 20261122T000000000Z-0a0a0a had nothing to do: it repeats 20261121T035102000Z-00c0de$/m,
  );
});

test("a record that was changed is shown with a warning, and ends with 3", async () => {
  const record = walkRecord();
  using rig = rigWith(record);
  const file = openHome(rig.home).runs.pathOf(record.runId);
  writeFileSync(file, readFileSync(file, "utf8").replace('"status":"passed"', '"status":"failed"'));
  for (const words of [["show"], ["trace"], ["runs"], ["report", "--out", "documents"], ["show", "--json"]]) {
    const { code, stderr } = await rig(...words);
    assert.equal(code, 3, words.join(" "));
    assert.match(stderr, /not the record that the journal has/, words.join(" "));
  }
});
