// Fan-out over what a stage wrote: what a plan knows before, what a run makes of it, and what is told of a list that is wrong.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RunOptions } from "#run/options.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const files = {
  "tiles.ts": 'export default ({ tiles }) => ({ "tiles.json": tiles, "other.txt": "x" });\n',
  "cut.ts": 'export default ({ tile }) => ({ "cut.json": { at: tile.x + 1 } });\n',
  "measure.ts":
    'export default async ({ cut, scale }) => ({ "m.json": (await cut.json("cut.json")).at * scale });\n',
  "collect.ts":
    'export default async ({ measured }) => ({ "all.json": await Promise.all(measured.map((one) => one.json("m.json"))) });\n',
};

/** A pipeline that cuts and measures each of these tiles. */
function pipelineOf(tiles: unknown, lines = ""): string {
  return `
import { each, param, pipeline, stage } from "pipelite";
const tiles = stage(() => import("./tiles.ts"), { tiles: ${JSON.stringify(tiles)} });
const scale = param.number({ default: 2 });
const measured = each(tiles.file("tiles.json"), (tile) => {
  ${lines}
  const cut = stage(() => import("./cut.ts"), { tile });
  return stage(() => import("./measure.ts"), { cut, scale });
});
export default pipeline({ all: stage(() => import("./collect.ts"), { measured }) });
`;
}

const three = [
  { name: "north", x: 1 },
  { name: "south", x: 2 },
  { name: "west", x: 3 },
];

function read(project: Project, path: string | undefined, file: string): unknown {
  return JSON.parse(readFileSync(join(project.home, path ?? "", file), "utf8"));
}

async function namesPlanned(project: Project, more: Partial<RunOptions> = {}): Promise<string[]> {
  return (await project.plan(more)).stages.map(({ name, status }) => `${name} ${status}`);
}

test("a plan says what there is before a list is known, and all of it after; a run collects in the order of the list", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
  const before = await project.plan();
  assert.deepEqual(
    before.stages.map(({ name }) => name),
    ["tiles", "each-tiles", "all"],
  );
  assert.deepEqual(before.stages[1]?.each, { list: "tiles/tiles.json" });
  assert.equal(before.stages[1]?.reason?.text, "one for each of tiles/tiles.json, which is not there yet");

  const { ends, outputs, events } = await project.run();
  assert.deepEqual(new Set(Object.values(ends)), new Set(["built"]));
  assert.deepEqual(read(project, outputs["all"], "all.json"), [4, 6, 8]);
  const names = ["north", "south", "west"].flatMap((name) => [`cut-tiles-${name}`, `measure-tiles-${name}`]);
  const order = ["tiles", ...names, "each-tiles", "all"];
  assert.deepEqual(
    project.record().stages.map(({ name }) => name),
    order,
  );
  assert.deepEqual(Object.keys(ends).toSorted(), order.toSorted());
  const expanded = events.find((event) => event.type === "list-expanded");
  assert.ok(expanded?.type === "list-expanded");
  assert.deepEqual(
    expanded.stages.map(({ name }) => name),
    names,
  );
  assert.deepEqual(project.record().expansions, [
    {
      name: "each-tiles",
      from: "tiles",
      file: "tiles.json",
      items: ["north", "south", "west"].map((name) => ({
        key: name,
        name,
        stages: [`cut-tiles-${name}`, `measure-tiles-${name}`],
        made: `measure-tiles-${name}`,
      })),
    },
  ]);
  assert.deepEqual(
    await namesPlanned(project),
    order.map((name) => `${name} cached`),
  );
  assert.deepEqual((await project.plan()).stages.at(-2)?.each, { list: "tiles/tiles.json", items: 3 });
});

test(
  "with nothing to do a run is the one before, by the fast way and by the long one",
  { skip: sweep() },
  async () => {
    using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
    const first = await project.run();
    for (const paranoid of [false, true]) {
      const again = await project.run({ paranoid });
      assert.deepEqual(new Set(Object.values(again.ends)), new Set(["cached"]));
      assert.deepEqual(again.outputs, first.outputs);
    }
    assert.equal((await project.run()).events.at(-1)?.type === "run-finished", true);
    // A module that only the items need is among what a run was made from.
    project.write({ "measure.ts": files["measure.ts"].replace("* scale", "* scale + 1") });
    const edited = await project.run();
    assert.equal(edited.ends["cut-tiles-west"], "cached");
    assert.equal(edited.ends["measure-tiles-west"], "built");
    assert.deepEqual(read(project, edited.outputs["all"], "all.json"), [5, 7, 9]);
  },
);

test("what `each` calls may read a file, and a run notices when that changes", async () => {
  using project = new Project({
    ...files,
    "factor.txt": "3",
    "pipeline.ts": `import { readFileSync } from "node:fs";${pipelineOf(
      three,
      'tile = { ...tile, x: tile.x * Number(readFileSync(import.meta.dirname + "/factor.txt", "utf8")) };',
    )}`,
  });
  const first = await project.run();
  assert.deepEqual(read(project, first.outputs["all"], "all.json"), [8, 14, 20]);
  assert.equal((await project.run()).ends["tiles"], "cached");
  project.write({ "factor.txt": "4" });
  const second = await project.run();
  assert.deepEqual(read(project, second.outputs["all"], "all.json"), [10, 18, 26]);
});

test("an item in the place of another is built and nothing else; reasons name both", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
  await project.run();
  project.write({ "pipeline.ts": pipelineOf([{ name: "east", x: 9 }, ...three.slice(1)]) });
  const { ends, outputs, events } = await project.run();
  const built = Object.keys(ends).filter((name) => ends[name] === "built");
  assert.deepEqual(built.toSorted(), ["all", "cut-tiles-east", "each-tiles", "measure-tiles-east", "tiles"]);
  assert.deepEqual(read(project, outputs["all"], "all.json"), [20, 6, 8]);
  const reasons = events.flatMap((event) =>
    event.type === "stage-finished" && event.name === "each-tiles" ? [event.reason?.text] : [],
  );
  assert.deepEqual(reasons, ["input measure-tiles-east takes the place of measure-tiles-north"]);
});

test("a list of no items, and one of a command", async () => {
  using project = new Project({
    ...files,
    "names.ts": 'export default ({ name }) => ({ "m.json": [name] });\n',
    "empty.ts": "export default ({ measured }) => ({ 'n.json': measured.length });\n",
    "list.json": '["a b", "c/d", 7]',
    "pipeline.ts": `
import { each, pipeline, source, stage } from "pipelite";
const none = stage(() => import("./tiles.ts"), { tiles: [] });
const nothing = each(none.file("tiles.json"), (tile) => stage(() => import("./cut.ts"), { tile }));
const named = each(source("list.json"), (name) => stage(() => import("./names.ts"), { name }));
export default pipeline({
  empty: stage(() => import("./empty.ts"), { measured: nothing }),
  all: stage(() => import("./collect.ts"), { measured: named }),
  named,
});
`,
  });
  const { outputs, ends } = await project.run();
  assert.equal(read(project, outputs["empty"], "n.json"), 0);
  assert.deepEqual(read(project, outputs["all"], "all.json"), [["a b"], ["c/d"], [7]]);
  assert.deepEqual(
    Object.keys(ends)
      .filter((name) => name.startsWith("names-"))
      .toSorted(),
    ["names-named-7", "names-named-a-b", "names-named-c-d"],
  );
  // A list as a result: one link for each item.
  const folder = join(project.home, outputs["named"] ?? "");
  assert.deepEqual(readdirSync(folder).toSorted(), [".each.json", "7", "a-b", "c-d"]);
  assert.equal(readFileSync(join(folder, "c-d", "m.json"), "utf8").replaceAll(/\s/g, ""), '["c/d"]');
});

const nested = {
  ...files,
  "rows.ts": 'export default ({ tile }) => ({ "rows.json": tile.rows });\n',
  "cell.ts": 'export default ({ row, tile }) => ({ "m.json": [`${tile.name}${row}`] });\n',
  "deep.ts":
    'export default async ({ cells }) => ({ "all.json": await Promise.all(cells.map((row) => Promise.all(row.map(async (cell) => (await cell.json("m.json"))[0])))) });\n',
  "join.ts":
    'export default async ({ cells }) => ({ "m.json": [(await Promise.all(cells.map((cell) => cell.json("m.json")))).join("+")] });\n',
  "pipeline.ts": `
import { each, gate, pipeline, source, stage } from "pipelite";
const tiles = stage(() => import("./tiles.ts"), { tiles: [{ name: "a", rows: [1, 2] }, { name: "b", rows: [] }, { name: "c", rows: [3] }] });
const cellsOf = (tile) => {
  const rows = stage(() => import("./rows.ts"), { tile });
  return each(rows.file("rows.json"), (row) => stage(() => import("./cell.ts"), { row, tile }));
};
const deep = each(tiles.file("tiles.json"), cellsOf, { name: "grid" });
const flat = each(tiles.file("tiles.json"), (tile) => stage(() => import("./join.ts"), { cells: cellsOf(tile) }));
export default pipeline({
  deep: stage(() => import("./deep.ts"), { cells: deep }),
  all: stage(() => import("./collect.ts"), { measured: flat }),
});
`,
};

test(
  "lists within lists are read as lists of lists, or each is taken by a stage of its own",
  { skip: sweep() },
  async () => {
    using project = new Project(nested);
    const { outputs, ends, status } = await project.run({ jobs: 4 });
    assert.equal(status, "passed");
    assert.deepEqual(read(project, outputs["deep"], "all.json"), [["a1", "a2"], [], ["c3"]]);
    assert.deepEqual(read(project, outputs["all"], "all.json"), [["a1+a2"], [""], ["c3"]]);
    assert.ok("cell-rows-grid-a-2" in ends, Object.keys(ends).join(" "));
    assert.ok("each-rows-tiles-c" in ends && "join-tiles-b" in ends);
    // The same names, whatever ended first.
    assert.deepEqual((await project.plan()).stages.map(({ status: is }) => is).includes("build"), false);
  },
);

test("real Nix builds lists to the same paths", { skip: peer("nix-store") }, async () => {
  using embedded = new Project(nested);
  using nix = new Project(nested);
  const [one, other] = [await embedded.run(), await nix.run({ engine: "nix" })];
  assert.equal(other.status, "passed");
  assert.deepEqual(other.outputs, one.outputs);
  for (const { home } of [embedded, nix]) assertNixAccepts(home);
});

test("two thousand items are one input", { skip: sweep() }, async () => {
  const tiles = Array.from({ length: 2000 }, (_, index) => index);
  using project = new Project({
    ...files,
    "one.ts": 'export default ({ tile }) => ({ "m.json": tile });\n',
    "pipeline.ts": pipelineOf(tiles).replace(
      /const cut[^]*?scale \}\);/,
      'return stage(() => import("./one.ts"), { tile });',
    ),
  });
  const { outputs, status } = await project.run();
  assert.equal(status, "passed");
  assert.deepEqual(read(project, outputs["all"], "all.json"), tiles);
  assert.equal((await project.run({ paranoid: true })).ends["one-tiles-1999"], "cached");
});

/** The failure of a stage in a run of a pipeline with these tiles. */
async function failureWith(
  tiles: unknown,
  { lines = "", more = {} }: { lines?: string; more?: Record<string, string> } = {},
): Promise<string> {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(tiles, lines), ...more });
  const { ends, events, exitCode } = await project.run();
  assert.equal(exitCode, 1);
  assert.equal(ends["all"], "skipped");
  const failed = events.find((event) => event.type === "stage-finished" && event.status === "failed");
  assert.ok(failed?.type === "stage-finished");
  // A run that finds the list there says the same.
  const again = await project.run();
  assert.equal(again.exitCode, 1);
  const { name, failure } = failed;
  return `${name}: ${failure?.code} ${failure?.message}`;
}

test("a list that is wrong is told of by its stage and file", { skip: sweep() }, async () => {
  const start =
    "each-tiles: EACH_LIST_INVALID pipeline.ts:5:18: cannot make something for each item of tiles/tiles.json";
  assert.equal(await failureWith({ a: 1 }), `${start}: it is an object, not a list`);
  assert.equal(
    await failureWith([{ name: "a" }, { name: "b" }, { name: "a" }]),
    `${start}: its items 0 and 2 are both called "a"`,
  );
  const text = { "tiles.ts": 'export default () => ({ "tiles.json": "[1, 2" });\n' };
  assert.match(await failureWith([], { more: text }), /tiles\.json: it is no JSON: /);
  const twice = { "tiles.ts": 'export default () => ({ "tiles.json": \'[{"a":1,"a":2}]\' });\n' };
  assert.match(
    await failureWith([], { more: twice }),
    /it is no JSON: the name "a" stands twice in one object$/,
  );
  const missing = { "tiles.ts": 'export default () => ({ "squares.json": [] });\n' };
  assert.equal(
    await failureWith([], { more: missing }),
    "tiles: INPUT_FILE_MISSING pipeline.ts:5:18: stage 'tiles' made no file 'tiles.json': it made squares.json",
  );
});

test("what `each` calls is told of by its place when it fails, and must return a node", async () => {
  const thrown = await failureWith(three, { lines: 'if (tile.x === 2) throw new Error("no twos");' });
  assert.equal(
    thrown,
    "each-tiles: EACH_FAILED pipeline.ts:6:27: cannot make something for the item 'south' of tiles/tiles.json: Error: no twos",
  );
  assert.match(
    await failureWith(three, { lines: "if (tile.x === 2) return null;" }),
    /EACH_MADE_NOTHING .* the item 'south' of tiles\/tiles\.json: .* returned null$/,
  );
  const circle = pipelineOf(three)
    .replace("{ cut, scale }", "{ cut, scale, all }")
    .replace(/export default[^]*/, 'const all = stage(() => import("./collect.ts"), { measured });')
    .concat("\nexport default pipeline({ all });\n");
  const more = { "pipeline.ts": circle };
  assert.match(await failureWith(three, { more }), /EACH_CYCLE .* it needs what is made for all items/);
});

test("a failed item stops what needs it; the others go on with keepGoing, and the next run takes them", async () => {
  const cut =
    'export default ({ tile }) => { if (tile.x === 2) throw new Error("no"); return { "cut.json": { at: tile.x + 1 } }; };\n';
  using project = new Project({ ...files, "cut.ts": cut, "pipeline.ts": pipelineOf(three) });
  const { ends, exitCode } = await project.run({ keepGoing: true, jobs: 1 });
  assert.equal(exitCode, 1);
  assert.deepEqual(ends, {
    tiles: "built",
    "cut-tiles-north": "built",
    "measure-tiles-north": "built",
    "cut-tiles-south": "failed",
    "measure-tiles-south": "skipped",
    "cut-tiles-west": "built",
    "measure-tiles-west": "built",
    "each-tiles": "skipped",
    all: "skipped",
  });
  project.write({ "cut.ts": files["cut.ts"] });
  project.write({ "cut.ts": cut.replace("tile.x === 2", "tile.x === 5") });
  assert.equal((await project.run()).status, "passed");
});

test(
  "a run that is stopped while items are built says of each what became of it",
  { skip: sweep() },
  async () => {
    using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
    const stop = new AbortController();
    const { status, ends } = await project.run({
      jobs: 1,
      signal: stop.signal,
      listener: (event) => {
        if (event.type === "stage-started" && event.name === "cut-tiles-south") stop.abort();
      },
    });
    assert.equal(status, "cancelled");
    assert.equal(ends["cut-tiles-south"], "cancelled");
    assert.equal(ends["cut-tiles-west"], "cancelled");
    assert.equal(ends["all"], "skipped");
    assert.equal(Object.keys(ends).length, 9);
    assert.equal((await project.run()).status, "passed");
  },
);

test("parameters that only items get are known once the list is, and a wrong name is refused then", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
  const { outputs } = await project.run({ params: { scale: "10" } });
  assert.deepEqual(read(project, outputs["all"], "all.json"), [20, 30, 40]);
  assert.deepEqual(project.record().params, { scale: 10 });
  await assert.rejects(project.plan({ params: { scales: "1" } }), /Cannot set the parameter 'scales'/);
});

test("a stage of an item can be forced", async () => {
  using project = new Project({ ...files, "pipeline.ts": pipelineOf(three) });
  await project.run();
  const { ends } = await project.run({ force: ["measure-tiles-south"] });
  assert.deepEqual(
    Object.keys(ends).filter((name) => ends[name] === "built"),
    ["measure-tiles-south"],
  );
  const wrong = await project.run({ force: ["measure-tiles-sout"] });
  assert.equal(wrong.ends["each-tiles"], "failed");
  assert.match(JSON.stringify(wrong.events), /the pipeline has none of that name/);
});
