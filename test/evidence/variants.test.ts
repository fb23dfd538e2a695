// The table of a `matrix` within a pipeline: the record has it, `show` prints it, and an audit holds each line to what was built.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { documents } from "#app/documents.ts";
import { auditRun } from "#evidence/audit.ts";
import type { RunRecord, VariantTable } from "#home/run-record.ts";
import { pipelite } from "../rig/command.ts";
import { Project } from "../rig/project.ts";
import { Tamper } from "./tamper.ts";

const files = {
  "pipeline.ts": `
import { matrix, pipeline, range, stage } from "pipelite";
const base = stage(() => import("./base.ts"));
const walks = matrix({ seed: range(1, 2), kind: ["x", "y"] }, ({ seed, kind }) => {
  const walk = stage(() => import("./walk.ts"), { base, seed, kind });
  return stage(() => import("./judge.ts"), { walk });
});
const nested = matrix({ outer: [1] }, () => matrix({ inner: [true, false] }, ({ inner }) => stage(() => import("./base.ts"), { inner })));
export default pipeline({ all: stage(() => import("./all.ts"), { walks, first: nested[0] }) });
`,
  "base.ts": 'export default () => ({ "b.txt": "b" });\n',
  "walk.ts": 'export default ({ seed, kind }) => ({ "w.json": [seed, kind] });\n',
  "judge.ts": `export default async ({ walk }) => {
  const [seed] = await walk.json("w.json");
  return { "seed.json": seed };
};
`,
  "all.ts": 'export default ({ walks }) => ({ "n.json": walks.length });\n',
};

let project: Project;
let record: RunRecord;
before(async () => {
  project = new Project(files);
  const { runId } = await project.run();
  record = project.record(runId);
});
after(() => project[Symbol.dispose]());

function table(of: RunRecord): VariantTable {
  const [found] = of.variants ?? [];
  if (found === undefined) throw new Error("no table");
  return found;
}

async function findings(): Promise<{ status: string; reasons: string }> {
  const run = project.door.runs.read(record.runId);
  const { status, integrity } = await auditRun(project.door, run, { documents, rebuild: false });
  const own = integrity.filter(({ id }) => id.startsWith("variants/"));
  assert.ok(own.length > 0);
  return { status, reasons: own.map((each) => `${each.id} ${each.reason ?? each.status}`).join("\n") };
}

test("each combination has its line, with the stages that are there for it alone", async () => {
  const { axes, rows } = table(record);
  assert.deepEqual(axes, [
    { name: "seed", values: [1, 2] },
    { name: "kind", values: ["x", "y"] },
  ]);
  assert.deepEqual(rows[1], { values: { seed: 1, kind: "y" }, stages: ["walk-1-y", "judge-walk-1-y"] });
  assert.equal(rows.length, 4);
  assert.deepEqual(
    record.variants?.slice(1).map((each) => each.rows),
    [
      [
        { values: { inner: true }, stages: ["base-true"] },
        { values: { inner: false }, stages: ["base-false"] },
      ],
      [{ values: { outer: 1 }, stages: ["base-true", "base-false"] }],
    ],
  );
  assert.equal((await findings()).reasons, "variants/0 holds\nvariants/1 holds\nvariants/2 holds");
  const { stdout, code } = await pipelite(["show", record.runId, "--store", project.home]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^matrix of pipeline\.ts:4:\d+\nSEED +KIND +STATUS +STAGES\n1 +x +built +walk-1-x judge/m,
  );
});

test("a part of the pipeline has the lines that are in it", async () => {
  const { runId } = await project.run({ stages: ["walk-2-x"] });
  const { rows } = table(project.record(runId));
  assert.deepEqual(
    rows.map(({ stages }) => stages),
    [[], [], ["walk-2-x"], []],
  );
});

const forgeries: Record<string, [change: (of: VariantTable) => void, reason: RegExp]> = {
  "two lines are said to be of each other": [
    ({ rows: [first, second] }) => {
      if (first && second) [first.stages, second.stages] = [second.stages, first.stages];
    },
    /rows\/0: .*\.drv of walk-1-y has another kind/,
  ],
  "a value is another": [
    ({ axes: [seed], rows }) => {
      if (seed) seed.values = [1, 3];
      for (const row of rows) if (row.values["seed"] === 2) row.values["seed"] = 3;
    },
    /rows\/2: .*\.drv of walk-2-x has another seed/,
  ],
  "a line is left out": [({ rows }) => void rows.pop(), /other lines than the combinations/],
  "a line is there twice": [
    ({ rows }) => {
      if (rows[0]) rows[1] = rows[0];
    },
    /other lines than the combinations/,
  ],
  "a stage is none of the run": [({ rows }) => void rows[0]?.stages.push("nobody"), /names nobody/],
  "a stage is in two lines": [({ rows }) => void rows[0]?.stages.push("walk-2-x"), /has walk-2-x twice/],
};

for (const [name, [change, reason]] of Object.entries(forgeries))
  test(`${name}: the audit fails though the record and the journal agree`, async () => {
    const tamper = new Tamper(project.home, record);
    try {
      tamper.forge((of) => change(table(of)));
      const { status, reasons } = await findings();
      assert.equal(status, "fails");
      assert.match(reasons, reason);
    } finally {
      tamper.undo();
    }
  });
