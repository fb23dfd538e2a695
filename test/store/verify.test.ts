// Verification names every kind of harm.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { layoutOf } from "#store/layout.ts";
import { coded, absentPath, StoreRig, storeScript } from "./rig.ts";

function change(file: string, action: () => void): void {
  chmodSync(file, 0o644);
  action();
  chmodSync(file, 0o444);
  utimesSync(file, 1, 1);
}

describe("verify", () => {
  test("raises no alarm for what others add and collect meanwhile", async () => {
    using rig = new StoreRig();
    const sound = await rig.text("sound");
    await rig.store.addRoot(rig.path("root"), sound);
    const code = `
      store.close();
      for (;;) {
        { using adder = openStore(process.argv[1]);
          for (let n = 0; n < 20; n++) await adder.addText("t" + n, Buffer.from("x".repeat(20000) + n)); }
        { using collector = openStore(process.argv[1]);
          await collector.gc(); }
        process.stdout.write(".");
      }`;
    const child = spawn(process.execPath, [...storeScript(code), rig.home], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(child.stdout, "data");
      for (let round = 0; round < 40; round++) {
        assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });

  test("finds nothing wrong with a sound store, and says what it read", async () => {
    using rig = new StoreRig();
    await rig.text("a");
    const { narSize } = await rig.store.addTree(rig.source(), { name: "s" });
    const seen: string[] = [];
    const result = await rig.store.verify({ checkContents: true, onPath: (path) => void seen.push(path) });
    assert.deepEqual(result.problems, []);
    assert.equal(result.paths, 2);
    assert.ok(result.bytes > narSize);
    assert.deepEqual(seen, rig.store.validPaths());
  });

  test("names a changed file's path, even where size and time are as before", async () => {
    using rig = new StoreRig();
    const { path } = await rig.store.addTree(rig.source(), { name: "s" });
    await rig.text("sound");
    const file = `${rig.store.physical(path)}/sub/b.txt`;
    change(file, () => writeFileSync(file, "c"));
    assert.deepEqual((await rig.store.verify()).problems, []);
    const { problems } = await rig.store.verify({ checkContents: true });
    assert.deepEqual(
      problems.map((each) => [each.kind, "path" in each && each.path]),
      [["modified", path]],
    );
  });

  test("names files that were written to, changed or not", async () => {
    using rig = new StoreRig();
    const { path } = await rig.store.addTree(rig.source(), { name: "s" });
    const root = rig.store.physical(path);
    const now = new Date();
    utimesSync(`${root}/a.txt`, now, now);
    chmodSync(`${root}/sub/b.txt`, 0o644);
    const files = ["a.txt", "sub/b.txt"];
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, [
      { kind: "not-canonical", path, files },
    ]);
    appendFileSync(`${root}/sub/b.txt`, "more");
    const [problem] = (await rig.store.verify({ checkContents: true })).problems;
    assert.ok(problem?.kind === "modified");
    assert.deepEqual(problem.files, files);
    assert.notEqual(problem.wanted, problem.actual);
  });

  test("names what is missing, and what cannot be a store path any more", async () => {
    using rig = new StoreRig();
    const gone = await rig.text("gone");
    rmSync(rig.store.physical(gone));
    assert.deepEqual((await rig.store.verify()).problems, [{ kind: "missing", path: gone }]);
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [rig.store.physical(gone)]);
    const [problem] = (await rig.store.verify({ checkContents: true })).problems;
    assert.equal(problem?.kind, "unreadable");
  });

  test("checks only the paths it is asked for, which must be valid", async () => {
    using rig = new StoreRig();
    const [gone, sound] = [await rig.text("gone"), await rig.text("sound")];
    rmSync(rig.store.physical(gone));
    assert.deepEqual(await rig.store.verify({ paths: [sound] }), { problems: [], paths: 1, bytes: 0 });
    await assert.rejects(rig.store.verify({ paths: [absentPath()] }), coded("STORE_PATH_NOT_VALID"));
  });

  test("finds a database row that was tampered with", async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.text("top", [leaf]);
    const address = rig.store.info(leaf)?.contentAddress ?? "";
    rig.close();
    const { databaseFile } = layoutOf(rig.home);
    const sql = new DatabaseSync(databaseFile, { enableForeignKeyConstraints: false });
    sql.prepare("update ValidPaths set ca = ? where path = ?").run(address, top);
    sql.prepare("insert into Refs (referrer, reference) values (1, 999)").run();
    sql.close();
    const { problems } = await rig.store.verify();
    assert.deepEqual(problems, [
      { kind: "database", reason: "a row of Refs refers to a missing row of ValidPaths" },
      { kind: "address-wrong", path: top, contentAddress: address },
    ]);
    assert.ok(readFileSync(databaseFile).length > 0);
  });

  test("stops when it is told to", async () => {
    using rig = new StoreRig();
    await rig.text("a");
    const stop = AbortSignal.abort();
    await assert.rejects(rig.store.verify({ signal: stop }), { name: "AbortError" });
  });
});
