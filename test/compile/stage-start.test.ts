// What the process of a TypeScript stage does before the stage starts: no type is stripped, and no part of Node is loaded
// that the stage does not use. Modules of Node reach it in every form of import.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundleStage } from "#compile/bundle.ts";
import { removeTree } from "#base/files.ts";
import { openStore } from "#store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-stage-start-"));
const store = openStore(join(folder, "home"));
after(() => {
  store.close();
  removeTree(folder);
});

/** Bundles a stage and runs it as its derivation does. @returns what it says, and the files it returns */
async function runStage(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { code } = await bundleStage(join(folder, "stage.ts"), {
    root: folder,
    place: "pipeline.ts:1:1",
    store,
  });
  writeFileSync(join(folder, "stage.mjs"), code);
  const out = mkdtempSync(join(folder, "out-"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "stage.mjs")], {
    encoding: "utf8",
    env: {
      stage: JSON.stringify({ name: "a", inputs: {}, params: {} }),
      out,
      TMPDIR: folder,
      NIX_BUILD_CORES: "2",
    },
  });
  assert.equal(status, 0, stderr);
  return { stdout, text: readFileSync(join(out, "a.txt"), "utf8"), code: Buffer.from(code).toString() };
}

test("a stage that needs little of Node loads little of it", async () => {
  const { stdout } = await runStage({
    "stage.ts": `import { writeFileSync } from "node:fs";
      export default ({}: object, { out }: { out: string }) => {
        writeFileSync(\`\${out}/a.txt\`, "all of it" satisfies string);
        const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
        writeFileSync(1, JSON.stringify(moduleLoadList));
      };`,
  });
  const loaded = JSON.parse(stdout) as string[];
  for (const part of [
    "fs/promises",
    "internal/readline/interface",
    "perf_hooks",
    "os",
    "stream",
    "internal/deps/amaro/dist/index",
  ])
    assert.ok(!loaded.includes(`NativeModule ${part}`), part);
});

test("a stage that requires nothing makes no `require`, and is told its own lines", async () => {
  const line = "return { 'a.txt': String(new Error().stack?.match(/stage.mjs:([0-9]+)/)?.[1]) };";
  const { code, text } = await runStage({ "stage.ts": `export default () => { ${line} };` });
  assert.equal(code.split("\n")[0], "");
  assert.match(code.split("\n")[Number(text) - 1] ?? "", /new Error/);
  assert.doesNotMatch(code, /createRequire|promises:/);
});

test("modules of Node are the same in every form of import, in the stage and in a package of CommonJS", async () => {
  const { text, code } = await runStage({
    "stage.ts": `import assert, { deepEqual } from "node:assert/strict";
      import EventEmitter, { EventEmitter as Named, once } from "events";
      import * as all from "node:fs";
      import fs, { promises, readFileSync as read } from "node:fs";
      import { readFile } from "fs/promises";
      import { setTimeout as later } from "node:timers/promises";
      import process, { argv } from "node:process";
      import { Readable } from "node:stream";
      import { createRequire } from "node:module";
      import old from "./old.cjs";
      export { sep } from "node:path";
      class Own extends Readable { _read() { this.push("own"); this.push(null); } }
      class Loud extends EventEmitter {}
      export default async () => {
        assert.equal(EventEmitter, Named);
        assert.equal(all.readFileSync, read);
        assert.equal(fs.readFileSync, read);
        assert.equal(fs, all.default);
        assert.equal(promises.readFile, readFile);
        assert.equal((await import("node:fs")).readFileSync, read);
        assert.equal(process.argv, argv);
        assert.equal(createRequire(import.meta.url)("fs"), fs);
        const loud = new Loud();
        setTimeout(() => loud.emit("said", 1), 1);
        deepEqual(await once(loud, "said"), [1]);
        await later(1);
        assert.equal((await new Own().toArray()).join(""), "own");
        assert.throws(() => read("/nowhere"), { code: "ENOENT" });
        return { "a.txt": old("os") };
      };`,
    "old.cjs": `const { join } = require("path");
      const Emitter = require("node:events");
      module.exports = (name) => {
        if (typeof new Emitter().on !== "function" || require("buffer").Buffer !== Buffer) throw new Error("not Node's");
        return join("a", typeof require(name).cpus);
      };`,
  });
  assert.equal(text, "a/function");
  assert.doesNotMatch(code, /from\\s*"/);
});
