// Garbage collection: what a root, a temporary root or a running process needs stays, for us and for real Nix
// alike; all else goes, leftovers of killed runs included.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import fs, { statfsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";
import { layoutOf } from "#store/layout.ts";
import { openStore } from "#store/store.ts";
import { peer, sweep } from "../rig/peer.ts";
import { absentPath, coded, StoreRig, storeScript } from "./rig.ts";

/** leaf <- middle <- top, and a lone path; no process holds any of them. */
async function chain(rig: StoreRig) {
  const leaf = await rig.text("leaf");
  const middle = await rig.text("middle", [leaf]);
  const top = await rig.text("top", [middle]);
  const lone = await rig.text("lone");
  rig.close();
  return { leaf, middle, top, lone };
}

describe("roots", () => {
  test("a link keeps its path and all that needs, until it is gone or points elsewhere", async () => {
    using rig = new StoreRig();
    const { leaf, middle, lone, top } = await chain(rig);
    const link = rig.path("result");
    await rig.store.addRoot(link, middle);
    rig.close();
    assert.equal(readlinkSync(link), rig.store.physical(middle));
    assert.equal(readFileSync(link, "utf8"), `middle ${leaf}`);
    assert.deepEqual(rig.store.roots(), [{ path: middle, source: link }]);
    assert.deepEqual((await rig.store.gc({ dryRun: true })).paths.toSorted(), [lone, top].toSorted());
    assert.equal(rig.store.validPaths().length, 4);
    assert.deepEqual((await rig.store.gc()).paths.toSorted(), [lone, top].toSorted());
    assert.deepEqual(rig.store.validPaths(), [leaf, middle].toSorted());

    await rig.store.addRoot(link, leaf);
    rig.close();
    assert.deepEqual((await rig.store.gc()).paths, [middle]);

    rmSync(link);
    symlinkSync("/etc", link);
    assert.deepEqual(rig.store.roots(), []);
    assert.deepEqual((await rig.store.gc()).paths, [leaf]);
    assert.deepEqual(readdirSync(`${rig.home}/pipelite/roots`), []);
    assert.deepEqual(readdirSync(`${rig.home}/nix/var/nix/gcroots/pipelite`), []);
  });

  test("removing a root removes the link; removing none says so", async () => {
    using rig = new StoreRig();
    const path = await rig.text("kept");
    await rig.store.addRoot(rig.path("link"), path);
    assert.equal(await rig.store.removeRoot(rig.path("link")), true);
    assert.equal(existsSync(rig.path("link")), false);
    assert.deepEqual(rig.store.roots(), []);
    assert.equal(await rig.store.removeRoot(rig.path("link")), false);
  });

  test("nothing but a link into a store is written over", async () => {
    using rig = new StoreRig();
    const path = await rig.text("kept");
    const file = rig.write({ file: "mine" });
    symlinkSync("/etc", rig.path("other"));
    await assert.rejects(rig.store.addRoot(file, path), coded("STORE_ROOT_EXISTS"));
    await assert.rejects(rig.store.addRoot(rig.path("other"), path), coded("STORE_ROOT_EXISTS"));
    await assert.rejects(rig.store.addRoot(rig.path("new"), absentPath()), coded("STORE_PATH_NOT_VALID"));
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.equal(existsSync(rig.path("new")), false);
  });

  test("Nix's own kinds of roots count, stale indirect ones are dropped", async () => {
    using rig = new StoreRig();
    const { leaf, middle, top, lone } = await chain(rig);
    const roots = `${rig.home}/nix/var/nix/gcroots`;
    symlinkSync(leaf, rig.path("user-link"));
    symlinkSync(rig.path("user-link"), `${roots}/auto/indirect`);
    symlinkSync(rig.path("gone"), `${roots}/auto/stale`);
    writeFileSync(`${roots}/${storePathBase(lone)}`, "");
    mkdirSync(`${rig.home}/nix/var/nix/profiles/per-user`);
    symlinkSync(`${middle}/bin`, `${rig.home}/nix/var/nix/profiles/per-user/tool`);
    assert.deepEqual(new Set(rig.store.roots().map(({ path }) => path)), new Set([leaf, middle, lone]));
    assert.deepEqual((await rig.store.gc()).paths, [top]);
    assert.deepEqual(readdirSync(`${roots}/auto`), ["indirect"]);
  });

  test("real Nix keeps what our root keeps and removes the rest", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const { leaf, middle, lone, top } = await chain(rig);
    await rig.store.addRoot(rig.path("result"), middle);
    rig.close();
    rig.nix("nix-store", "--gc");
    const { store } = rig;
    assert.deepEqual(
      [leaf, middle, top, lone].map((path) => store.isValid(path)),
      [true, true, false, false],
    );
    assert.equal(rig.nixComplaints(), "");
  });

  test("a derivation stays while what it made is alive", async () => {
    using rig = new StoreRig();
    const drv = await rig.store.addDerivation({
      name: "made",
      outputs: new Map([["out", { kind: "floating", method: "recursive", algorithm: "sha256" }]]),
      inputDrvs: new Map(),
      inputSrcs: [],
      system: "x86_64-linux",
      builder: "/bin/sh",
      args: [],
      env: new Map(),
    });
    const scratch = rig.write({ "home/pipelite/out": "made" });
    const output = { scratch, scratchPath: absentPath(), name: "made", references: [], deriver: drv };
    const [made] = await rig.store.registerOutputs([output]);
    assert.ok(made !== undefined);
    await rig.store.addRoot(rig.path("result"), made.path);
    rig.close();
    assert.deepEqual((await rig.store.gc()).paths, []);
    rmSync(rig.path("result"));
    assert.deepEqual((await rig.store.gc()).paths.toSorted(), [drv, made.path].toSorted());
  });
});

describe("collection", () => {
  test("takes leftovers of killed runs: unregistered trees, lock files, scratch files", async () => {
    using rig = new StoreRig();
    const kept = await rig.text("kept");
    await rig.store.addRoot(rig.path("result"), kept);
    rig.close();
    const base = storePathBase(absentPath());
    rig.write({ [`home/nix/store/${base}/half`]: "x".repeat(10_000), [`home/nix/store/${base}.lock`]: "" });
    rig.write({
      [`home/nix/store/${base}-scratch-1/x`]: "",
      "home/nix/store/stray": "",
      "home/nix/store/add-99999999-1/x": "",
    });
    const { leftovers, freedBytes, paths } = await rig.store.gc();
    assert.deepEqual(paths, []);
    assert.deepEqual(
      leftovers,
      [base, `${base}-scratch-1`, `${base}.lock`, "add-99999999-1", "stray"].toSorted(),
    );
    assert.ok(freedBytes >= 10_000);
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links", storePathBase(kept)].toSorted());
  });

  test("frees deduplicated files that nobody has any more", async () => {
    using rig = new StoreRig();
    const dead = await rig.text("dead");
    const kept = await rig.text("kept");
    await rig.store.addRoot(rig.path("result"), kept);
    rig.close();
    const links = `${rig.home}/nix/store/.links`;
    linkSync(rig.store.physical(dead), `${links}/of-dead`);
    linkSync(rig.store.physical(kept), `${links}/of-kept`);
    await rig.store.gc();
    assert.deepEqual(readdirSync(links), ["of-kept"]);
  });

  test("gives back its reserve only while it works", async () => {
    using rig = new StoreRig();
    await rig.text("x");
    rig.close();
    await rig.store.gc();
    assert.equal(existsSync(layoutOf(rig.home).reservedFile), false);
    rig.close();
    rig.store.validPaths();
    assert.equal(statSync(layoutOf(rig.home).reservedFile).size, 8 * 1024 * 1024);
  });

  test("deletePaths refuses what is referred to, rooted, or in use, and then deletes nothing", async () => {
    using rig = new StoreRig();
    const { leaf, middle, top, lone } = await chain(rig);
    await rig.store.addRoot(rig.path("result"), lone);
    rig.close();
    const { store } = rig;
    await assert.rejects(store.deletePaths([leaf]), coded("STORE_PATH_IN_USE"));
    await assert.rejects(store.deletePaths([top, lone]), coded("STORE_PATH_IN_USE"));
    await assert.rejects(store.deletePaths([absentPath()]), coded("STORE_PATH_NOT_VALID"));
    assert.equal(store.validPaths().length, 4);
    assert.deepEqual((await store.deletePaths([leaf, top, middle])).paths, [top, middle, leaf]);
    assert.deepEqual(store.validPaths(), [lone]);
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links", storePathBase(lone)].toSorted());
  });
});

describe("other processes", () => {
  /** A process that holds the store open and runs `code`, then waits to be killed. */
  async function holder(rig: StoreRig, code: string, ...args: string[]): Promise<ChildProcess> {
    const script = storeScript(
      `${code}; console.log("ready"); setInterval(() => {}, 1000); await new Promise(() => {});`,
    );
    const child = spawn(process.execPath, [...script, rig.home, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  test(
    "keep what they work with while they live, for us and for real Nix",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const { leaf, middle, top, lone } = await chain(rig);
      const child = await holder(rig, "await store.addTempRoot(args[0])", middle);
      try {
        rig.nix("nix-store", "--gc");
        assert.deepEqual(rig.store.validPaths(), [leaf, middle].toSorted());
        assert.deepEqual((await rig.store.gc()).paths, []);
        await assert.rejects(rig.store.deletePaths([middle]), coded("STORE_PATH_IN_USE"));
      } finally {
        await kill(child);
      }
      assert.deepEqual((await rig.store.gc()).paths, [middle, leaf]);
      assert.deepEqual(readdirSync(`${rig.home}/nix/var/nix/temproots`), []);
      void [top, lone];
    },
  );

  test("keep what they run from or have open", async () => {
    using rig = new StoreRig();
    const open = await rig.text("open");
    const dead = await rig.text("dead");
    rig.close();
    const child = spawn("sleep", ["60"], {
      stdio: [openSync(rig.store.physical(open), "r"), "ignore", "ignore"],
    });
    try {
      assert.deepEqual((await rig.store.gc()).paths, [dead]);
    } finally {
      await kill(child);
    }
  });

  test("that add a root while a collection runs are answered over its socket", async () => {
    using rig = new StoreRig();
    const { leaf, middle, top, lone } = await chain(rig);
    const { store } = rig;
    using other = openStore(rig.home);
    const deleted: string[] = [];
    // Another names the last of the chain while the first goes: its row is gone with the first, its files
    // stay.
    await store.gc({
      onDelete: async (name) => {
        deleted.push(name);
        await other.addTempRoot(leaf, absentPath("wanted"));
      },
    });
    assert.deepEqual(deleted.toSorted(), [leaf, middle, top, lone].toSorted());
    assert.equal(store.isValid(leaf), false);
    assert.ok(existsSync(store.physical(leaf)));
    assert.deepEqual(
      readFileSync(`${rig.home}/nix/var/nix/temproots/${process.pid}`, "utf8").split("\0")[0],
      leaf,
    );
    // Made again, it is as good as new.
    assert.deepEqual(
      [await rig.text("leaf"), (await store.verify({ checkContents: true })).problems],
      [leaf, []],
    );
  });

  test(
    "of real Nix that add while a collection runs get what they added",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const { leaf, top } = await chain(rig);
      const source = rig.write({ added: "added meanwhile" });
      const added: string[] = [];
      const adding = async (): Promise<void> => {
        if (added.length > 0) return;
        added.push("");
        const child = spawn("nix-store", ["--store", rig.home, "--add", source], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const [output] = (await once(child.stdout, "data")) as [Buffer];
        added[0] = output.toString().trim();
        if (child.exitCode === null) await once(child, "exit");
      };
      const { paths } = await rig.store.gc({ onDelete: adding });
      assert.ok(paths.includes(leaf) && paths.includes(top));
      assert.deepEqual(rig.store.validPaths(), added);
      assert.equal(rig.nixComplaints(), "");
    },
  );

  test("that register what was there since the graph was read keep it", async (t) => {
    using rig = new StoreRig();
    const made = await rig.text("made");
    const kept = readFileSync(rig.store.physical(made));
    rig.close();
    await rig.store.deletePaths([made]);
    writeFileSync(rig.store.physical(made), kept);
    // As one does that has no temporary root for it.
    const register = (): void => {
      using database = new DatabaseSync(layoutOf(rig.home).databaseFile);
      const hash = `sha256:${"0".repeat(64)}`;
      database.exec(`insert into ValidPaths (path, hash, registrationTime) values ('${made}', '${hash}', 1)`);
    };
    const { readdir } = fs;
    const registering = (...[path, options, callback]: Parameters<typeof readdir>): void =>
      readdir(path, options, (error, names) => {
        register();
        callback(error, names);
      });
    t.mock.method(fs, "readdir", registering);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    assert.deepEqual((await rig.store.gc()).leftovers, []);
    assert.deepEqual([rig.store.validPaths(), existsSync(rig.store.physical(made))], [[made], true]);
  });

  test("that collect at the same time wait for each other", async () => {
    using rig = new StoreRig();
    for (let index = 0; index < 30; index++) await rig.text(`t${index}`);
    rig.close();
    using other = openStore(rig.home);
    const results = await Promise.all([rig.store.gc(), other.gc()]);
    assert.equal(results[0].paths.length + results[1].paths.length, 30);
  });
});

test(
  "a temporary root named over the socket in time is spared with all it needs",
  { skip: sweep() },
  async () => {
    using rig = new StoreRig();
    // More paths than one batch of rows, so that the collection has turns in between.
    const leaf = await rig.text("leaf");
    const keeper = await rig.text("keeper", [leaf]);
    const texts = Array.from({ length: 1100 }, (_, index) =>
      rig.store.addText(`n${index}`, utf8(`${index}`), [keeper]),
    );
    await Promise.all(texts);
    rig.close();
    using other = openStore(rig.home);
    const { paths } = await rig.store.gc({ onDelete: () => other.addTempRoot(keeper) });
    assert.equal(paths.length, 1100);
    assert.deepEqual(rig.store.validPaths(), [keeper, leaf].toSorted());
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  },
);

test(
  "of thousands of paths goes what nothing keeps: neither a root, nor a process, nor what they need",
  { skip: peer("nix-store") },
  async () => {
    using rig = new StoreRig();
    const COUNT = 2600;
    const paths: StorePath[] = [];
    for (let at = 0; at < COUNT; at += 100) {
      const before = paths.at(-7);
      const added = Array.from({ length: 100 }, (_, index) =>
        rig.store.addText(`n${at + index}`, utf8(`${at + index}`), before === undefined ? [] : [before]),
      );
      paths.push(...(await Promise.all(added)).map(({ path }) => path));
    }
    const open = paths[1111] ?? absentPath();
    const rooted = paths[2222] ?? absentPath();
    // Their rows are some here and some there, with long stretches in between.
    for (const at of [40, 41, 43, 1500, 1502]) await rig.store.addRoot(rig.path(`r${at}`), paths[at] ?? open);
    await rig.store.addRoot(rig.path("result"), rooted);
    const kept = rig.store.closure([
      open,
      rooted,
      ...[40, 41, 43, 1500, 1502].map((at) => paths[at] ?? open),
    ]);
    rig.close();
    const child = spawn("sleep", ["60"], {
      stdio: [openSync(rig.store.physical(open), "r"), "ignore", "ignore"],
    });
    try {
      const { paths: gone, leftovers } = await rig.store.gc();
      assert.deepEqual(leftovers, []);
      assert.deepEqual(rig.store.validPaths(), kept);
      const all = new Set<StorePath>(paths);
      for (const path of kept) all.delete(path);
      assert.deepEqual(new Set(gone), all);
      const names = kept.map(storePathBase);
      assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links", ...names].toSorted());
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    assert.equal(rig.nixComplaints(), "");
  },
);

describe("a collection with limits", () => {
  /** Four paths, the oldest first; the last refers to the second. */
  async function aged(rig: StoreRig) {
    const content = (name: string) => Buffer.from(name.repeat(100_000));
    const add = async (name: string, references: StorePath[] = []) =>
      (await rig.store.addText(name, content(name), references)).path;
    const [a, b, c] = [await add("a"), await add("b"), await add("c")];
    const d = (await rig.store.addText("d", Buffer.from(b), [b])).path;
    rig.close();
    const now = Math.floor(Date.now() / 1000);
    const database = new DatabaseSync(layoutOf(rig.home).databaseFile);
    for (const [path, days] of [
      [a, 40],
      [b, 30],
      [c, 20],
      [d, 1],
    ] as const)
      database
        .prepare("update ValidPaths set registrationTime = ? where path = ?")
        .run(now - days * 86_400, path);
    database.close();
    return { a, b, c, d };
  }
  const DAY_MS = 86_400_000;

  test("keeps what is young, with all it needs", async () => {
    using rig = new StoreRig();
    const { a, c, b, d } = await aged(rig);
    const { paths } = await rig.store.gc({ olderThanMs: 10 * DAY_MS });
    assert.deepEqual(paths, [a, c]);
    assert.deepEqual(rig.store.validPaths(), [b, d].toSorted());
  });

  test(
    "stops when enough is freed, the oldest first; a dry run says the same",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const { a, b, c, d } = await aged(rig);
      for (const limits of [{ maxFreedBytes: 50_000 }, { maxStoreBytes: 250_000 }]) {
        assert.deepEqual((await rig.store.gc({ ...limits, dryRun: true })).paths, [a]);
      }
      const { bavail, bsize } = statfsSync(rig.home);
      assert.deepEqual((await rig.store.gc({ minFreeBytes: bavail * bsize - 1e9, dryRun: true })).paths, []);
      // What is begun in one batch is ended.
      const { paths } = await rig.store.gc({ maxFreedBytes: 50_000 });
      assert.deepEqual(paths, [a, d, b, c]);
      assert.equal(rig.nixComplaints(), "");
    },
  );

  test("stops in the middle of many", async () => {
    using rig = new StoreRig();
    for (let n = 0; n < 100; n++) await rig.store.addText(`t${n}`, Buffer.alloc(8192, n));
    rig.close();
    const { paths, freedBytes } = await rig.store.gc({ maxFreedBytes: 100_000 });
    assert.ok(paths.length >= 12 && paths.length <= 12 + 2 * 16, `${paths.length} paths`);
    assert.ok(freedBytes >= 100_000);
    const left = rig.store.validPaths().length;
    await rig.store.gc({ maxStoreBytes: 40 * 8304 });
    assert.ok(rig.store.validPaths().length <= 40 && rig.store.validPaths().length > 0 && left > 40);
  });
});
