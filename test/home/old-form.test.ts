// Homes of before December 2026: a run that had nothing to do had a file of its own, which named the record it repeats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeFileSync } from "node:fs";
import { prettyJson } from "#base/canonical-json.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { parseAudit } from "#evidence/audit-file.ts";
import type { ReadRun } from "#home/runs.ts";
import { Home } from "../release/rig.ts";

/** Writes a repeating run as Pipelite did then. */
function writeOldRepeat(home: Home, { runId: of, digest }: ReadRun): string {
  const runId = of.replace(/-\w+$/, "-ffffff");
  const content = prettyJson({
    schema: 2,
    runId,
    repeats: { runId: of, digest },
    startedAt: "2026-01-02T00:00:00.000Z",
    finishedAt: "2026-01-02T00:00:00.001Z",
    durationMs: 1,
  });
  const file = `runs/${runId}.json`;
  writeFileSync(home.file(file), content);
  home.handle.journal.append({ kind: "run", subject: runId, file, digest: digestOf(content) });
  return runId;
}

test("a repeating run of the old form stands for the record that it repeats, as one of the new form does", () => {
  using home = new Home();
  const { runs } = home.handle;
  const whole = runs.read(home.addRun().runId);
  const runId = writeOldRepeat(home, whole);
  const run = runs.read(runId);
  assert.deepEqual([run.runId, run.digest, run.problem], [whole.runId, whole.digest, undefined]);
  assert.equal(run.repetition?.runId, runId);
  assert.deepEqual(
    runs.list().map((each) => "status" in each && [each.runId, each.repeats, each.counts.cached]),
    [
      [runId, whole.runId, 1],
      [whole.runId, undefined, 0],
    ],
  );
});

test("it falls with the record it repeats, and with its own file", () => {
  using home = new Home();
  const { runs } = home.handle;
  const whole = runs.read(home.addRun().runId);
  const runId = writeOldRepeat(home, whole);
  const [ofRepeat, ofWhole] = [home.read(`runs/${runId}.json`), home.read(whole.file)];
  home.write(`runs/${runId}.json`, ofRepeat.replace('"durationMs": 1', '"durationMs": 2'));
  assert.match(runs.read(runId).problem ?? "", /not the record that the journal has/);
  home.write(`runs/${runId}.json`, ofRepeat);
  assert.equal(runs.read(runId).problem, undefined);
  home.write(whole.file, ofWhole.replace('"durationMs": 1000', '"durationMs": 1001'));
  assert.match(runs.read(runId).problem ?? "", /whose record has changed/);
});

test("RUN_FORM_OLD: one that was signed in that form is refused, and the run to sign instead is named", () => {
  using home = new Home();
  const { runs, sealed } = home.handle;
  const whole = runs.read(home.addRun().runId);
  const runId = writeOldRepeat(home, whole);
  sealed.seal({
    kind: "signature",
    subject: runId,
    file: `signatures/${runId}/1.sigstore.json`,
    content: "{}",
  });
  assert.throws(
    () => runs.read(runId),
    (error) => isPipeliteError(error, "RUN_FORM_OLD") && error.message.includes(whole.runId),
  );
  const [first] = runs.list();
  assert.match(first?.problem ?? "", /in an older form/, "and in the list of runs it stands with that");
});

test("AUDIT_INVALID: an audit that has not the shape of one ends with its name", () => {
  for (const text of ["{", "null", "[]", '{"runId":7}', '{"runId":"a","runId":"b"}'])
    assert.throws(
      () => parseAudit(text, "audits/x.json"),
      (error) => isPipeliteError(error, "AUDIT_INVALID") && error.exitCode === 3,
    );
});
