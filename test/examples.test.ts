// The small examples do what the documents that show them say.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { pipelite, start } from "./rig/command.ts";
import { peer, sweep } from "./rig/peer.ts";
import { warm } from "./rig/warm-home.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "pipelite-examples-"));
warm(join(folder, "home"));
after(() => removeTree(folder));

function run(name: string, ...more: string[]) {
  const places = ["--store", join(folder, "home"), "--out", join(folder, name)];
  const words = ["run", join(root, "examples", name), ...places, ...more];
  return name === "hello" ? start(words).ended : pipelite(words);
}

function read(...path: string[]): string {
  return readFileSync(join(...path), "utf8");
}

test("hello: a stage of TypeScript and a program behind it", async () => {
  const { code, stderr } = await run("hello", "--param", "whom=reader");
  assert.equal(code, 0, stderr);
  assert.match(read(folder, "hello/names/names.txt"), /^hello, reader\n/);
  assert.equal(read(folder, "hello/sorted"), "and hello, Monster\nhello, reader\n");
});

test("measure: the fit is checked and drawn; behind a stricter limit the gate stays shut", async () => {
  const good = await run("measure");
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stderr, /checks {2}1 passed/);
  assert.match(read(folder, "measure/picture/calibration.svg"), /<circle /);
  const audit = await pipelite(["audit", "--store", join(folder, "home")]);
  assert.equal(audit.code, 0, audit.stderr);
  const strict = await run("measure", "--param", "limit=0.001");
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /skipped picture/);
});

test(
  "commands: a script of the shell, a program between files, a script of the source tree",
  { skip: peer("bash") },
  async () => {
    const { code, stderr } = await run("commands", "--param", "top=1");
    assert.equal(code, 0, stderr);
    assert.match(read(folder, "commands/pages"), /^ *4 \/\n *3 \/docs\n/);
    assert.match(read(folder, "commands/report/report.md"), /The 1 pages[^]*\| 4 \| `\/` \|\n$/);
  },
);

test(
  "tiles: a stage for each tile, as many as the image has, and the audit reads the list again",
  { skip: sweep() },
  async () => {
    const { code, stderr } = await run("tiles", "--param", "side=5");
    assert.equal(code, 0, stderr);
    assert.equal(read(folder, "tiles/map/means.txt"), "0-0 92\n5-0 166.76\n0-5 190.933\n5-5 71.133\n");
    assert.match(stderr, /each-tiles: one for each of 4 items of tiles\/tiles\.json, 4 new stages/);
    const audit = await pipelite(["audit", "--store", join(folder, "home")]);
    assert.equal(audit.code, 0, audit.stderr);
  },
);

test("the README and the guide show these files as they are", () => {
  const shown = [
    ["README.md", "measure/pipeline.ts"],
    ["README.md", "measure/stages/fit.ts"],
    ["docs/authoring.md", "hello/pipeline.ts"],
    ["docs/authoring.md", "hello/stages/names.ts"],
    ["docs/authoring.md", "tiles/pipeline.ts"],
    ["docs/authoring.md", "tiles/stages/map.ts"],
    ["docs/commands.md", "commands/pipeline.ts"],
    ["docs/commands.md", "commands/report.sh"],
  ] as const;
  for (const [document, file] of shown)
    assert.ok(read(root, document).includes(read(root, "examples", file)), `${document} shows ${file}`);
});
