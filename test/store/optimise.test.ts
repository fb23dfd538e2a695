// Deduplication: equal files are one on disk, nothing else changes, and real Nix finds nothing left to link.
import assert from "node:assert/strict";
import {
  chmodSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { systemErrorCode } from "#base/errors.ts";
import { peer, sweep } from "../rig/peer.ts";
import { StoreRig } from "./rig.ts";

const BIG = "x".repeat(10_000);

async function twoTrees(rig: StoreRig) {
  rig.write({ "one/a": BIG, "one/sub/b": BIG, "one/c": "alone", "two/d": BIG });
  rig.write({ "two/run": BIG });
  chmodSync(rig.path("two/run"), 0o755);
  const one = (await rig.store.addTree(rig.path("one"), { name: "one" })).path;
  const two = (await rig.store.addTree(rig.path("two"), { name: "two" })).path;
  const file = (await rig.store.addTree(rig.path("one/a"), { name: "file" })).path;
  const inode = (path: string) => statSync(path).ino;
  const at = { a: join(rig.store.physical(one), "a"), b: join(rig.store.physical(one), "sub/b") };
  const more = { d: join(rig.store.physical(two), "d"), run: join(rig.store.physical(two), "run") };
  return { at: { ...at, ...more, file: rig.store.physical(file) }, inode };
}

describe("optimise", () => {
  test("makes one file of all that are equal in content and mode", async () => {
    using rig = new StoreRig();
    const { at, inode } = await twoTrees(rig);
    const { files, freedBytes } = await rig.store.optimise();
    assert.equal(files, 3);
    assert.ok(freedBytes >= 3 * 10_000);
    for (const path of [at.b, at.d, at.file]) assert.equal(inode(path), inode(at.a));
    assert.notEqual(inode(at.run), inode(at.a));
    assert.equal(readFileSync(at.b, "utf8"), BIG);
    const { mode, mtimeMs } = lstatSync(join(at.b, ".."));
    assert.deepEqual([mode & 0o777, mtimeMs], [0o555, 1000]);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    assert.deepEqual(await rig.store.optimise(), { files: 0, freedBytes: 0 });
    assert.deepEqual(
      readdirSync(`${rig.home}/nix/store`).filter((name) => name.startsWith(".tmp")),
      [],
    );
  });

  test("does not touch a file that may be written to, and takes no damaged link", async () => {
    using rig = new StoreRig();
    const { at, inode } = await twoTrees(rig);
    chmodSync(at.b, 0o644);
    await rig.store.optimise();
    assert.notEqual(inode(at.b), inode(at.a));
    chmodSync(at.b, 0o444);
    // As a crash of the machine leaves a link.
    const links = `${rig.home}/nix/store/.links`;
    for (const damage of [() => "short", (size: number) => "y".repeat(size)]) {
      for (const name of readdirSync(links)) {
        const { size } = lstatSync(join(links, name));
        rmSync(join(links, name));
        writeFileSync(join(links, name), damage(size), { mode: 0o444 });
      }
      writeFileSync(`${at.b}.new`, BIG, { mode: 0o444 });
      chmodSync(dirname(at.b), 0o755);
      renameSync(`${at.b}.new`, at.b);
      const { files } = await rig.store.optimise();
      assert.ok(files >= 1);
      assert.equal(readFileSync(at.a, "utf8"), BIG);
      assert.equal(readFileSync(at.b, "utf8"), BIG);
      assert.equal(inode(at.b), inode(at.a));
    }
  });

  test("leaves real Nix nothing to do, and Nix collects the links", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const { at, inode } = await twoTrees(rig);
    await rig.store.optimise();
    const before = inode(at.b);
    rig.close();
    rig.nix("nix-store", "--optimise");
    assert.equal(inode(at.b), before);
    assert.equal(rig.nixComplaints(), "");
    rig.nix("nix-store", "--gc");
    assert.deepEqual(readdirSync(`${rig.home}/nix/store/.links`), []);
  });
});

test("a file that can have no more links is left as it is", { skip: sweep() }, async (t) => {
  using rig = new StoreRig();
  const { at } = await twoTrees(rig);
  await rig.store.optimise();
  rig.write({ "links/x": "", "new/e": BIG, "new/f": BIG });
  const links = linkUntilRefused(at.a, rig.path("links"));
  if (links === undefined) return t.skip("this file system has no such limit");
  const added = rig.store.physical((await rig.store.addTree(rig.path("new"), { name: "new" })).path);
  assert.deepEqual(await rig.store.optimise(), { files: 0, freedBytes: 0 });
  assert.equal(readFileSync(join(added, "e"), "utf8"), BIG);
  assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  assert.deepEqual(
    readdirSync(`${rig.home}/nix/store`).filter((name) => name.startsWith(".tmp")),
    [],
  );
  rmSync(links, { recursive: true });
  assert.equal((await rig.store.optimise()).files, 2);
});

/** Makes links to a file until it can have no more: 65,000 on ext4. @returns their folder; nothing where there is no end */
function linkUntilRefused(file: string, folder: string): string | undefined {
  for (let at = 0; at < 66_000; at += 1)
    try {
      linkSync(file, join(folder, `${at}`));
    } catch (error) {
      assert.equal(systemErrorCode(error), "EMLINK");
      return folder;
    }
  return undefined;
}
