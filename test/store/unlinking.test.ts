// Many files are unlinked by threads, a handful in one message; what goes wrong there is told as elsewhere.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  const remover = new Remover();
  await remover.start(byteStringOf(folder));
  await remover.settled();
  remover.close();
  assert.throws(() => readdirSync(folder), { code: "ENOENT" });
  assert.ok(remover.bytes >= MANY * 512, `${remover.bytes} bytes`);
});

test("what one of many files can't be unlinked for is told, with the code of the system and its path", async () => {
  const folder = folderOf(MANY);
  const unlinking = new Unlinking();
  try {
    await unlinking.unlink(readdirSync(folder).map((name) => join(folder, name)));
    assert.deepEqual(readdirSync(folder), []);
    const gone = join(folder, "gone");
    await assert.rejects(unlinking.unlink([gone]), { code: "ENOENT", path: gone });
    writeFileSync(join(folder, "next"), "");
    await unlinking.unlink([join(folder, "next")]);
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    unlinking.close();
    removeTree(folder);
  }
});
