// What kind a stage is decides what is asked of it: a check has a verdict, a list its items. A record that calls it
// something else, though it and the journal agree, is found by the derivation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { documents } from "#app/documents.ts";
import { auditRun } from "#evidence/audit.ts";
import { Project } from "../rig/project.ts";
import { Tamper } from "./tamper.ts";

const FILES = {
  "pipeline.ts": `
import { check, gate, pipeline, stage } from "pipelite";
const fit = stage(() => import("./fit.ts"));
const near = check({
  statement: "It is near",
  evidence: fit.file("line.json").at("/far"),
  formula: "$1",
  accept: "value <= limit",
  limit: 2,
});
export default pipeline({ end: stage(() => import("./end.ts"), { fit: gate(fit, near) }) });
`,
  "fit.ts": 'export default () => ({ "line.json": { far: 1 } });\n',
  "end.ts": 'export default async ({ fit }) => ({ "e.json": await fit.json("line.json") });\n',
};

test("a check and a gate that the record calls plain stages are found", async () => {
  using project = new Project(FILES);
  const { runId } = await project.run();
  const record = project.record(runId);
  const audit = () => auditRun(project.door, project.door.runs.read(runId), { documents, rebuild: false });
  const untouched = await audit();
  assert.deepEqual(
    untouched.integrity.filter(({ status }) => status === "fails"),
    [],
  );
  for (const kind of ["check", "gate"]) {
    const tamper = new Tamper(project.home, record);
    try {
      tamper.forge((of) => {
        for (const stage of of.stages) if (stage.kind === kind) stage.kind = "stage";
      });
      const reasons = (await audit()).integrity.map(({ reason }) => reason ?? "");
      assert.match(reasons.join("\n"), new RegExp(`is of the kind ${kind}, and run.json says stage`));
    } finally {
      tamper.undo();
    }
  }
});
