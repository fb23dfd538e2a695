// Large files are written by threads while they are hashed: the bytes are the same, and so is what is said of a failure.
import assert from "node:assert/strict";
import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readdirSync } from "node:fs";
import { truncateSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { byteStringOf, hex } from "#base/bytes.ts";
import { finish, inTurns } from "#base/steps.ts";
import { WriteAhead } from "#store/durable.ts";
import { LargeCopy } from "#store/large-copy.ts";
import { scanSteps } from "#store/scan.ts";
import { copyTo } from "#store/tree-copy.ts";
import { dumpSteps, hashTree, PIECE_BYTES } from "#store/tree.ts";
import { coded, StoreRig } from "./rig.ts";

const LARGE = 4 * PIECE_BYTES;

/** No piece is like another. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4096) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe("a large file", () => {
  for (const size of [LARGE, LARGE + 5])
    test(`of ${size} bytes is copied as it is hashed`, async () => {
      using rig = new StoreRig();
      const source = rig.path("large");
      const bytes = bytesOf(size);
      writeFileSync(source, bytes);
      const { path, narHash } = await rig.store.addTree(source, { name: "large" });
      const copy = rig.store.physical(path);
      assert.ok(readFileSync(copy).equals(bytes));
      assert.equal(hex(narHash), hex((await hashTree(copy)).narHash));
      const { mode, mtimeMs } = lstatSync(copy);
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o444, 1000]);
    });

  test("that changes while it is read is no path", async () => {
    using rig = new StoreRig();
    const source = rig.path("large");
    for (const change of [LARGE, LARGE + 2 * PIECE_BYTES]) {
      writeFileSync(source, bytesOf(LARGE + PIECE_BYTES));
      const tree = finish(scanSteps(source));
      truncateSync(source, change);
      const copy = copyTo(byteStringOf(rig.path(`copy-${change}`)));
      await assert.rejects(inTurns(dumpSteps(tree, { copy })), coded("STORE_SOURCE_CHANGED"));
    }
  });
});

describe("the copy of a large file", () => {
  test("says that it can't be written, and is closed", async () => {
    using rig = new StoreRig();
    const file = rig.path("unwritable");
    writeFileSync(file, "");
    const fd = openSync(file, "r");
    const copy = new LargeCopy(fd, undefined);
    await assert.rejects(copy.write(Buffer.from("1")), { code: "EBADF" });
    copy.close();
    assert.throws(() => fstatSync(fd), { code: "EBADF" });
  });

  test("is closed when the thread that writes it has ended, not before", async () => {
    using rig = new StoreRig();
    const file = rig.path("slow");
    const bytes = bytesOf(PIECE_BYTES);
    const fd = openSync(file, "w");
    const copy = new LargeCopy(fd, undefined);
    const written = copy.write(bytes);
    copy.close();
    const next = openSync("/dev/null", "r");
    assert.notEqual(next, fd);
    closeSync(next);
    await written;
    assert.ok(readFileSync(file).equals(bytes));
    assert.throws(() => fstatSync(fd), { code: "EBADF" });
  });
});

describe("what is written ahead", () => {
  test("is waited for at the end, which tells of the first failure", async () => {
    using rig = new StoreRig();
    const ahead = new WriteAhead(rig.path("."));
    const { promise, reject } = Promise.withResolvers<void>();
    ahead.watch(promise);
    ahead.watch(Promise.resolve());
    let hasEnded = false;
    const end = ahead.end().finally(() => (hasEnded = true));
    await Promise.resolve();
    assert.equal(hasEnded, false);
    reject(new Error("the disk is broken"));
    await assert.rejects(end, /the disk is broken/);
  });

  test("is begun when much was written, and fails where the folder is gone", async () => {
    using rig = new StoreRig();
    const some = new WriteAhead(rig.path("nowhere"));
    some.wrote(1024);
    await some.end();
    const much = new WriteAhead(rig.path("nowhere"));
    much.wrote(2 ** 30);
    await assert.rejects(much.end(), { code: "ENOENT" });
    assert.deepEqual(readdirSync(rig.path(".")).includes("nowhere"), false);
  });
});
