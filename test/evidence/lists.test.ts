// What was made of a list: an audit reads the list itself, and finds an item that was left out, whoever says otherwise.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { documents } from "#app/documents.ts";
import { byteStringOf } from "#base/bytes.ts";
import { removeTree } from "#base/files.ts";
import each from "#compile/each-stage.ts";
import { auditRun } from "#evidence/audit.ts";
import type { AuditReport } from "#evidence/audit-file.ts";
import type { Expansion, RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { Project } from "../rig/project.ts";
import { Tamper } from "./tamper.ts";

const files = {
  "pipeline.ts": `
import { each, pipeline, source, stage } from "pipelite";
const tiles = stage(() => import("./tiles.ts"));
const measured = each(tiles.file("tiles.json"), (tile) => stage(() => import("./measure.ts"), { tile }));
const named = each(source("list.json"), (tile) => stage(() => import("./measure.ts"), { tile }), { key: "x" });
export default pipeline({ all: stage(() => import("./collect.ts"), { measured }), named });
`,
  "list.json": '[{ "x": 8 }]',
  "tiles.ts":
    'export default () => ({ "tiles.json": ["north", "south", "west"].map((name, x) => ({ name, x })) });\n',
  "measure.ts": 'export default ({ tile }) => ({ "m.json": tile.x });\n',
  "collect.ts":
    'export default async ({ measured }) => ({ "all.json": await Promise.all(measured.map((one) => one.json("m.json"))) });\n',
};

let project: Project;
let record: RunRecord;
before(async () => {
  project = new Project(files);
  const { runId } = await project.run();
  record = project.record(runId);
});
after(() => project[Symbol.dispose]());

function audit(): Promise<AuditReport> {
  return auditRun(project.door, project.door.runs.read(record.runId), { documents, rebuild: false });
}

function list(of: RunRecord, name = "each-tiles"): Expansion {
  const found = of.expansions?.find((expansion) => expansion.name === name);
  if (found === undefined) throw new Error(`no list ${name}`);
  return found;
}

test("lists of a run that nobody touched hold, and their items are counted in the lists", async () => {
  const report = await auditRun(project.door, project.door.runs.read(record.runId), { documents });
  assert.equal(report.status, "holds");
  const found = report.integrity.filter(({ id }) => id.startsWith("list/"));
  assert.deepEqual(found.map(({ id, status }) => `${id} ${status}`).toSorted(), [
    "list/each-tiles holds",
    "list/named holds",
  ]);
  const claim = report.claims.find(({ id }) => id === "each-tiles/items");
  assert.deepEqual([claim?.value, claim?.recomputed, claim?.formula], [3, 3, "count($1)"]);
});

const forgeries: Record<string, [change: (record: RunRecord) => void, reason: RegExp]> = {
  "an item is left out": [
    (of) => void list(of).items.pop(),
    /tiles\.json has the item west, for which run\.json#\/expansions has nothing/,
  ],
  "an item is left out, and its stage with it": [
    (of) => {
      list(of).items.pop();
      of.stages = of.stages.filter(({ name }) => name !== "measure-tiles-west");
      of.counts.built -= 1;
    },
    /has the item west/,
  ],
  "there is an item more": [
    (of) => void list(of).items.push({ key: "east", name: "east", stages: [], made: "measure-tiles-west" }),
    /has other items than/,
  ],
  "items are in another order": [
    (of) => void (list(of).items = list(of).items.toReversed()),
    /or another order/,
  ],
  "what was made for one is said to be for another": [
    (of) => {
      const [first, second] = list(of).items;
      if (first && second) [first.made, second.made] = [second.made, first.made];
    },
    /takes something else than the output of measure-tiles-south for the item north/,
  ],
  "a list is called by another property": [
    (of) => void (list(of, "named").key = "y"),
    /its item 0 has no text or number as its 'y'/,
  ],
  "a list is not told of": [
    (of) => void (of.expansions = [list(of, "named")]),
    /run\.json#\/expansions does not tell of each-tiles/,
  ],
  "a list is told of as a plain stage": [
    (of) => {
      of.expansions = [list(of, "named")];
      for (const stage of of.stages) if (stage.name === "each-tiles") stage.kind = "stage";
    },
    /as a list, of which run\.json#\/expansions does not tell/,
  ],
  "an item is said to be made by nobody": [
    (of) => {
      for (const item of list(of).items) item.made = "nobody";
    },
    /names nobody, which is not in the run/,
  ],
  "a list and what takes it are told of as other kinds": [
    (of) => {
      of.expansions = [list(of, "named")];
      for (const stage of of.stages) if (stage.name === "each-tiles") stage.kind = "stage";
      for (const stage of of.stages) if (stage.name === "all") stage.kind = "command";
    },
    /is of the kind each, and run\.json says stage/,
  ],
  "a list that nothing takes is told of as a plain stage": [
    (of) => {
      of.expansions = [list(of)];
      for (const stage of of.stages) if (stage.name === "named") stage.kind = "stage";
    },
    /is of the kind each, and run\.json says stage/,
  ],
  "an item has stages that are none of this run": [
    (of) => {
      for (const item of list(of).items) item.stages = ["nobody"];
    },
    /names nobody, which is not in the run/,
  ],
  "a list is said to be in a file outside of what was hashed": [
    (of) => {
      writeFileSync(join(project.folder, "secret.json"), '["not to be shown"]');
      list(of).file = "../../../../secret.json";
    },
    /secret\.json: there is no such file/,
  ],
  "a list is told of twice": [(of) => void of.expansions?.push(list(of)), /two lists of one name/],
};

for (const [name, [change, reason]] of Object.entries(forgeries)) {
  test(`${name}: the audit fails though the record and the journal agree`, async () => {
    const tamper = new Tamper(project.home, record);
    try {
      tamper.forge(change);
      const { integrity, status } = await audit();
      assert.equal(status, "fails");
      assert.doesNotMatch(JSON.stringify(integrity), /not to be shown/);
      const reasons = integrity
        .filter(({ id }) => /^(list|derivation)/.test(id))
        .map((finding) => finding.reason);
      assert.match(reasons.join("\n"), reason);
    } finally {
      tamper.undo();
    }
  });
}

for (const [what, described] of [
  ["no JSON", "{"],
  ["another shape", '{"inputs":{},"params":{},"lists":7}'],
] as const)
  test(`a derivation whose variable 'stage' is ${what} is none of a stage: the audit fails, and goes on`, async () => {
    using store = openStore(project.home);
    const stage = record.stages.find(({ name }) => name === "tiles");
    const derivation = store.readDerivation(parseStorePath(stage?.drvPath ?? ""));
    const env = new Map([...derivation.env, ["stage", byteStringOf(described)]]);
    const drvPath = await store.addDerivation({ ...derivation, env });
    const tamper = new Tamper(project.home, record);
    try {
      tamper.forge((of) => {
        for (const each of of.stages) if (each.name === "tiles") each.drvPath = drvPath;
      });
      const { integrity, status } = await audit();
      assert.equal(status, "fails");
      const found = integrity.find(({ id }) => id === "derivation/tiles");
      assert.match(found?.reason ?? "", /runs no module, and run\.json says that it is a stage/);
    } finally {
      tamper.undo();
    }
  });

test("what puts a list together reads the list itself, and fails when it is given less, more or others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-list-"));
  try {
    const file = join(folder, "list.json");
    writeFileSync(file, '["a", "b"]');
    const reader = (path: string) => ({
      path,
      file: () => path,
      json: async () => undefined,
      text: async () => "",
      bytes: async () => readFileSync(path),
    });
    const part = reader(`/nix/store/${"0".repeat(32)}-part`);
    const run = (names: string[], out: string) =>
      each(
        { list: reader(file), key: null, parts: names.map(() => part), names, lists: [] },
        { out: join(folder, out), temp: folder, cores: 1 },
      );
    await run(["a", "b"], "right");
    assert.deepEqual(readdirSync(join(folder, "right")).toSorted(), [".each.json", "a", "b"]);
    for (const names of [["a"], ["a", "b", "c"], ["b", "a"], []])
      await assert.rejects(run(names, "wrong"), /the list has the items \["a","b"\], and this was made for/);
  } finally {
    removeTree(folder);
  }
});
