// What a lock file names survives a collection, and nothing else does.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { utf8 } from "#base/bytes.ts";
import { keepLocked, letGoUnlocked } from "#environment/kept-files.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-kept-"));
after(() => removeTree(folder));
const home = join(folder, "home");
const locks = join(home, "pipelite/locks");
const root = join(folder, "project");
const lockFile = join(root, "pipelite.lock.json");
mkdirSync(root);

const lock = (...keys: string[]) =>
  writeFileSync(
    lockFile,
    JSON.stringify({ version: 1, environments: Object.fromEntries(keys.map((key) => [key, {}])) }),
  );

async function add<const N extends readonly string[]>(...names: N): Promise<{ [AT in keyof N]: StorePath }> {
  using store = openStore(home);
  const added = await Promise.all(names.map((name) => store.addText(name, utf8(name))));
  return added.map(({ path }) => path) as { [AT in keyof N]: StorePath };
}

async function keep(key: string, paths: StorePath[]): Promise<void> {
  using store = openStore(home);
  await keepLocked(store, locks, { name: "env", root, key, paths });
}

/** By a process of its own would: what this one has used stays while its store is open. */
async function collectAll(): Promise<(path: StorePath) => boolean> {
  using store = openStore(home);
  await letGoUnlocked(store, locks);
  await store.gc();
  const valid = new Set(store.validPaths());
  return (path) => valid.has(path) && existsSync(store.physical(path));
}

test("what a lock file names stays as long as it does", async () => {
  const [deb, built, other] = await add("a.deb", "root", "other");
  lock("one", "two");
  await keep("one", [deb, built]);
  let isThere = await collectAll();
  assert.deepEqual(
    [deb, built, other].map((path) => isThere(path)),
    [true, true, false],
  );

  // Another package came in its place.
  const [newer] = await add("b.deb");
  await keep("one", [newer, built]);
  isThere = await collectAll();
  assert.deepEqual(
    [deb, newer, built].map((path) => isThere(path)),
    [false, true, true],
  );

  // A lock file that can't be read may name anything.
  writeFileSync(lockFile, "{");
  assert.ok((await collectAll())(newer));

  lock("two");
  assert.ok(!(await collectAll())(newer));
  assert.deepEqual(readdirSync(locks), []);
});

test("a pipeline that is gone keeps nothing", async () => {
  lock("one");
  const [deb] = await add("c.deb");
  await keep("one", [deb]);
  rmSync(lockFile);
  assert.ok(!(await collectAll())(deb));
});
