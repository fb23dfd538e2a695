// Path locks exclude whoever else makes the path: others here, other processes, real Nix.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { peer } from "../rig/peer.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

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

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    assert.ok(tries < 1000);
    await sleep(10);
  }
}

describe("withPathLocks", () => {
  test("lets one in at a time, and leaves no lock file", async () => {
    using rig = new StoreRig();
    const paths = [absentPath("b"), absentPath("a")];
    let inside = 0;
    const enter = async (): Promise<void> => {
      assert.equal(++inside, 1);
      await sleep(5);
      inside--;
    };
    await Promise.all([paths, paths.toReversed(), paths].map((each) => rig.store.withPathLocks(each, enter)));
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
  });

  test("whoever waited holds a lock file that others can find", async () => {
    using rig = new StoreRig();
    const path = absentPath();
    const waiting: Promise<void>[] = [];
    const nobodyElse = async (): Promise<void> => {
      const third = rig.store.withPathLocks([path], async () => {}, { timeoutMs: 30 });
      await assert.rejects(third, coded("LOCK_TIMEOUT"));
    };
    await rig.store.withPathLocks([path], async () => {
      // Waits on the file that is unlinked when we leave.
      const isWaiting = new Promise<void>((resolve) => {
        waiting.push(rig.store.withPathLocks([path], nobodyElse, { onWait: resolve }));
      });
      await isWaiting;
    });
    await Promise.all(waiting);
  });

  test("can be waited for until a signal says otherwise", async () => {
    using rig = new StoreRig();
    await rig.store.withPathLocks([absentPath()], async () => {
      const wait = { signal: AbortSignal.timeout(20) };
      await assert.rejects(
        rig.store.withPathLocks([absentPath()], async () => {}, wait),
        { name: "TimeoutError" },
      );
    });
  });

  test("keeps real Nix waiting", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const source = rig.source();
    const path = rig.store.sourcePath(source, { name: "source" });
    const nix = await rig.store.withPathLocks([path], async () => {
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
