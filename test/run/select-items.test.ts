// Stages of items of a list, asked for by name: they can be had alone once the list is there, and it is said how until then.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { describeGraph } from "#run/describe.ts";
import { Project } from "../rig/project.ts";

const files = {
  "tiles.ts": 'export default ({ tiles }) => ({ "tiles.json": tiles });\n',
  "rows.ts": 'export default ({ tile }) => ({ "rows.json": tile.rows });\n',
  "cell.ts": 'export default ({ row, tile }) => ({ "m.json": [tile.name + row] });\n',
  "measure.ts": 'export default ({ tile }) => ({ "m.json": tile.rows.length });\n',
  "all.ts": 'export default ({ cells, measured }) => ({ "n.json": [cells.length, measured.length] });\n',
};
const pipelineOf = (tiles: unknown) => `
import { each, pipeline, stage } from "pipelite";
const tiles = stage(() => import("./tiles.ts"), { tiles: ${JSON.stringify(tiles)} });
const measured = each(tiles.file("tiles.json"), (tile) => stage(() => import("./measure.ts"), { tile }));
const cells = each(tiles.file("tiles.json"), (tile) => {
  const rows = stage(() => import("./rows.ts"), { tile });
  return each(rows.file("rows.json"), (row) => stage(() => import("./cell.ts"), { row, tile }));
}, { name: "grid" });
export default pipeline({ all: stage(() => import("./all.ts"), { cells, measured }) });
`;
const two = [
  { name: "a", rows: [1, 2] },
  { name: "b", rows: [7] },
];

function refused(code: string, pattern: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(`${error.message} ${error.hint}`, pattern);
    return true;
  };
}

test("a stage of an item runs alone when its list is there, however deep; before that the way is named", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(two) });
  const wanted = ["measure-tiles-b"];
  const early = refused(
    "STAGE_NOT_EXPANDED",
    /'measure-tiles-b'.*when tiles\/tiles.json is there.*name 'tiles'/,
  );
  await assert.rejects(project.run({ stages: wanted }), early);
  await assert.rejects(project.plan({ stages: wanted }), early);
  await project.run({ stages: ["tiles"] });
  const planned = await project.plan({ stages: wanted });
  assert.deepEqual(
    planned.stages.map(({ name, status }) => [name, status]),
    [["measure-tiles-b", "build"]],
  );
  assert.deepEqual((await project.run({ stages: wanted })).ends, { "measure-tiles-b": "built" });
  assert.deepEqual((await project.run({ stages: wanted })).ends, { "measure-tiles-b": "cached" });
  const { nodes } = await describeGraph(project.options({ stages: wanted }));
  assert.deepEqual(
    nodes.map(({ name, state }) => [name, state]),
    [["measure-tiles-b", "cached"]],
  );
  const forced = await project.run({ stages: wanted, force: wanted });
  assert.deepEqual(forced.ends, { "measure-tiles-b": "built" });

  const deep = { stages: ["cell-rows-grid-b-7"] };
  await assert.rejects(
    project.run(deep),
    refused("STAGE_NOT_EXPANDED", /when rows-grid-b\/rows.json is there.*name 'rows-grid-b'/),
  );
  assert.deepEqual((await project.run({ stages: ["rows-grid-b"] })).ends, { "rows-grid-b": "built" });
  assert.deepEqual((await project.run(deep)).ends, { "cell-rows-grid-b-7": "built" });
});

test("a run of one item notices that the list is another; what is wrong is said with what there is", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(two) });
  const wanted = ["measure-tiles-b"];
  await project.run({ stages: ["tiles"] });
  await project.run({ stages: wanted });
  await assert.rejects(
    project.run({ stages: ["measure-tiles-c"] }),
    refused("STAGE_NOT_FOUND", /none of that name.*Did you mean measure-tiles-[ab]/),
  );
  // That the stage of the list has another code is told without looking at the item.
  project.write({ "tiles.ts": 'export default () => ({ "tiles.json": [{ name: "c", rows: [] }] });\n' });
  await assert.rejects(project.run({ stages: wanted }), refused("STAGE_NOT_EXPANDED", /tiles/));
  await project.run({ stages: ["tiles"] });
  await assert.rejects(project.run({ stages: wanted }), refused("STAGE_NOT_FOUND", /measure-tiles-c/));
});

test("an item and what takes all of them: the record tells of the list", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(two) });
  await project.run({ stages: ["tiles"] });
  const { status } = await project.run({ stages: ["measure-tiles-a", "each-tiles"] });
  assert.equal(status, "passed");
  const { expansions, stages } = project.record();
  assert.deepEqual(
    expansions?.map(({ name, items }) => [name, items.map((item) => item.made)]),
    [["each-tiles", ["measure-tiles-a", "measure-tiles-b"]]],
  );
  assert.deepEqual(
    stages.map(({ name }) => name),
    ["tiles", "measure-tiles-a", "measure-tiles-b", "each-tiles"],
  );
});
