// A stage may import Pipelite's pure modules: they are bundled with it, from beside the code that runs, built or not.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundleStage } from "#compile/bundle.ts";
import { openStore } from "#store/store.ts";
import { Project } from "../rig/project.ts";

const STAGE = `import { meanOf } from "pipelite/stats";
export default function mean() { return { "mean.json": { mean: meanOf([1, 2, 6]) } }; }
`;
const project = new Project({});
const store = openStore(project.home);
after(() => {
  store.close();
  project[Symbol.dispose]();
});

async function bundleIn(folder: string): Promise<{ text: string; files: Record<string, string> }> {
  const root = join(project.folder, folder);
  const path = join(root, "mean.ts");
  mkdirSync(root);
  writeFileSync(path, STAGE);
  const { code, files } = await bundleStage(path, { root, place: "pipeline.ts:1:1", store });
  return { text: Buffer.from(code).toString(), files };
}

test("what a stage imports of pipelite/stats is in its bundle, without a path and without what it does not use", async () => {
  const { text, files } = await bundleIn("one");
  assert.match(text, /function meanOf\(/);
  assert.doesNotMatch(text, /from\s*"pipelite|chartCusum|\/src\//);
  assert.ok(!text.includes(project.folder) && !text.includes(join(import.meta.dirname, "../..")));
  assert.deepEqual(Object.keys(files), ["mean.ts", "pipelite"]);
  assert.equal((await bundleIn("two")).text, text);
});

test("pipeline.ts may import it too", async () => {
  const { loadPipeline } = await import("#compile/load.ts");
  writeFileSync(
    join(project.folder, "pipeline.ts"),
    'import { pipeline, source } from "pipelite";\nimport { meanOf } from "pipelite/stats";\nmeanOf([1]);\nexport default pipeline({ here: source(".") });\n',
  );
  const { files } = await loadPipeline(project.folder);
  assert.deepEqual(files, [join(project.folder, "pipeline.ts")]);
});
