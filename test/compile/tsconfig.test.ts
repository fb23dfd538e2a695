// Names of modules that tsconfig.json gives: found as the compiler finds them, in pipeline.ts and in stages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { TsConfigs } from "#compile/tsconfig.ts";
import { Project, type ProjectFiles } from "../rig/project.ts";

const FILES: ProjectFiles = {
  "tsconfig.json": `{
  // Comments, and a comma too many: "//" in a text is none.
  "extends": ["./config/base.json", "shared/strict"],
  "compilerOptions": { "paths": {
    "@lib/*": ["src/none/*", "src/lib/*"], "@lib/one": ["src/one.ts"], "@lib/special/*": ["src/special/*"],
    "url//*": ["src/lib/*"], /* a
    comment */ "*/ends": ["src/ends/*/index.ts"], "pkg/*": ["src/lib/*"],
  }, },
}`,
  "config/base.json": '{ "compilerOptions": { "baseUrl": "..", "paths": { "@gone/*": ["src/lib/*"] } } }',
  "node_modules/shared/strict/tsconfig.json": '{ "compilerOptions": { "strict": true } }',
  "node_modules/shared/package.json": '{ "name": "shared" }',
  "src/lib/k.ts": "export const K: number = 5;",
  "src/lib/folder/index.ts": "",
  "src/lib/data.json": "1",
  "src/one.ts": "",
  "src/special/k.ts": "",
  "src/ends/x/index.ts": "",
  "deep/tsconfig.json": '{ "compilerOptions": { "paths": { "@lib/*": ["./own/*"] } } }',
  "deep/own/k.ts": "",
};

test("names are found by pattern, ending and folder, by the nearest file, with what it extends", () => {
  using project = new Project(FILES);
  const configs = new TsConfigs(project.root);
  const found = (name: string, folder = "src") => {
    const path = configs.resolve(name, join(project.root, folder));
    return path && relative(project.root, path);
  };
  const expected: Record<string, string | undefined> = {
    "@lib/k": "src/lib/k.ts",
    "@lib/k.ts": "src/lib/k.ts",
    "@lib/k.js": "src/lib/k.ts",
    "@lib/folder": "src/lib/folder/index.ts",
    "@lib/data.json": "src/lib/data.json",
    "@lib/one": "src/one.ts",
    "@lib/special/k": "src/special/k.ts",
    "url//k": "src/lib/k.ts",
    "x/ends": "src/ends/x/index.ts",
    "src/lib/k": "src/lib/k.ts",
    "@gone/k": undefined,
    "@lib/none": undefined,
    "./k": undefined,
    "node:fs": undefined,
  };
  for (const [name, file] of Object.entries(expected)) assert.equal(found(name), file, name);
  assert.equal(found("@lib/k", "deep/below"), "deep/own/k.ts");
  assert.equal(found("@lib/one", "deep"), undefined);
  assert.equal(found("@lib/k", "node_modules/x"), undefined, "packages have names of their own");
});

test("a file that can't be used is refused: TSCONFIG_INVALID, with the file and the problem", () => {
  const wrong: [ProjectFiles, RegExp][] = [
    [{ "tsconfig.json": "{ paths }" }, /tsconfig\.json.*JSON/],
    ...[
      "[]",
      "null",
      '{ "extends": 1 }',
      '{ "extends": [null] }',
      '{ "compilerOptions": null }',
      '{ "compilerOptions": { "baseUrl": 1 } }',
      '{ "compilerOptions": { "paths": "x" } }',
      '{ "compilerOptions": { "paths": { "a": "b" } } }',
      '{ "compilerOptions": { "paths": { "a": [1] } } }',
    ].map((text): [ProjectFiles, RegExp] => [{ "tsconfig.json": text }, / (is no|is neither) /]),
    [{ "tsconfig.json": '{ "extends": "./none.json" }' }, /extends \.\/none\.json, which is not there/],
    [{ "tsconfig.json": '{ "extends": "none" }' }, /extends none, which is not installed/],
    [
      { "tsconfig.json": '{ "extends": "./b.json" }', "b.json": '{ "extends": "./tsconfig.json" }' },
      /extends itself/,
    ],
  ];
  for (const [files, says] of wrong) {
    using project = new Project(files);
    assert.throws(
      () => new TsConfigs(project.root).resolve("@lib/k", project.root),
      (error) => isPipeliteError(error, "TSCONFIG_INVALID") && says.test(error.message),
    );
  }
});

test("pipeline.ts and stages import by names of their package.json, and a change of what they stand for is noticed", async () => {
  const imports = (folder: string) =>
    JSON.stringify({ type: "module", imports: { "#k": `./${folder}/k.ts` } });
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
import { K } from "#k";
export default pipeline({ k: stage(() => import("./k.ts"), { times: K }) });`,
    "k.ts": 'import { K } from "#k";\nexport default ({ times }) => ({ "k.json": K * times });',
    "package.json": imports("lib"),
    "lib/k.ts": "export const K: number = 5;",
    "other/k.ts": "export const K: number = 7;",
  });
  const out = join(project.folder, "result");
  const value = async () => {
    assert.equal((await project.run({ out })).status, "passed");
    return readFileSync(join(out, "k/k.json"), "utf8").trim();
  };
  assert.equal(await value(), "25");
  project.write({ "package.json": imports("other") });
  // Node itself reads a package.json once in a process: the stage's part alone is seen here.
  assert.equal(await value(), "35");
});

test("pipeline.ts and stages import by such names, and a change of what they stand for is noticed", async () => {
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
import { K } from "@lib/k";
export default pipeline({ k: stage(() => import("@stages/k.ts"), { times: K }) });`,
    "stages/k.ts": `import { K } from "@lib/k";\nexport default ({ times }) => ({ "k.json": K * times });`,
    "tsconfig.json":
      '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "@stages/*": ["./stages/*"] } } }',
    "lib/k.ts": "export const K: number = 5;",
    "other/k.ts": "export const K: number = 7;",
  });
  const out = join(project.folder, "result");
  const value = async () => {
    assert.equal((await project.run({ out })).status, "passed");
    return readFileSync(join(out, "k/k.json"), "utf8").trim();
  };
  assert.equal(await value(), "25");
  project.write({
    "tsconfig.json":
      '{ "compilerOptions": { "paths": { "@lib/*": ["./other/*"], "@stages/*": ["./stages/*"] } } }',
  });
  assert.equal(await value(), "49");
});
