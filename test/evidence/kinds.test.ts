// What kind a stage is decides what is asked of it: a check has a verdict, a list its items. A record that calls it
// something else, though it and the journal agree, is found by the derivation.
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { documents } from "#app/documents.ts";
import { auditRun } from "#evidence/audit.ts";
import { sweep } from "../rig/peer.ts";
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

test("a command whose output is a file is called a command, and holds", async () => {
  using project = new Project({
    "pipeline.ts": `import { command, pipeline, source } from "pipelite";
const said = command(source("say.sh"), ["x"], { name: "said", stdout: "said.txt" });
export default pipeline({ said });`,
    "say.sh": "#!/bin/sh\necho it says $1\n",
  });
  chmodSync(`${project.root}/say.sh`, 0o755);
  const { runId, status } = await project.run();
  assert.equal(status, "passed");
  const { integrity } = await auditRun(project.door, project.door.runs.read(runId), { documents });
  assert.deepEqual(
    integrity.filter((each) => each.status !== "holds"),
    [],
  );
});

test(
  "derivations of the graph that the record does not name are missed, one as well as all",
  { skip: sweep() },
  async () => {
    using project = new Project(FILES);
    const { runId } = await project.run();
    const record = project.record(runId);
    for (const names of [["fit"], ["end"], record.stages.map(({ name }) => name)]) {
      const tamper = new Tamper(project.home, record);
      try {
        tamper.forge((of) => {
          for (const stage of of.stages) if (names.includes(stage.name)) delete stage.graphDrvPath;
        });
        const run = project.door.runs.read(runId);
        const { integrity } = await auditRun(project.door, run, { documents, rebuild: false });
        const reasons = integrity.flatMap(({ id, status, reason }) =>
          status === "fails" ? [`${id}: ${reason}`] : [],
        );
        assert.match(
          reasons.join("\n"),
          new RegExp(`derivation/${names[0]}: run.json lacks its derivation of the graph`),
        );
      } finally {
        tamper.undo();
      }
    }
  },
);

test(
  "a stage that the record calls an answer is found: nothing would make it again",
  { skip: sweep() },
  async () => {
    using project = new Project(FILES);
    const { runId } = await project.run();
    const record = project.record(runId);
    const forgeries: [(of: typeof record) => void, RegExp][] = [
      [(of) => disguise(of, "fit"), /fit is an answer, and no stage is there to check it and nothing else/],
      [
        (of) => {
          disguise(of, "fit");
          rename(of, "fit", "end-answer");
        },
        /no stage is there to check it|is no answer: it is not named by the content of one file/,
      ],
      [
        (of) => {
          disguise(of, "fit");
          rename(of, "fit", "end-answer");
          for (const { name, inputs } of of.stages) if (name !== "end") inputs.length = 0;
        },
        /is no answer: it is not named by the content of one file/,
      ],
    ];
    for (const [change, reason] of forgeries) {
      const tamper = new Tamper(project.home, record);
      try {
        tamper.forge(change);
        const run = project.door.runs.read(runId);
        const { integrity, status } = await auditRun(project.door, run, { documents, rebuild: false });
        assert.equal(status, "fails");
        const ofAnswers = integrity.filter(({ id }) => id.startsWith("answer/"));
        assert.match(ofAnswers.map((each) => each.reason).join("\n"), reason);
      } finally {
        tamper.undo();
      }
    }
  },
);

type Recorded = ReturnType<Project["record"]>;

function disguise(of: Recorded, name: string): void {
  for (const stage of of.stages) {
    if (stage.name !== name) continue;
    stage.kind = "answer";
    for (const member of ["drvPath", "graphDrvPath", "usage", "limits", "logDigest"] as const)
      delete stage[member];
  }
}

function rename(of: Recorded, from: string, to: string): void {
  for (const stage of of.stages) {
    if (stage.name === from) stage.name = to;
    stage.inputs = stage.inputs.map((input) => (input === from ? to : input));
  }
}
