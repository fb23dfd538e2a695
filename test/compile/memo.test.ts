// A module is bundled once in a run, whatever is made of it, and its name in the store is its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundledOnce } from "#compile/memo.ts";
import { bundleName, storeName } from "#compile/store-name.ts";
import { storePathName } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { Project } from "../rig/project.ts";

const HEAD = 'import { pipeline, source, stage } from "pipelite";\n';

test("stages of one module are one bundle, made once in a run and again in the next when it was edited", async () => {
  using project = new Project({ "count.ts": "export default () => ({ n: '1' });\n" });
  using store = openStore(project.home);
  const made: string[] = [];
  const notes = {
    recall: () => undefined,
    remember: () => {},
    keepSourceMap: (bundle: string) => made.push(bundle),
  };
  const module = `${project.root}/count.ts`;
  const keep = { store, notes };
  const bundle = (of: typeof keep, index: number) =>
    bundledOnce(of, { module, place: `pipeline.ts:${index}:1` }, project.root);
  const bundles = await Promise.all(Array.from({ length: 50 }, (_, index) => bundle(keep, index)));
  assert.equal(made.length, 1);
  assert.equal(new Set(bundles.map(({ code }) => code)).size, 1);
  const [first] = bundles;
  assert.ok(first);
  assert.equal(storePathName(first.code), "count.mjs");

  project.write({ "count.ts": "export default () => ({ n: '22' });\n" });
  const { code } = await bundle({ ...keep }, 1);
  assert.notEqual(code, first.code);
  assert.equal(made.length, 2);
});

test("a stage that is called something else has the same code, and is another derivation", async () => {
  using project = new Project({
    "pipeline.ts": `${HEAD}const one = stage(() => import("./sub/n.ts"), { n: 1 });
const two = stage(() => import("./sub/n.ts"), { n: 2 });
export default pipeline({ one, two });\n`,
    "sub/n.ts": "export default ({ n }: { n: number }) => ({ n: String(n) });\n",
  });
  const ran = await project.run();
  assert.equal(ran.status, "passed");
  const { stages } = project.record();
  using store = openStore(project.home);
  const code = stages.map(({ graphDrvPath }) =>
    store.info(graphDrvPath as never)?.references.filter((path) => path.endsWith(".mjs")),
  );
  assert.deepEqual(code[0], code[1]);
  assert.equal(code[0]?.map(storePathName).join(), "n.mjs");
  assert.notEqual(stages[0]?.graphDrvPath, stages[1]?.graphDrvPath);
});

test("the name of a file in the store is its own, as far as a store path may have it", () => {
  for (const [file, name] of [
    ["/a/fit line.ts", "fit-line.ts"],
    ["/a/..data", "data"],
    ["/a/...", "file"],
    [`/a/${"x".repeat(255)}`, "x".repeat(200)],
  ] as const)
    assert.equal(storeName(file), name);
  for (const [module, name] of [
    ["/a/fit.ts", "fit.mjs"],
    ["/a/fit.worker.mts", "fit.worker.mjs"],
    ["/a/größe.js", "gr--e.mjs"],
    [`/a/${"x".repeat(250)}.ts`, `${"x".repeat(200)}.mjs`],
  ] as const)
    assert.equal(bundleName(module), name);
});
