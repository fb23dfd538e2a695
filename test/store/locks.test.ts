// Path locks exclude whoever else makes the path: others here, other processes, real Nix.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WaitForLock } from "#base/libc.ts";
import type { StorePath } from "#nix/store-path.ts";
import { layoutOf } from "#store/layout.ts";
import { openStore, type Store } from "#store/store.ts";
import { openTempRoots } from "#store/temp-roots.ts";
import { peer } from "../rig/peer.ts";
import { absentPath, coded, NODE_FLAGS, StoreRig } from "./rig.ts";

function openFiles(pid = 0): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`);
  return links.flatMap((link) => {
    try {
      return [readlinkSync(link)];
    } catch {
      return [];
    }
  });
}

async function withPathLocks<T>(
  rig: StoreRig,
  paths: Iterable<StorePath>,
  action: () => Promise<T>,
  wait?: WaitForLock,
): Promise<T> {
  using locks = await rig.store.lockPaths(paths, wait);
  assert.ok(locks.paths.size > 0);
  return await action();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(10);
}

describe("lockPaths", () => {
  test("lets one in at a time, and leaves no lock file", async () => {
    using rig = new StoreRig();
    const paths = [absentPath("b"), absentPath("a")];
    let inside = 0;
    const enter = async (): Promise<void> => {
      assert.equal(++inside, 1);
      await sleep(5);
      inside--;
    };
    await Promise.all([paths, paths.toReversed(), paths].map((each) => withPathLocks(rig, each, enter)));
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
  });

  test(
    "a lock file that was called stale, and kept its name, holds nobody",
    { timeout: 60_000 },
    async () => {
      using rig = new StoreRig();
      const path = absentPath();
      assert.deepEqual(rig.store.validPaths(), []);
      writeFileSync(`${rig.store.physical(path)}.lock`, "d");
      await withPathLocks(rig, [path], async () => {});
      assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
    },
  );

  test("whoever waited holds a lock file that others can find", async () => {
    using rig = new StoreRig();
    const path = absentPath();
    const waiting: Promise<void>[] = [];
    const nobodyElse = async (): Promise<void> => {
      const third = withPathLocks(rig, [path], async () => {}, { timeoutMs: 30 });
      await assert.rejects(third, coded("LOCK_TIMEOUT"));
    };
    await withPathLocks(rig, [path], async () => {
      // Waits on the file that is unlinked when we leave.
      const isWaiting = new Promise<void>((resolve) => {
        waiting.push(withPathLocks(rig, [path], nobodyElse, { onWait: resolve }));
      });
      await isWaiting;
    });
    await Promise.all(waiting);
  });

  test("files that are used again let one in at a time, and leave nothing behind", async () => {
    using rig = new StoreRig();
    const names = ["a", "b", "c"];
    const inside = new Map<string, number>();
    const enter = async (name: string): Promise<void> => {
      inside.set(name, (inside.get(name) ?? 0) + 1);
      assert.equal(inside.get(name), 1);
      await sleep(Math.random());
      inside.set(name, 0);
    };
    const others = openStore(rig.home);
    const work = async (store: Pick<Store, "lockPaths">): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) {
        const name = names[turn % names.length] ?? "";
        using locks = await store.lockPaths([absentPath(name)]);
        assert.equal(locks.paths.size, 1);
        await enter(name);
      }
    };
    await Promise.all([work(rig.store), work(others), work(rig.store)]);
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
    const { buildsDir } = layoutOf(rig.home);
    assert.notDeepEqual(readdirSync(buildsDir), [], "none was used again");
    others.close();
    rig.store.close();
    assert.deepEqual(readdirSync(buildsDir), []);
  });

  test("whoever waited for a file that was used before holds one that others can find, and it is not used again", async () => {
    using rig = new StoreRig();
    const path = absentPath();
    const inodes = new Set<number>();
    const take = async (): Promise<number> => {
      using locks = await rig.store.lockPaths([path]);
      assert.ok(locks.paths.has(path));
      return statSync(`${rig.store.physical(path)}.lock`).ino;
    };
    for (let turn = 0; turn < 12; turn += 1) inodes.add(await take());
    const used = await take();
    assert.ok(inodes.has(used), "no file was used again");
    const waiting: Promise<void>[] = [];
    let pin = -1;
    await withPathLocks(rig, [path], async () => {
      // Its number goes to no other file while it is open; only who may write to it counts as one who waits.
      pin = openSync(`${rig.store.physical(path)}.lock`, "r");
      assert.equal(fstatSync(pin).ino, used);
      const isWaiting = new Promise<void>((resolve) => {
        const nobodyElse = async (): Promise<void> => {
          assert.notEqual(statSync(`${rig.store.physical(path)}.lock`).ino, used);
          const third = withPathLocks(rig, [path], async () => {}, { timeoutMs: 30 });
          await assert.rejects(third, coded("LOCK_TIMEOUT"));
        };
        waiting.push(withPathLocks(rig, [path], nobodyElse, { onWait: resolve }));
      });
      await isWaiting;
    });
    await Promise.all(waiting);
    assert.notEqual(await take(), used);
    closeSync(pin);
  });

  test("can be waited for until a signal says otherwise", async () => {
    using rig = new StoreRig();
    await withPathLocks(rig, [absentPath()], async () => {
      const wait = { signal: AbortSignal.timeout(20) };
      await assert.rejects(
        withPathLocks(rig, [absentPath()], async () => {}, wait),
        { name: "TimeoutError" },
      );
    });
  });

  const isRoot = process.geteuid?.() === 0;
  test(
    "are all given back on a full disk, and who waited is told",
    { skip: !isRoot && "not root" },
    async () => {
      using rig = new StoreRig();
      mkdirSync(rig.home);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", rig.home]);
      try {
        rig.store.validPaths();
        const paths = ["a", "b", "c"].map(absentPath);
        const waiting: Promise<void>[] = [];
        await withPathLocks(rig, paths, async () => {
          assert.throws(() => writeFileSync(`${rig.home}/filler`, Buffer.alloc(2 << 20)), { code: "ENOSPC" });
          const isWaiting = new Promise<void>((resolve) => {
            waiting.push(withPathLocks(rig, paths, async () => {}, { onWait: resolve, timeoutMs: 20_000 }));
          });
          await isWaiting;
        });
        await Promise.all(waiting);
        assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
      } finally {
        rig.close();
        execFileSync("umount", [rig.home]);
      }
    },
  );

  for (const before of [0, 20])
    test(`keeps real Nix waiting, after ${before} other locks`, { skip: peer("nix-store") }, async () => {
      using rig = new StoreRig();
      for (let turn = 0; turn < before; turn += 1) await withPathLocks(rig, [absentPath()], async () => {});
      const source = rig.source();
      const path = await rig.store.sourcePath(source, { name: "source" });
      const nix = await withPathLocks(rig, [path], async () => {
        const child = spawn("nix-store", ["--store", rig.home, "--add", source], { stdio: "pipe" });
        await until(() => openFiles(child.pid).includes(`${rig.store.physical(path)}.lock`));
        assert.equal(existsSync(rig.store.physical(path)), false);
        return child;
      });
      const [status] = (await once(nix, "close")) as [number];
      assert.equal(status, 0);
      assert.ok(rig.store.isValid(path));
      assert.equal(rig.nixComplaints(), "");
    });
});

test("a collector that removes a file of temporary roots while it is opened is no error", async () => {
  using rig = new StoreRig();
  rig.store.validPaths();
  const layout = layoutOf(rig.home);
  const collector = `
    import { layoutOf } from "#store/layout.ts";
    import { readTempRoots } from "#store/live-processes.ts";
    const layout = layoutOf(process.argv[1]);
    process.stdout.write(".");
    for (;;) readTempRoots(layout, { dryRun: false });`;
  const flags = [...NODE_FLAGS, "--input-type=module-typescript", "--eval", collector, rig.home];
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    for (let opened = 0; opened < 500; opened++) {
      const roots = openTempRoots(layout);
      await roots.add([absentPath()]);
      roots.close();
    }
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
  }
});
