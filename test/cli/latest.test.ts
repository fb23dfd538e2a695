// "The latest run" is the latest of the pipeline of this folder, whatever ran last in the home.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { createRig, type Rig } from "./rig.ts";

const PIPELINE = `import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts")) });`;

let rig: Rig;
/** Folder -> its run. */
const runs = new Map<string, string>();
before(async () => {
  rig = createRig();
  for (const name of ["here", "there"]) {
    const folder = join(rig.folder, name);
    mkdirSync(join(folder, "below"), { recursive: true });
    writeFileSync(join(folder, "pipeline.ts"), PIPELINE);
    writeFileSync(join(folder, "one.ts"), `export default () => ({ "${name}.txt": "${name}" });`);
    const { code, stderr } = await rig.with({ cwd: name }, "run", "--quiet");
    assert.equal(code, EXIT.ok, stderr);
    const shown = JSON.parse((await rig.with({ cwd: name }, "show", "--json")).stdout) as { runId: string };
    runs.set(name, shown.runId);
  }
  await rig("key", "new", "anna");
});
after(() => rig[Symbol.dispose]());

const SIGNED = ["--as", "Anna", "--key", "../anna"];
const COMMANDS: readonly (readonly string[])[] = [
  ["show"],
  ["audit"],
  ["report", "--json"],
  ["sbom", "--out", "sbom"],
  ["provenance"],
  ["trace"],
  ["deviation", "list"],
  ["verify"],
  ["release"],
  ["rebuild", "--vary", "time", "--engine", "embedded", "--json"],
  ["sign", "--meaning", "review", ...SIGNED],
];

for (const words of COMMANDS) {
  test(`${words[0]} without a run, and with latest, is about the run of this folder`, async () => {
    const [own = "", other = ""] = [runs.get("here"), runs.get("there")];
    const group = words[0] === "deviation" ? words.slice(0, 2) : words.slice(0, 1);
    const named = [...group, "latest", ...words.slice(group.length)];
    for (const all of [words, named.map((word) => (word === "review" ? "approval" : word))]) {
      const { code, stdout, stderr } = await rig.with({ cwd: "here" }, ...all);
      assert.ok(code === EXIT.ok || code === EXIT.verification, stderr);
      assert.ok(`${stdout}${stderr}`.includes(own), `${stdout}${stderr}`);
      assert.ok(!`${stdout}${stderr}`.includes(other), `${stdout}${stderr}`);
    }
  });
}

test("log and diff, too, and from a folder below", async () => {
  assert.match((await rig.with({ cwd: "here/below" }, "log", "one")).stderr, /printed nothing/);
  const { stdout } = await rig.with({ cwd: "here/below" }, "diff", runs.get("here") ?? "");
  assert.equal(stdout.trim(), `${runs.get("here")} -> ${runs.get("here")}`);
  const proposed = await rig.with({ cwd: "here/below" }, "__complete", "log", "");
  assert.match(proposed.stdout, /^one\t/m);
});

test("trend without a pipeline is that of this folder, and elsewhere of the newest run", async () => {
  for (const [cwd, file] of [
    ["here", "here"],
    ["there", "there"],
    ["", "there"],
  ] as const) {
    const { stdout } = await rig.with({ cwd }, "trend", "--json");
    assert.equal((JSON.parse(stdout) as { pipeline: string }).pipeline, file);
  }
});

test("a pipeline whose folder is reached through a link is that of the folder", async () => {
  symlinkSync("here", join(rig.folder, "link"));
  const { code, stderr } = await rig("run", "link", "--no-link");
  assert.equal(code, EXIT.ok, stderr);
  assert.match(stderr, /0 built/);
});
