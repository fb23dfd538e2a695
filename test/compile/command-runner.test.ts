// What stands in front of a command in the sandbox: what it says of a program that can't be started.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-runner-"));
after(() => removeTree(folder));

const RUNNER = join(import.meta.dirname, "../../src/compile/command-runner.ts");
const START = `import run from ${JSON.stringify(RUNNER)};
run({ made: false, files: [] }, { out: "${folder}/out", temp: "${folder}" });`;

test("a program that the environment has not is named with its PATH, and one by a path with what is wrong", () => {
  const start = (program: string) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", START, "runner", program], {
      encoding: "utf8",
      env: { ...process.env, PATH: "/usr/nowhere:/nowhere" },
    });
  const absent = start("nosuchprog");
  assert.equal(absent.status, 1);
  assert.match(
    absent.stderr,
    /there is no program 'nosuchprog' in the folders of its PATH, \/usr\/nowhere:\/nowhere/,
  );
  assert.match(start("/usr/nosuchprog").stderr, /cannot start \/usr\/nosuchprog: .*ENOENT/);
});
