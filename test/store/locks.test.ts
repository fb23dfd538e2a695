// Path locks exclude whoever else makes the path: others here, other processes, real Nix.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WaitForLock } from "#base/libc.ts";
import type { StorePath } from "#nix/store-path.ts";
import { layoutOf } from "#store/layout.ts";
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

  test("keeps real Nix waiting", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
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
