// The compiled code of the packed files: what is kept is of the text that is there, and never in the way.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-code-"));
after(() => removeTree(folder));
const cache = join(folder, "cache/whole");
const part = join(folder, "part.cjs");
const main = join(folder, "main.mjs");
writeFileSync(
  main,
  `import { keepCompiledCode } from ${JSON.stringify(join(import.meta.dirname, "../../src/cli/code-cache.ts"))};
import { createRequire } from "node:module";
keepCompiledCode(${JSON.stringify(cache)}, ${JSON.stringify(folder)}, process.argv[2]);
createRequire(import.meta.filename)("./part.cjs").say();
`,
);

function start(command = "run"): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, command], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

function kept(): string[] {
  return readdirSync(cache).map((name) => join(cache, name));
}

test("functions are kept as they were called, and another text of the same length is another", async () => {
  writeFileSync(part, "exports.say = () => console.log(__filename, 1);");
  assert.equal(start(), `${part} 1`);
  const [file = "", ...more] = kept();
  assert.deepEqual(more, []);
  const before = readFileSync(file);
  assert.equal(start(), `${part} 1`);
  assert.deepEqual(readFileSync(file), before);
  writeFileSync(part, "exports.say = () => console.log(__filename, 2);");
  assert.equal(start(), `${part} 2`);
  assert.equal(kept().length, 2);
});

test("what is cut off or no code is compiled again", () => {
  for (const file of kept()) truncateSync(file, 100);
  assert.equal(start(), `${part} 2`);
  for (const file of kept()) writeFileSync(file, "no code");
  assert.equal(start(), `${part} 2`);
  assert.ok(kept().some((file) => readFileSync(file).length > 100));
});

test("a changed byte is seen, wherever it is: V8 itself would run what it makes of it", () => {
  for (const file of kept()) removeTree(file);
  assert.equal(start(), `${part} 2`);
  const [file = ""] = kept();
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 16)) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    writeFileSync(file, changed);
    assert.equal(start(), `${part} 2`);
    assert.ok(!readFileSync(file).equals(changed), `byte ${at}`);
  }
});

test("what has no ending is no .cjs by it", () => {
  const asked = join(folder, "asked.mjs");
  writeFileSync(asked, `${readFileSync(main, "utf8")}createRequire(import.meta.filename)("./part");\n`);
  const { stderr, status } = spawnSync(process.execPath, [asked, "run"], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /Cannot find module '.\/part'/);
});

test("other commands, and a folder that can't be made, do without", () => {
  const before = kept();
  assert.equal(start("show"), `${part} 2`);
  assert.deepEqual(kept(), before);
  removeTree(cache);
  writeFileSync(cache, "a file");
  assert.equal(start(), `${part} 2`);
});
