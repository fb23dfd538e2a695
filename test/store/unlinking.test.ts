// Many files are unlinked by threads, a handful in one message; what goes wrong there is told as elsewhere.
import assert from "node:assert/strict";
import { chmodSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { byteStringOf } from "#base/bytes.ts";
import { removeTree } from "#base/files.ts";
import { Remover } from "#store/remover.ts";
import { Unlinking } from "#store/unlinking.ts";

const MANY = 700;

function folderOf(count: number): string {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-unlinking-"));
  for (let at = 0; at < count; at += 1) writeFileSync(join(folder, `ä${at}`), `${at}`);
  return folder;
}

test("a folder of many files goes, whatever their names are, and what it took is told", async () => {
  const folder = folderOf(MANY);
  const remover = new Remover(byteStringOf(dirname(folder)));
  await remover.start(basename(folder));
  await remover.settled();
  remover.close();
  assert.throws(() => readdirSync(folder), { code: "ENOENT" });
  assert.ok(remover.bytes >= MANY * 512, `${remover.bytes} bytes`);
});

test("what one of many files can't be unlinked for is told, with the code of the system and its path", async () => {
  const folder = folderOf(MANY);
  const unlinking = new Unlinking();
  try {
    const bytePath = byteStringOf(folder);
    await unlinking.unlink(bytePath, readdirSync(folder, { encoding: "latin1" }));
    assert.deepEqual(readdirSync(folder), []);
    const unnamed = "n".repeat(256);
    const wanted = { code: "ENAMETOOLONG", path: join(folder, unnamed) };
    await assert.rejects(unlinking.unlink(bytePath, [unnamed]), wanted);
    mkdirSync(join(folder, "small/tree"), { recursive: true });
    writeFileSync(join(folder, "small/tree/file"), "x");
    linkSync(join(folder, "small/tree/file"), join(folder, "small/link"));
    const taken = lstatSync(join(folder, "small/link")).blocks * 512;
    const { bytes, folders } = await unlinking.unlink(bytePath, ["gone", "small"]);
    assert.deepEqual({ bytes, folders, left: readdirSync(folder) }, { bytes: taken, folders: [], left: [] });
  } finally {
    unlinking.close();
    removeTree(folder);
  }
});

test("what no thread has been told of is unlinked here, and what goes wrong here is told, too", async () => {
  const folder = folderOf(MANY * 2);
  const unlinking = new Unlinking();
  unlinking.expect(MANY * 2);
  try {
    const bytePath = byteStringOf(folder);
    const names = readdirSync(folder, { encoding: "latin1" });
    const handfuls = names.map((name) => unlinking.unlink(bytePath, [name]));
    handfuls.push(unlinking.unlink(bytePath, ["n".repeat(256)]));
    let helped = 0;
    while (unlinking.help()) helped += 1;
    const results = await Promise.allSettled(handfuls);
    assert.ok(helped > MANY, `${helped} handfuls were unlinked here`);
    assert.deepEqual(
      results
        .filter(({ status }) => status === "rejected")
        .map((each) => "reason" in each && each.reason.code),
      ["ENAMETOOLONG"],
    );
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    unlinking.close();
    removeTree(folder);
  }
});

test("a tree of many folders goes, read-only ones and what lies deep included", async () => {
  const folder = folderOf(0);
  for (let at = 0; at < 40; at += 1) {
    const below = join(folder, "d".repeat(200), `${at}`, ..."x".repeat(at).split(""));
    mkdirSync(below, { recursive: true });
    for (let file = 0; file < 20; file += 1) writeFileSync(join(below, `ä${file}`), "");
    chmodSync(below, 0o500);
  }
  const remover = new Remover(byteStringOf(dirname(folder)));
  await remover.start(basename(folder));
  await remover.settled();
  remover.close();
  assert.throws(() => readdirSync(folder), { code: "ENOENT" });
});
