// Environments as pipeline.ts has them: what is wrong is said there, and nothing is built that is not locked.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { debian } from "#author/environment.ts";
import { lockKey } from "#environment/environment.ts";
import { Project } from "../rig/project.ts";

describe("an environment is refused where it is written", () => {
  const refuse = (name: string, make: () => unknown, words: RegExp): void =>
    void test(name, () =>
      assert.throws(
        make,
        (error) => isPipeliteError(error, "ENVIRONMENT_INVALID") && words.test(error.message),
      ),
    );
  refuse("without packages", () => debian([]), /list of packages/);
  refuse("with a package that is not a name", () => debian(["python3; rm"]), /'python3; rm' is not the name/);
  refuse(
    "with a suite that leads elsewhere",
    () => debian(["gcc"], { suite: "../x" }),
    /not the name of a suite/,
  );
  refuse("with a moment that is none", () => debian(["gcc"], { snapshot: "yesterday" }), /no moment/);
});

test("what is asked for is the same in any order, and another suite is another", () => {
  const key = (...args: Parameters<typeof debian>) => lockKey(debian(...args).request);
  assert.equal(key(["gcc", "make"]), key(["make", "gcc", "make"]));
  assert.notEqual(key(["gcc"]), key(["gcc"], { suite: "trixie" }));
  assert.notEqual(key(["gcc"]), key(["gcc"], { snapshot: "20260101T000000Z" }));
});

test("a run chooses nothing: an environment that is not locked names the command", async () => {
  using project = new Project({
    "pipeline.ts": `
import { command, debian, out, pipeline } from "pipelite";
export default pipeline({ one: command(debian(["gcc"]).tool("gcc"), ["-o", out]) });
`,
  });
  await assert.rejects(project.run(), (error) => {
    assert.ok(isPipeliteError(error, "ENVIRONMENT_NOT_LOCKED"), String(error));
    assert.match(error.message, /pipeline\.ts:3.*bookworm-gcc/);
    assert.match(error.hint ?? "", /pipelite lock/);
    return true;
  });
  assert.ok(!existsSync(join(project.root, "pipelite.lock.json")));
});

test("a command runs in one environment", async () => {
  using project = new Project({
    "pipeline.ts": `
import { command, debian, out, pipeline } from "pipelite";
const c = debian(["gcc"]);
export default pipeline({ one: command(c.tool("gcc"), ["-o", out], { environment: debian(["make"]) }) });
`,
  });
  await assert.rejects(project.run(), (error) => isPipeliteError(error, "ENVIRONMENTS_MIXED"));
});
