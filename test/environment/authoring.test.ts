// Environments as pipeline.ts has them: what is wrong is said there, and nothing is built that is not locked.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { lock } from "#app/lock.ts";
import { isPipeliteError } from "#base/errors.ts";
import { debian, environment, image, python } from "#author/environment.ts";
import { lockedEnvironment, lockKey } from "#environment/environment.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
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
  const root = debian(["gcc"]);
  refuse(
    "composed on what is none",
    () => environment({ root: {} as never }),
    /`root` must be an environment/,
  );
  refuse(
    "with what is no node",
    () => environment({ root, add: ["bin/x"] as never }),
    /must be nodes, files of nodes, or what `nodeModules` gives/,
  );
  refuse(
    "with a folder that is not absolute",
    () => environment({ root, path: ["opt"] }),
    /'opt' of its `path`/,
  );
  refuse("with two folders in one", () => environment({ root, path: ["/a:/b"] }), /'\/a:\/b' of its `path`/);
  refuse("with the PATH as a variable", () => environment({ root, env: { PATH: "/x" } }), /'PATH' can't be/);
  refuse("with a variable that Nix reads", () => environment({ root, env: { out: "x" } }), /'out' can't be/);
  refuse(
    "with a repository that is none",
    () => debian(["gcc"], { repositories: [{ name: "ours" } as never] }),
    /list of \{ name, suite, components, keys \}/,
  );
  refuse(
    "wheels on nothing",
    () => python({ requirements: "x.lock" } as never),
    /`base` must be an environment/,
  );
  refuse("with a moment that is none", () => debian(["gcc"], { snapshot: "yesterday" }), /no moment/);
});

test("an option that there is not is named, and never passed over", () => {
  const unknown = (error: unknown) => isPipeliteError(error, "OPTION_UNKNOWN");
  assert.throws(() => debian(["gcc"], { suit: "trixie" } as object), unknown);
  assert.throws(() => image("./x", { tags: "1" } as object), unknown);
  assert.throws(
    () => python({ requirements: "x", base: debian(["python3"]), version: "3.12" } as never),
    unknown,
  );
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

test("what can't be locked is said where it is asked for, with what to do, and nothing is written", async () => {
  using project = new Project({
    "pipeline.ts": `
import { command, image, out, pipeline } from "pipelite";
const good = image("./good");
const tools = image("./tools.tar");
export default pipeline({ one: command(good.tool("sh"), [out]), two: command(tools.tool("sh"), [out]) });
`,
  });
  writeLayout(join(project.root, "good"), [{ image: makeImage({ layers: [{ members: [{ name: "x" }] }] }) }]);
  const { signal } = new AbortController();
  const { root: pipeline, door: home } = project;
  const asked = { pipeline, params: {}, update: false, env: process.env, now: new Date(), signal, home };
  await assert.rejects(lock({ ...asked, say: () => {} }), (error) => {
    assert.ok(isPipeliteError(error, "IMAGE_FILE_INVALID"), String(error));
    assert.match(error.message, /^pipeline\.ts:4:\d+: Cannot use the image \.\/tools\.tar/);
    assert.match(error.hint ?? "", /docker save/);
    return true;
  });
  assert.ok(!existsSync(join(project.root, "pipelite.lock.json")), "of the good one neither");
});

describe("a lock that somebody edited is refused, with the place of what is wrong", () => {
  const { request } = debian(["gcc"]);
  const gcc = {
    name: "gcc",
    version: "4:12.2.0-3",
    architecture: "amd64",
    archive: "debian",
    path: "pool/main/g/gcc/gcc_12.2.0-3_amd64.deb",
    size: 10,
    sha256: "0".repeat(64),
  };
  const suite = {
    archive: "debian",
    suite: "bookworm",
    codename: "bookworm",
    date: "2026-01-01T00:00:00.000Z",
    release: "0".repeat(64),
    signedBy: ["A".repeat(40)],
    packages: { main: "0".repeat(64) },
  };
  const locked = { request, architecture: "amd64", resolver: 1, suites: [suite], base: 1, packages: [gcc] };
  const read = (content: unknown) => {
    using project = new Project({
      "pipelite.lock.json": JSON.stringify({ version: 1, environments: { [lockKey(request)]: content } }),
    });
    return lockedEnvironment(project.root, request);
  };
  const withPackage = (edit: object) => ({ ...locked, packages: [{ ...gcc, ...edit }] });

  test("as it was written it is taken", () => assert.deepEqual(read(locked), locked));

  for (const [what, content, words] of [
    ["nothing", null, /it is not an object/],
    ["no packages", { ...locked, packages: undefined }, /packages is missing/],
    ["no package", { ...locked, packages: [null] }, /packages\/0 is not an object/],
    ["a hash that is none", withPackage({ sha256: "zz" }), /packages\/0\/sha256 is no SHA-256/],
    ["a way up", withPackage({ path: "pool/../../etc/x.deb" }), /path is no path/],
    ["an address", withPackage({ path: "http://user:pw@host/x.deb" }), /path is no path/],
    ["half a character", withPackage({ path: "pool/\ud800.deb" }), /path is no path/],
    ["an archive of nobody", withPackage({ archive: "http://user@host" }), /is no archive of its request/],
    [
      "a fingerprint that is none",
      { ...locked, suites: [{ ...suite, signedBy: ["me"] }] },
      /is no fingerprint/,
    ],
    ["a date that is none", { ...locked, suites: [{ ...suite, date: 5 }] }, /date is no time/],
    ["what another request got", { ...locked, request: { ...request, packages: ["sl"] } }, /another request/],
  ] as const)
    test(what, () =>
      assert.throws(
        () => read(content),
        (error) => isPipeliteError(error, "LOCK_FILE_INVALID") && words.test(error.message),
      ),
    );
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
