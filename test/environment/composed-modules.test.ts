// A node_modules in an environment that has more: a stage has the programs and files of a root and imports from npm's lock, by both
// engines, and the bill of materials has the packages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lock } from "#app/lock.ts";
import { sbom } from "#app/sbom.ts";
import { environment, image, nodeModules } from "#author/environment.ts";
import { isPipeliteError } from "#base/errors.ts";
import { readBom } from "#sbom/read.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { integrityOf, npmArchive, writeNpmCache } from "../rig/npm.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const low = npmArchive(
  { name: "low", version: "1.0.0", license: "MIT" },
  { "index.js": 'module.exports = "low 1";' },
);
const scoped = npmArchive(
  { name: "@a/high", version: "2.0.0", type: "module", exports: "./i.js" },
  { "i.js": 'import low from "low"; export const high = `high on ${low}`;' },
);
const PACKAGES = {
  "node_modules/low": { version: "1.0.0", integrity: integrityOf(low) },
  "node_modules/@a/high": { version: "2.0.0", integrity: integrityOf(scoped) },
};

const FILES = {
  "native/package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: PACKAGES }),
  "pipeline.ts": `
import { environment, image, nodeModules, pipeline, source, stage } from "pipelite";
const modules = nodeModules({ lock: "native/package-lock.json" });
const both = environment({ root: image("./base"), add: [modules, source("more")], env: { WORD: "word" } });
const nested = environment({ root: both, add: [source("extra")] });
export default pipeline({
  one: stage(() => import("./one.ts"), {}, { environment: both }),
  two: stage(() => import("./one.ts"), {}, { environment: nested, name: "two" }),
});
`,
  "one.ts": `
import { existsSync, readFileSync } from "node:fs";
import { high } from "@a/high";
export default () => ({
  "one.json": [
    high,
    readFileSync("/usr/share/words", "utf8"),
    readFileSync("/etc/more", "utf8"),
    JSON.parse(readFileSync("/node_modules/low/package.json", "utf8")).version,
    process.env.WORD,
    existsSync("/etc/extra"),
  ],
});
`,
  "more/etc/more": "more",
  "extra/etc/extra": "extra",
};

describe("a node_modules in a root", () => {
  const projects: Project[] = [];
  after(() => projects.forEach((project) => project[Symbol.dispose]()));

  async function start(files: Readonly<Record<string, string>>, inRoot: string[] = []) {
    const project = new Project(files);
    projects.push(project);
    const members = ["usr/share/words", "etc/passwd", ...inRoot].map((name) => ({ name, content: "words" }));
    writeLayout(join(project.root, "base"), [{ image: makeImage({ layers: [{ members }] }) }]);
    const cache = join(project.folder, "npm-cache");
    writeNpmCache(cache, [low, scoped]);
    const env = { ...process.env, npm_config_cache: cache, npm_config_registry: "http://127.0.0.1:1" };
    const { signal } = new AbortController();
    const { root: pipeline, door: home } = project;
    await lock({ pipeline, params: {}, update: false, env, now: new Date(), signal, home, say: () => {} });
    return { project, env };
  }

  let started: Awaited<ReturnType<typeof start>>;
  let own: Awaited<ReturnType<Project["run"]>>;
  before(async () => {
    started = await start(FILES);
    own = await started.project.run({ env: started.env });
    const failures = own.events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure ?? []) : [],
    );
    assert.equal(own.exitCode, 0, JSON.stringify(failures));
  });

  test("a stage imports from it and has the root and what was added, also where that is composed again", () => {
    const said = (name: string) =>
      JSON.parse(readFileSync(join(started.project.home, own.outputs[name] ?? "", "one.json"), "utf8"));
    const same = ["high on low 1", "words", "more", "1.0.0", "word"];
    assert.deepEqual(said("one"), [...same, false]);
    assert.deepEqual(said("two"), [...same, true]);
  });

  test("the bill of materials has the packages, installed and as they were fetched", async () => {
    const made = await sbom({
      home: started.project.door,
      which: { word: "latest" },
      closures: ["build"],
      formats: ["cyclonedx"],
      time: undefined,
      supplier: undefined,
      out: undefined,
    });
    const { components, contents } = readBom(made.documents[0]?.text ?? "");
    const modules = components.find(({ path = "" }) => path.endsWith("-node-modules-native"));
    const said = (ref: string) => {
      const { name, version } = components.find((each) => each.ref === ref) ?? {};
      return `${name} ${version}`;
    };
    const wanted = ["@a/high 2.0.0", "low 1.0.0"];
    assert.deepEqual((contents.get(modules?.ref ?? "") ?? []).map(said), wanted);
    const fetched = components.filter(({ path = "" }) => path.endsWith(".tgz"));
    assert.deepEqual(new Set(fetched.map(({ ref }) => said(ref))), new Set(wanted));
  });

  test("is the same by Nix", { skip: peer("nix-daemon", "nix-store") }, async () => {
    const { project, env } = await start(FILES);
    const nix = await project.run({ env, engine: "nix" });
    assert.equal(nix.exitCode, 0, JSON.stringify(nix.ends));
    assert.deepEqual(nix.outputs, own.outputs);
  });

  test("a root that has a /node_modules of its own is an error that names both", async () => {
    const { project, env } = await start(FILES, ["node_modules/x/index.js"]);
    const ran = await project.run({ env });
    const failures = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure ?? []) : [],
    );
    assert.deepEqual(
      failures.map(({ code }) => code),
      ["ENVIRONMENT_NOT_COMPOSED"],
    );
    assert.match(
      failures[0]?.message ?? "",
      /\/node_modules is in the root and in the stage 'node-modules-native'/,
    );
  });

  test("there is one of them, and nothing else of its kind is added", () => {
    const modules = nodeModules({ lock: "package-lock.json" });
    const root = image("./base");
    const is = (words: RegExp) => (error: unknown) => {
      assert.ok(isPipeliteError(error, "ENVIRONMENT_INVALID"), String(error));
      assert.match(error.message, words);
      return true;
    };
    assert.throws(() => environment({ root, add: [modules, modules] }), is(/`nodeModules` twice/));
    const one = environment({ root: environment({ root, add: [modules] }) });
    assert.throws(() => environment({ root: one, add: [modules] }), is(/`nodeModules` twice/));
    assert.throws(() => environment({ root, add: [root] }), is(/what it adds must be nodes/));
  });
});
