// What jobs found is not believed for being green: what follows from it, and what a forge hands on that is wrong.
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { JOB_NAMES, type JobName } from "#export/workflow/jobs.ts";
import { compareResults, parseNeeds, reportOf, type JobResult } from "#export/workflow/results.ts";
import { pipelite } from "../rig/command.ts";
import { Project } from "../rig/project.ts";

const SUM = "a".repeat(64);
const OTHER = "b".repeat(64);

function built(job: JobName, sum = SUM, more: Partial<JobResult> = {}): JobResult {
  const artefacts = { digest: `sha256:${sum}`, files: 1, sums: { "walk/tone.wav": sum }, measured: [] };
  return { schema: 1, job, status: "passed", reason: "", artefacts, ...more };
}

const BOTH = [built("build-x86_64-linux"), built("build-aarch64-linux")];

test("a comparison passes when both systems gave the same bytes", () => {
  assert.equal(compareResults(BOTH).status, "passed");
});

test("a comparison names the file that differs", () => {
  const { status, reason } = compareResults([...BOTH, built("ubuntu", OTHER)]);
  assert.equal(status, "failed");
  assert.match(reason, /build-x86_64-linux and ubuntu: walk\/tone\.wav has other bytes/);
});

test("a comparison without a second system is no pass", () => {
  const alone = [built("build-x86_64-linux"), built("nix")];
  const { status, reason } = compareResults(alone);
  assert.equal(status, "unavailable");
  assert.match(reason, /build-aarch64-linux \(no result\)/);
  const failed = built("build-aarch64-linux", SUM, { status: "failed", reason: "no" });
  assert.equal(compareResults([...alone, failed]).status, "unavailable");
  assert.equal(compareResults([]).status, "unavailable");
});

const ALL = JOB_NAMES.filter((name) => name !== "report").map((name) => built(name));

test("a report passes when every job has, and says what has not", () => {
  assert.equal(reportOf(ALL).status, "passed");
  const { rows, status } = reportOf(ALL.filter(({ job }) => job !== "check"));
  assert.equal(status, "failed");
  assert.deepEqual(
    rows.find(({ job }) => job === "check"),
    { job: "check", status: "failed", reason: "it gave no result" },
  );
  const some = ALL.map((each) => (each.job === "image" ? { ...each, status: "unavailable" as const } : each));
  assert.equal(reportOf(some).status, "unavailable");
  assert.equal(reportOf(ALL).rows.find(({ job }) => job === "macos")?.status, "unavailable");
});

function needsOf(more: Record<string, unknown>): JobResult | undefined {
  return parseNeeds(JSON.stringify({ check: more }), "needs.json")[0];
}

test("a job counts by what it wrote and by what the forge says of it", () => {
  const said = (result: JobResult) => ({ result: JSON.stringify(result) });
  assert.equal(needsOf({ result: "success", outputs: said(built("check")) })?.status, "passed");
  for (const [what, need] of Object.entries({
    "green without a result": { result: "success", outputs: {} },
    skipped: { result: "skipped", outputs: {} },
    "passed, and failed after that": { result: "failure", outputs: said(built("check")) },
    "the result of another job": { result: "success", outputs: said(built("nix")) },
    "no JSON": { result: "success", outputs: { result: "passed" } },
    "an unknown member": { result: "success", outputs: said({ ...built("check"), ok: true } as JobResult) },
    "an unknown status": { result: "success", outputs: said({ ...built("check"), status: "ok" } as never) },
    nothing: null,
  }))
    assert.equal(needsOf(need as never)?.status, "failed", what);
  assert.throws(() => parseNeeds("[]", "needs.json"), { code: "CI_NEEDS_INVALID" });
});

test("`ci --job report` reads what a forge says, and ends with 1 for a job that is missing", async () => {
  using project = new Project({ "pipeline.ts": "" });
  const place = { cwd: project.root, env: { PIPELITE_HOME: project.home } };
  const needs = Object.fromEntries(
    ALL.map((each) => [each.job, { result: "success", outputs: { result: JSON.stringify(each) } }]),
  );
  const file = join(project.root, "needs.json");
  writeFileSync(file, JSON.stringify(needs));
  const words = ["ci", "--job", "report", "--needs", "needs.json"];
  const whole = await pipelite(words, place);
  assert.equal(whole.code, 0, whole.stderr);
  writeFileSync(file, JSON.stringify({ ...needs, check: { result: "cancelled", outputs: {} } }));
  const lacking = await pipelite(words, place);
  assert.equal(lacking.code, 1);
  assert.match(lacking.stdout, /check\s+failed\s+it wrote no result; the forge says cancelled/);
  const none = ALL.map((each) => ({ ...each, status: "unavailable" as const, reason: "no machine" }));
  const nowhere = none.map((each) => [
    each.job,
    { result: "success", outputs: { result: JSON.stringify(each) } },
  ]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(nowhere)));
  assert.equal((await pipelite(words, place)).code, 4);
  writeFileSync(file, "[]");
  const wrong = await pipelite([...words, "--json"], place);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stdout, /"CI_NEEDS_INVALID"/);
  const alone = await pipelite(["ci", "--job", "compare", "--json"], place);
  assert.equal(alone.code, 2);
  assert.match(alone.stdout, /"CI_NEEDS_MISSING"/);
});
