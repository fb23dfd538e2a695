// Whatever ends a process, or stops the disk from taking more: the store stays one that real Nix finds
// nothing wrong with, and the next collection takes what was left half done.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { storePathBase } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { peer, sweep } from "../rig/peer.ts";
import { BUSY, coded, StoreRig, storeScript } from "./rig.ts";

describe("kill -9 at any moment", { skip: peer("nix-store") }, () => {
  test("leaves whole paths and garbage, nothing in between", async () => {
    using rig = new StoreRig();
    for (let index = 0; index < 40; index++)
      rig.write({ [`source/${index % 7}/${index}`]: "x".repeat(index * 997) });
    const anchor = await rig.text("anchor");
    await rig.store.addRoot(rig.path("result"), anchor);
    rig.close();
    let registered = 0;
    for (let round = 0; round < 10; round++) {
      const script = storeScript(BUSY);
      const child = spawn(process.execPath, [...script, rig.home, rig.path("source")], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      // Half of them when it has registered something, however busy the machine is.
      if (round % 2 === 1) await once(child.stdout, "data");
      // Spread over several rounds of its work, each time at another place of it.
      await new Promise((resolve) => setTimeout(resolve, 7 + round * 17));
      child.kill("SIGKILL");
      await once(child, "exit");
      registered = Math.max(registered, rig.store.validPaths().length);
      assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, [], `round ${round}`);
      rig.close();
    }
    assert.ok(registered > 1, "no round registered anything");
    assert.equal(rig.nixComplaints(), "");
    await rig.store.gc();
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links", storePathBase(anchor)].toSorted());
    assert.equal(rig.nixComplaints(), "");
  });
});

const isRoot = process.geteuid?.() === 0;

describe("a full disk", { skip: isRoot ? peer("nix-store") : "not root" }, () => {
  /** A home on a file system of this size. */
  async function onSmallDisk(sizeMiB: number, action: (rig: StoreRig) => Promise<void>): Promise<void> {
    using rig = new StoreRig();
    mkdirSync(rig.home);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", rig.home]);
    try {
      await action(rig);
    } finally {
      rig.close();
      execFileSync("umount", [rig.home]);
    }
  }

  test("stops adding with a clear error, and what was there stays sound", async () => {
    await onSmallDisk(12, async (rig) => {
      const kept = await rig.text("kept");
      const big = rig.write({ big: Buffer.alloc(16 * 1024 * 1024, 1) });
      await assert.rejects(rig.store.addTree(big, { name: "big" }), coded("STORE_NO_SPACE"));
      assert.deepEqual(rig.store.validPaths(), [kept]);
      assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links", storePathBase(kept)].toSorted());
      assert.ok(rig.store.isValid(await rig.text("after")));
      assert.equal(rig.nixComplaints(), "");
    });
  });

  test("at any byte: texts, outputs and NARs fail whole, and a collection makes room", async () => {
    await onSmallDisk(11, async (rig) => {
      rig.store.validPaths();
      const filler = `${rig.home}/filler`;
      const errors: unknown[] = [];
      // Less room each time, down to none at all.
      for (let left = 12; left >= 0; left--) {
        fill(filler, left * 4096);
        for (let count = 0; count < 3; count++) {
          const content = utf8(`${left} ${count}`.repeat(700));
          await rig.store.addText("t", content).catch((error: unknown) => errors.push(error));
        }
        rmSync(filler, { force: true });
      }
      assert.ok(errors.length > 0);
      for (const error of errors) coded("STORE_NO_SPACE")(error);
      fill(filler, 0);
      assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
      rig.close();
      fill(`${rig.home}/more`, 0);
      const { paths } = await openAndCollect(rig);
      assert.ok(paths.length > 0);
      rmSync(filler, { force: true });
      assert.equal(rig.nixComplaints(), "");
    });
  });

  test("real Nix collects on it, by the reserve that we left, and leaves one for us", async () => {
    await onSmallDisk(20, async (rig) => {
      const { path } = await rig.store.addTree(rig.write({ big: Buffer.alloc(2 * 1024 * 1024, 1) }), {
        name: "big",
      });
      const reserved = `${rig.home}/nix/var/nix/db/reserved`;
      assert.equal(statSync(reserved).size, 8 * 1024 * 1024);
      rig.close();
      // What opening takes: Nix asks for that before it lets go of the reserve.
      fill(`${rig.home}/filler`, 64 * 1024);
      rig.nix("nix-store", "--gc");
      assert.equal(rig.store.isValid(path), false);
      assert.equal(existsSync(rig.store.physical(path)), false);
      rig.close();
      rmSync(`${rig.home}/filler`);
      assert.equal(rig.nixComplaints(), "");
      assert.equal(statSync(reserved).size, 8 * 1024 * 1024);
    });
  });

  async function openAndCollect(rig: StoreRig) {
    using store = openStore(rig.home);
    return await store.gc();
  }

  /** Leaves this many bytes free. */
  function fill(file: string, leaveBytes: number): void {
    const { bavail, bsize } = statfsSync(dirname(file));
    const available = bavail * bsize;
    writeFileSync(file, Buffer.alloc(Math.max(0, available - leaveBytes)));
  }

  test("a new store on it is refused", async () => {
    await onSmallDisk(1, async (rig) => {
      fill(`${rig.home}/filler`, 0);
      assert.throws(() => openStore(rig.home), coded("STORE_NO_SPACE"));
    });
  });
});

test("processes that add the same path at once all succeed", { skip: sweep() }, async () => {
  using rig = new StoreRig();
  for (let index = 0; index < 60; index++) rig.write({ [`source/${index}`]: "x".repeat(5000) });
  const code = `
    while (Date.now() < Number(args[1]));
    const { path, added } = await store.addTree(args[0], { name: "same" });
    const text = await store.addText("text", Buffer.from("same"), [path]);
    console.log(path, text.path);`;
  // All begin at one moment, some on a store that is not there yet.
  const start = Date.now() + 700;
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, [...storeScript(code), rig.home, rig.path("source"), String(start)], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const outputs = await Promise.all(
    children.map(async (child) => {
      const chunks: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      const [status] = (await once(child, "close")) as [number];
      assert.equal(status, 0);
      return Buffer.concat(chunks).toString();
    }),
  );
  assert.equal(new Set(outputs).size, 1);
  assert.equal(rig.store.validPaths().length, 2);
  assert.equal(readdirSync(`${rig.home}/nix/store`).length, 3);
  assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
});
