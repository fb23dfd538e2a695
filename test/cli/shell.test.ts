// What `pipelite shell` and `run --debug` refuse, and the folder of a stage that failed: all of it without an environment. What
// needs one is in test/environment/shell.test.ts.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRig, type Rig } from "./rig.ts";

let rig: Rig;
before(() => {
  rig = createRig();
  writeFileSync(
    join(rig.folder, "fails.ts"),
    `import { writeFileSync } from "node:fs";
export default function fails(): never { writeFileSync("partial.txt", "half"); throw new Error("no"); }\n`,
  );
});
after(() => rig[Symbol.dispose]());

function pipeline(...lines: string[]): void {
  const head =
    'import { debian, pipeline, stage } from "pipelite";\nconst fails = stage(() => import("./fails.ts"));\n';
  writeFileSync(join(rig.folder, "pipeline.ts"), `${head}${lines.join("\n")}\n`);
}

async function refusal(
  ...words: string[]
): Promise<{ code: string; message: string; hint: string; exit: number }> {
  const { stdout, code } = await rig(words[0] ?? "", "--json", ...words.slice(1));
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
  return { ...error, exit: code };
}

test("a pipeline without an environment, and a stage without one, have no prompt", async () => {
  pipeline("export default pipeline({ fails });");
  const unnamed = await refusal("shell");
  assert.deepEqual([unnamed.code, unnamed.exit], ["ENVIRONMENT_UNNAMED", 2]);
  assert.match(unnamed.hint, /There is no environment in .*pipeline\.ts/);
  const without = await refusal("shell", "fails");
  assert.deepEqual([without.code, without.exit], ["STAGE_WITHOUT_ENVIRONMENT", 2]);
  assert.match(without.message, /^pipeline\.ts:2:\d+|pipeline\.ts:2/);
});

test("of several environments one must be named, and it must be locked", async () => {
  pipeline(
    'const one = debian(["gcc"]);',
    'const two = debian(["jq"]);',
    'export default pipeline({ fails, one: stage(() => import("./fails.ts"), {}, { environment: one, name: "one" }),',
    '  two: stage(() => import("./fails.ts"), {}, { environment: two, name: "two" }) });',
  );
  const unnamed = await refusal("shell", "--");
  assert.equal(unnamed.code, "ENVIRONMENT_UNNAMED");
  assert.match(unnamed.hint, /bookworm-gcc, bookworm-jq/);
  assert.equal((await refusal("shell", "twoo")).hint, "Did you mean two?");
  assert.equal((await refusal("shell", "two", "--", "jq")).code, "ENVIRONMENT_NOT_LOCKED");
  assert.equal((await refusal("shell", ".", "two", "one")).code, "ARGUMENT_UNEXPECTED");
});

test("the folder of a stage that failed is kept where it is asked for, and goes with a collection", async () => {
  pipeline("export default pipeline({ fails });");
  const plain = await rig("run");
  assert.equal(plain.code, 1);
  assert.doesNotMatch(plain.stderr, /was built in/);
  const { code, stderr } = await rig("run", "--debug", "fails");
  assert.equal(code, 1);
  const folder = /'fails' was built in (\S+),/.exec(stderr)?.[1] ?? "";
  assert.equal(readFileSync(join(folder, "partial.txt"), "utf8"), "half");
  assert.equal((await rig("store", "gc", "--dry-run")).code, 0);
  assert.ok(existsSync(folder));
  assert.equal((await rig("store", "gc")).code, 0);
  assert.ok(!existsSync(folder));
});

test("a stage that there is not can't be debugged, nor one that Nix builds", async () => {
  pipeline("export default pipeline({ fails });");
  assert.equal((await refusal("run", "--debug", "fials")).hint, "Did you mean fails?");
  const nix = await refusal("run", "--debug", "fails", "--engine", "nix");
  assert.deepEqual([nix.code, nix.exit], ["DEBUG_WITH_NIX", 2]);
});
