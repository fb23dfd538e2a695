// What is for another kind of machine is said to be, wherever it is met: asked for in pipeline.ts, in a lock file, in an image.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { debian, environment, image, nixpkgs, nodeModules, python } from "#author/environment.ts";
import { lock } from "#app/lock.ts";
import { isPipeliteError } from "#base/errors.ts";
import { lockKey } from "#environment/environment.ts";
import { makeImage, THIS_MACHINE, writeLayout } from "../rig/image.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const OTHER_MACHINE = THIS_MACHINE === "amd64" ? "arm64" : "amd64";

describe("an environment for a machine of choice is refused where it is written", () => {
  const base = debian(["python3"]);
  const asking = { architecture: "arm64" } as object;
  for (const [name, make] of [
    ["packages", () => debian(["jq"], asking)],
    ["a package by its name", () => debian(["jq:arm64"])],
    ["an image", () => image("./tools.tar", { platform: "linux/arm64" } as object)],
    ["wheels", () => python({ requirements: "requirements.lock", base, ...asking })],
    ["nixpkgs", () => nixpkgs("jq", { system: "aarch64-linux" } as object)],
    ["node_modules", () => nodeModules({ lock: "package-lock.json", ...asking })],
    ["a composed one", () => environment({ root: base, ...asking })],
  ] as const)
    test(name, () =>
      assert.throws(make, (error) => {
        assert.ok(isPipeliteError(error, "ENVIRONMENT_OF_OTHER_MACHINE"), String(error));
        assert.match(error.message, /other-machine\.test\.ts:\d+/);
        assert.match(error.hint ?? "", /on such a machine/);
        return true;
      }),
    );
});

const PIPELINE = (tool: string) => `
import { command, debian, image, out, pipeline } from "pipelite";
export default pipeline({ one: command(${tool}, [out]) });
`;

test("what is locked on another machine alone is not locked here, and that is said", async () => {
  using project = new Project({ "pipeline.ts": PIPELINE('debian(["gcc"]).tool("gcc")') });
  const key = lockKey(debian(["gcc"]).request, OTHER_MACHINE);
  project.write({ "pipelite.lock.json": JSON.stringify({ version: 1, environments: { [key]: {} } }) });
  await assert.rejects(project.run(), (error) => {
    assert.ok(isPipeliteError(error, "ENVIRONMENT_NOT_LOCKED"), String(error));
    assert.match(
      error.message,
      new RegExp(`made of on ${OTHER_MACHINE}, and this machine is ${THIS_MACHINE}`),
    );
    return true;
  });
});

test("an image whose programs are not of the machine that it says", { skip: sweep() }, async () => {
  using project = new Project({ "pipeline.ts": PIPELINE('image("./wrong").tool("gcc")') });
  const program = readFileSync(process.execPath).subarray(0, 4096);
  const MACHINE_AT = 18;
  const NO_MACHINE = 0x0f0f;
  program.writeUInt16LE(NO_MACHINE, MACHINE_AT);
  const members = [{ name: "bin/" }, { name: "bin/gcc", content: program, mode: 0o755 }];
  writeLayout(join(project.root, "wrong"), [{ image: makeImage({ layers: [{ members }] }) }]);
  const { signal } = new AbortController();
  const { root: pipeline, door: home } = project;
  const asked = { pipeline, params: {}, update: false, env: process.env, now: new Date(), signal, home };
  await lock({ ...asked, say: () => {} });
  const { events } = await project.run();
  const failures = events.flatMap((event) =>
    event.type === "stage-finished" && event.failure !== undefined ? [event.failure] : [],
  );
  assert.deepEqual(
    failures.map(({ code }) => code),
    ["ENVIRONMENT_PROGRAM_FOREIGN"],
    JSON.stringify(failures),
  );
  assert.match(failures[0]?.message ?? "", /no program of this machine/);
});
