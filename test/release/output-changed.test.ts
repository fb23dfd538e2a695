// What is released was hashed when it was sealed: an audit may be hours old by the time that a person has touched a token.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRig, type Rig } from "../cli/rig.ts";

const rig: Rig = createRig();
after(() => rig[Symbol.dispose]());
const file = (name: string) => join(rig.folder, name);

let output: string;
before(async () => {
  writeFileSync(
    file("pipeline.ts"),
    `import { pipeline, stage } from "pipelite";
export default pipeline({ says: stage(() => import("./says.ts"), {}) });\n`,
  );
  writeFileSync(file("says.ts"), 'export default () => ({ "a.json": 1 });\n');
  writeFileSync(
    file("sign.js"),
    `const { createSign } = require("node:crypto");
const fs = require("node:fs");
const [output, text, key] = process.argv.slice(2);
fs.chmodSync(output, 0o644);
fs.writeFileSync(output, text);
process.stdout.write(createSign("sha256").update(fs.readFileSync(0)).sign(fs.readFileSync(key, "utf8")));\n`,
  );
  for (const words of [
    ["run", "--quiet"],
    ["key", "new", "anna.key"],
    ["key", "new", "bert.key"],
    ["sign", "latest", "--meaning", "review", "--as", "Anna Meier", "--key", "anna.key"],
    ["sign", "latest", "--meaning", "approval", "--as", "Bert Kunz", "--key", "bert.key"],
    ["key", "new", "carla.key"],
    ["audit", "latest"],
  ])
    assert.equal((await rig(...words)).code, 0, words.join(" "));
  output = join(rig.folder, "result/says/a.json");
});

for (const audit of ["fresh", "stored"])
  test(`an output that is changed while its release is signed is not released (${audit} audit)`, async () => {
    writeFileSync(file("policy.json"), JSON.stringify({ schema: 1, audit }));
    const was = readFileSync(output, "utf8");
    const signing = `"${process.execPath}" "${file("sign.js")}" "${output}" 2 "${file("carla.key")}"`;
    const key = ["--key", `command:${signing}`, "--public-key", "carla.key.pub"];
    const words = ["release", "latest", "--policy", "policy.json", "--as", "Carla Voss", ...key];
    const { code, stdout } = await rig(...words, "--json");
    assert.match(stdout, /"code": ?"OUTPUT_CHANGED"/);
    assert.match(stdout, /Cannot release the run .*: an output is not what the run made: .*-says/);
    assert.equal(code, 3);
    assert.equal(readFileSync(output, "utf8"), "2");
    const { runId } = JSON.parse((await rig("show", "--json")).stdout) as { runId: string };
    assert.equal(existsSync(join(rig.home, `pipelite/releases/${runId}.sigstore.json`)), false);
    writeFileSync(output, was);
    chmodSync(output, 0o444);
  });

test("an output that is as it was again is released", async () => {
  const { code, stderr } = await rig(
    "release",
    "latest",
    "--policy",
    "policy.json",
    "--as",
    "Carla Voss",
    "--key",
    "carla.key",
  );
  assert.equal(code, 0, stderr);
});
