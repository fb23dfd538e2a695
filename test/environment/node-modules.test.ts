// A node_modules that is an input: what npm's lock says, fetched and unpacked by us, for stages of both engines. Hostile archives
// and locks are refused.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { documents } from "#app/documents.ts";
import { environment, nodeModules } from "#author/environment.ts";
import { isPipeliteError } from "#base/errors.ts";
import { auditRun } from "#evidence/audit.ts";
import install from "#environment/npm/npm-install.ts";
import { packagesOfLock } from "#environment/npm/package-lock.ts";
import { writeNixPublicKey } from "#nix/signature.ts";
import { errorOf } from "#run/stage-error.ts";
import { openStore } from "#store/store.ts";
import { KEY, pushTo } from "../cache/rig.ts";
import { integrityOf, npmArchive, writeNpmCache } from "../rig/npm.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { writeTar, type TarMember } from "../rig/tar.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-npm-"));
after(() => rmSync(folder, { recursive: true }));

const is =
  (code: string, words = /./) =>
  (error: unknown) => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /127\.0\.0\.1/);
    return true;
  };

const script = { scripts: { install: "touch /tmp/pipelite-npm-was-run; exit 1", postinstall: "exit 1" } };
const archives: Readonly<Record<string, Buffer>> = {
  "/only-import/-/only-import-1.0.0.tgz": npmArchive(
    {
      name: "only-import",
      version: "1.0.0",
      type: "module",
      exports: { ".": { import: "./i.js" }, "./data": { import: "./data.js" } },
      ...script,
    },
    {
      "i.js": 'import low from "low"; export const high = () => `high on ${low}`; export default "default";',
      "data.js": `import { readFileSync } from "node:fs";
export const data = readFileSync(new URL("data.txt", import.meta.url), "utf8");`,
      "data.txt": "beside its code",
    },
  ),
  "/low/-/low-2.0.0.tgz": npmArchive(
    { name: "low", version: "2.0.0" },
    { "index.js": 'module.exports = "low 2";' },
  ),
  "/low/-/low-1.0.0.tgz": npmArchive(
    { name: "low", version: "1.0.0" },
    { "index.js": 'module.exports = "low 1";' },
  ),
  "/@a/both/-/both-1.0.0.tgz": npmArchive(
    {
      name: "@a/both",
      version: "1.0.0",
      bin: { both: "b.sh" },
      exports: { ".": { import: "./i.mjs", require: "./r.cjs" } },
    },
    {
      "i.mjs": 'export const how = "imported";',
      "r.cjs": 'exports.how = "required"; exports.low = require("low");',
      "b.sh": "#!/bin/sh\r\necho hi\r\n",
    },
  ),
};

function locked(path: string, more: object = {}): object {
  const [, version = ""] = /-(\d+\.\d+\.\d+)\.tgz$/.exec(path) ?? [];
  return { version, integrity: integrityOf(archives[path] ?? Buffer.alloc(0)), ...more };
}

const PACKAGES: Readonly<Record<string, object>> = {
  "": { name: "mine", version: "1.0.0" },
  "node_modules/only-import": locked("/only-import/-/only-import-1.0.0.tgz", { hasInstallScript: true }),
  "node_modules/low": locked("/low/-/low-2.0.0.tgz"),
  "node_modules/alias": locked("/@a/both/-/both-1.0.0.tgz", { name: "@a/both" }),
  "node_modules/alias/node_modules/low": locked("/low/-/low-1.0.0.tgz"),
  "node_modules/only-windows": {
    version: "1.0.0",
    integrity: integrityOf(Buffer.from("x")),
    optional: true,
    os: ["win32"],
  },
  "node_modules/only-musl": {
    version: "1.0.0",
    integrity: integrityOf(Buffer.from("x")),
    optional: true,
    libc: ["musl"],
  },
  "node_modules/a-tool": { version: "1.0.0", integrity: integrityOf(Buffer.from("x")), dev: true },
};
const lockOf = (packages: object = PACKAGES) => JSON.stringify({ lockfileVersion: 3, packages });

let asked: string[] = [];
let isWrong = false;
const server = createServer((request, response) => {
  const url = decodeURIComponent(request.url ?? "");
  asked.push(url);
  const bytes = archives[url];
  if (bytes === undefined) response.statusCode = 404;
  response.end(isWrong ? "other bytes" : bytes);
});
let env: NodeJS.ProcessEnv = {};
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = { ...process.env, npm_config_cache: join(folder, "no-cache"), npm_config_registry: address };
});
after(() => server.close());

const FILES = {
  "native/package-lock.json": lockOf(),
  "pipeline.ts": `
import { nodeModules, pipeline, stage } from "pipelite";
const modules = nodeModules({ lock: "native/package-lock.json" });
export default pipeline({ one: stage(() => import("./one.ts"), {}, { environment: modules }) });
`,
  // Which words a default import stands for must not hang on this.
  "package.json": '{ "type": "module" }',
  "one.ts": `
import name, { high } from "only-import";
import { data } from "only-import/data";
import { how } from "alias";
import { createRequire } from "node:module";
import low from "low";
export default async () => {
  const required = createRequire(import.meta.url)("alias");
  const late = await import("only-import");
  return { "one.json": [name, high(), data, how, required.how, required.low, low, late.high === high] };
};
`,
};
const SAID = ["default", "high on low 2", "beside its code", "imported", "required", "low 1", "low 2", true];

function said({ home }: Project, path: string | undefined): unknown {
  return JSON.parse(readFileSync(join(home, path ?? "", "one.json"), "utf8"));
}

describe("a stage with a node_modules", () => {
  test("imports from it what is nowhere else, each version where it belongs; no script of it was run", async () => {
    using project = new Project(FILES);
    const { outputs, exitCode, events } = await project.run({ env });
    const failures = events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure ?? []) : [],
    );
    assert.equal(exitCode, 0, JSON.stringify(failures));
    assert.deepEqual(said(project, outputs["one"]), SAID);
    assert.deepEqual(asked.toSorted(), Object.keys(archives).toSorted());
    const modules = join(project.home, outputs["node-modules-native"] ?? "", "node_modules");
    assert.equal(existsSync(join(modules, "only-windows")), false);
    assert.equal(readFileSync(join(modules, "alias/b.sh"), "latin1").split("\n")[0], "#!/bin/sh");
    assert.equal(statSync(join(modules, "alias/b.sh")).mode & 0o777, 0o555);
    assert.equal(existsSync("/tmp/pipelite-npm-was-run"), false);
    assert.doesNotMatch(JSON.stringify(project.record()), /127\.0\.0\.1/);
    // What is in the store is not asked for again, and stays while the lock is there.
    asked = [];
    await project.run({ env, force: ["one"] });
    assert.deepEqual(asked, []);
    const { "node_modules/low": _, "node_modules/only-import": __, ...fewer } = PACKAGES;
    project.write({ "native/package-lock.json": lockOf(fewer) });
    await assert.rejects(project.run({ env }), is("STAGE_BUNDLE_FAILED", /only-import/));
  });

  test("real Nix makes the same paths", { skip: peer("nix-daemon", "nix-store") }, async () => {
    using embedded = new Project(FILES);
    const own = await embedded.run({ env });
    using project = new Project(FILES);
    const ran = await project.run({ env, engine: "nix" });
    assert.equal(ran.exitCode, 0, JSON.stringify(ran.ends));
    assert.deepEqual(ran.outputs, own.outputs);
  });

  test("a registry that has other bytes, or no such package", async () => {
    using project = new Project(FILES);
    isWrong = true;
    const wrong = await project.run({ env });
    isWrong = false;
    const failures = (events: typeof wrong.events) =>
      events.flatMap((event) => (event.type === "stage-finished" ? (event.failure?.code ?? []) : []));
    assert.deepEqual([wrong.exitCode, failures(wrong.events)], [3, ["FILE_HASH_DIFFERS"]]);
    const gone = {
      ...PACKAGES,
      "node_modules/gone": { version: "1.0.0", integrity: integrityOf(Buffer.from("x")) },
    };
    project.write({ "native/package-lock.json": lockOf(gone) });
    const ran = await project.run({ env });
    assert.deepEqual([ran.exitCode, failures(ran.events)], [1, ["NPM_PACKAGE_UNAVAILABLE"]]);
  });

  test("npm's own cache is looked at first", async () => {
    using project = new Project(FILES);
    const cache = join(folder, "cache");
    writeNpmCache(cache, Object.values(archives));
    asked = [];
    const { outputs } = await project.run({ env: { ...env, npm_config_cache: cache } });
    assert.deepEqual([said(project, outputs["one"]), asked], [SAID, []]);
  });

  test(
    "files that two of them share are on the disk once, also where both come from a cache",
    { skip: sweep() },
    async () => {
      const { "node_modules/alias": _, ...fewer } = PACKAGES;
      delete (fewer as Record<string, object>)["node_modules/alias/node_modules/low"];
      const both = {
        ...FILES,
        "fewer/package-lock.json": lockOf(fewer),
        "pipeline.ts": FILES["pipeline.ts"].replace(
          "{ one:",
          `{ two: stage(() => import("./two.ts"), {}, { environment: nodeModules({ lock: "fewer/package-lock.json" }) }), one:`,
        ),
        "two.ts": 'import low from "low"; export default () => ({ "low.txt": low });',
      };
      using project = new Project(both);
      const own = await project.run({ env });
      const cache = join(folder, "binary-cache");
      {
        using store = openStore(project.home);
        await pushTo(store, cache, store.validPaths(), { key: KEY, compression: "none" });
      }
      using other = new Project(both);
      const trustedKeys = [writeNixPublicKey(KEY.publicKey)];
      const taken = await other.run({ env, caches: { caches: [cache], trustedKeys, cwd: "/", env: {} } });
      assert.deepEqual(new Set(Object.values(taken.ends)), new Set(["substituted"]));
      assert.deepEqual(taken.outputs, own.outputs);
      // The archives did not come along: what would be built from them can't be looked at, and is said to be unavailable.
      const run = other.door.runs.read(taken.runId);
      const { status, integrity } = await auditRun(other.door, run, { documents, rebuild: false });
      assert.notEqual(status, "fails", JSON.stringify(integrity.filter((each) => each.status === "fails")));
      for (const { home, door } of [project, other]) {
        const numberOf = (name: string) =>
          statSync(door.physical(`${own.outputs[name]}/node_modules/only-import/data.js`)).ino;
        assert.equal(numberOf("node-modules-native"), numberOf("node-modules-fewer"), home);
      }
    },
  );

  test("locked files come from a cache, where one has them: no mirror or registry is asked", async () => {
    using project = new Project(FILES);
    const own = await project.run({ env });
    const cache = join(folder, "cache-of-files");
    {
      using store = openStore(project.home);
      const files = store.validPaths().filter((path) => path.endsWith(".tgz"));
      assert.equal(files.length, Object.keys(archives).length);
      await pushTo(store, cache, files, { compression: "none" });
    }
    using other = new Project(FILES);
    asked = [];
    const caches = { caches: [cache], trustedKeys: [], cwd: "/", env: {} };
    const ran = await other.run({ env, caches });
    assert.deepEqual(new Set(Object.values(ran.ends)), new Set(["built"]));
    assert.deepEqual([ran.outputs, asked], [own.outputs, []]);
  });

  test("is for stages, and no root", () => {
    const modules = nodeModules({ lock: "package-lock.json" });
    assert.throws(() => modules.tool("tsc"), is("ENVIRONMENT_INVALID", /for stages/));
    assert.throws(() => environment({ root: modules }), is("ENVIRONMENT_INVALID", /no root file system/));
    assert.throws(() => nodeModules({ lock: "" }), is("ENVIRONMENT_INVALID", /it needs a `lock`/));
  });
});

describe("locks that are refused", () => {
  const one = (entry: object, place = "node_modules/a") => lockOf({ [place]: entry });
  const right = { version: "1.0.0", integrity: integrityOf(Buffer.from("x")) };
  for (const [what, text, words] of [
    ["none of npm 7", '{ "lockfileVersion": 1, "dependencies": {} }', /no `packages`/],
    ["no JSON", "{", /./],
    ["with nothing to install", lockOf({ "": {} }), /no package to install/],
    [
      "a package without integrity",
      one({ version: "1.0.0" }),
      /'node_modules\/a' has no integrity of SHA-512/,
    ],
    [
      "with SHA-1 alone",
      one({ version: "1.0.0", integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }),
      /SHA-512/,
    ],
    ["a link", one({ link: true, resolved: "packages/a" }), /is a link/],
    ["a repository", one({ ...right, version: "git+ssh://git@example.com/a.git#1" }), /of no version/],
    ["a package for another machine", one({ ...right, cpu: ["ppc64"] }), /not for this machine/],
    ["a place outside", one(right, "node_modules/../../etc"), /malformed/],
    ["a place above", one(right, "../node_modules/a"), /malformed/],
    ["a name that leads out", one({ ...right, name: "../../x" }), /a name that is none/],
  ] as const)
    test(what, () => {
      writeFileSync(join(folder, "package-lock.json"), text);
      assert.throws(() => packagesOfLock(folder, "package-lock.json"), is("PACKAGE_LOCK_INVALID", words));
    });
  test("one that is not there", () => {
    assert.throws(() => packagesOfLock(folder, "none.json"), is("PACKAGE_LOCK_INVALID", /none\.json/));
  });
});

describe("archives that are refused", () => {
  const manifest: TarMember = { name: "package/package.json", content: "{}" };
  function unpack(bytes: Uint8Array): string {
    const out = mkdtempSync(join(folder, "out-"));
    const path = join(out, "archive.tgz");
    writeFileSync(path, bytes);
    install({ archives: [{ path } as never], places: ["node_modules/a"] }, { out } as Parameters<
      typeof install
    >[1]);
    return out;
  }
  const failure = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      const line = `Error: ${(error as Error).message}`;
      const told = errorOf({ name: "modules", kind: "environment" }, { error: error as never }, [line]);
      assert.ok(isPipeliteError(told, "NPM_PACKAGE_REFUSED"), String(told));
      return told.message;
    }
    return "nothing was refused";
  };
  for (const [what, members, words] of [
    ["a name that leads out", [{ name: "package/../../../evil" }], /leads out/],
    ["an absolute name", [{ name: "/etc/evil" }], /leads out/],
    ["a link", [{ name: "package/l", type: "2", target: "/etc" }], /neither a file nor a folder/],
    ["a hard link", [{ name: "package/l", type: "1", target: "package/package.json" }], /neither a file/],
    ["a device", [{ name: "package/d", type: "3", device: [1, 3] }], /neither a file/],
    ["a pipe", [{ name: "package/p", type: "6" }], /neither a file/],
    ["a file beside the folder", [{ name: "evil" }], /is in no folder/],
    ["a file below a file", [{ name: "package/a", content: "x" }, { name: "package/a/b" }], /EEXIST|ENOTDIR/],
    [
      "a folder's name for a file",
      [{ name: "package/a/b" }, { name: "package/a", type: "0" }],
      /EEXIST|EISDIR/,
    ],
    [
      "a file twice",
      [
        { name: "package/a", content: "x" },
        { name: "package/a", content: "y" },
      ],
      /twice/,
    ],
    ["a size of its own", [{ name: "package/a", content: "x", size: 10_000 }], /cut off/],
    [
      "a size in pax that is not that of the header",
      [{ name: "package/a", content: "x", pax: { size: "99999" } }],
      /cut off/,
    ],
    ["a name in pax that leads out", [{ name: "package/a", pax: { path: "../x" } }], /leads out/],
    [
      "a name that is too long",
      [{ name: "package/a", pax: { path: `package/${"n".repeat(300)}` } }],
      /ENAMETOOLONG/,
    ],
  ] as const satisfies readonly (readonly [string, readonly TarMember[], RegExp])[])
    test(what, () => {
      assert.match(
        failure(() => unpack(gzipSync(writeTar([manifest, ...members])))),
        words,
      );
    });
  test("one that is no archive, and one that is cut off", () => {
    assert.match(
      failure(() => unpack(Buffer.from("no gzip"))),
      /header/,
    );
    assert.match(
      failure(() => unpack(gzipSync(writeTar([manifest])).subarray(0, 40))),
      /end of file/,
    );
  });
  test("one without a package.json", () => {
    assert.match(
      failure(() => unpack(gzipSync(writeTar([{ name: "package/a" }])))),
      /no package\.json/,
    );
  });
  test("one that grows without end", { skip: sweep() }, () => {
    const part = gzipSync(Buffer.alloc(2 ** 26));
    assert.match(
      failure(() => unpack(Buffer.concat(Array.from({ length: 17 }, () => part)))),
      /larger than/,
    );
  });
  test("programs that its manifest names outside of it stay as they are", () => {
    const bin = { name: "a", bin: { x: "../../../x", y: "/etc/passwd" }, directories: { bin: "../.." } };
    assert.doesNotThrow(() => unpack(gzipSync(writeTar([{ ...manifest, content: JSON.stringify(bin) }]))));
  });
});
