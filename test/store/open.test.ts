// Opening a store: a new one is made in Nix's shape, a foreign, damaged or unwritable one is refused with
// nothing changed.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { hex } from "#base/bytes.ts";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { sha256 } from "#nix/hash.ts";
import { layoutOf, type Layout } from "#store/layout.ts";
import { guard } from "#store/failure.ts";
import { openStore } from "#store/store.ts";
import { coded, StoreRig, storeScript } from "./rig.ts";

describe("openStore", () => {
  test("makes a database anew that was lost while it was made", async () => {
    using rig = new StoreRig();
    rig.store.validPaths();
    rig.close();
    const { databaseFile, schemaFile } = layoutOf(rig.home);
    rmSync(schemaFile);
    const whole = readFileSync(databaseFile);
    // Pages that had not reached the disk, and a log of it that is of another one.
    writeFileSync(databaseFile, whole.fill(0, 4096));
    writeFileSync(`${databaseFile}-wal`, whole.subarray(0, 5000));
    assert.deepEqual(rig.store.validPaths(), []);
    await rig.text("added");
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("makes a store in the shape of Nix 2.8", () => {
    using rig = new StoreRig();
    assert.deepEqual(rig.store.validPaths(), []);
    const layout = layoutOf(rig.home);
    assert.equal(readFileSync(layout.schemaFile, "utf8"), "10");
    assert.equal(statSync(layout.reservedFile).size, 8 * 1024 * 1024);
    assert.equal(statSync(layout.bigLock).mode & 0o777, 0o600);
    rig.close();
    const sql = new DatabaseSync(layout.databaseFile);
    assert.deepEqual({ ...sql.prepare("pragma journal_mode").get() }, { journal_mode: "wal" });
    const names = sql
      .prepare("select name from sqlite_master where name not like 'sqlite%' order by name")
      .all();
    sql.close();
    assert.deepEqual(
      names.map((row) => row["name"]),
      (
        "DeleteSelfRefs DerivationOutputs IndexDerivationOutputs IndexRealisations IndexRealisationsRefs " +
        "IndexRealisationsRefsOnOutputPath IndexReference IndexReferrer Realisations RealisationsRefs Refs " +
        "ValidPaths"
      ).split(" "),
    );
  });

  test("opens the same store twice in one process, and again", async () => {
    using rig = new StoreRig();
    const path = await rig.text("kept");
    {
      using second = openStore(rig.home);
      assert.ok(second.isValid(path));
      await second.addTempRoot(path);
    }
    rig.close();
    assert.ok(rig.store.isValid(path));
  });

  test("makes no new database where paths are: a collection would take all of them", async () => {
    using rig = new StoreRig();
    const path = await rig.text("kept");
    rig.close();
    const { databaseFile, schemaFile } = layoutOf(rig.home);
    for (const file of [schemaFile, databaseFile]) {
      const content = readFileSync(file);
      rmSync(file);
      assert.throws(() => openStore(rig.home), coded("STORE_DATABASE_DAMAGED"));
      assert.equal(existsSync(file), false);
      writeFileSync(file, content);
    }
    assert.ok(rig.store.isValid(path));
  });

  test("to read only, refuses a home without a store and makes none", () => {
    using rig = new StoreRig();
    assert.throws(() => openStore(rig.home, { readOnly: true }), coded("STORE_NOT_FOUND"));
    assert.equal(existsSync(rig.home), false);
  });

  test("to read only, refuses to write", async () => {
    using rig = new StoreRig();
    const path = await rig.text("there");
    rig.close();
    using store = openStore(rig.home, { readOnly: true });
    assert.ok(store.isValid(path));
    await assert.rejects(store.addText("x", new Uint8Array()), coded("STORE_READ_ONLY"));
  });
});

/** Hashes of all database files, but SQLite's own notes on who reads and an empty log. */
function contentsOf(layout: Layout): Record<string, string> {
  const names = readdirSync(layout.databaseDir).filter((name) => !/^reserved$|-shm$/.test(name));
  const files = names.map((name) => [name, readFileSync(`${layout.databaseDir}/${name}`)] as const);
  return Object.fromEntries(
    files
      .filter(([name, content]) => !name.endsWith("-wal") || content.length > 0)
      .map(([name, content]) => [name, hex(sha256(content))]),
  );
}

describe("a store that cannot be used is refused and not changed:", () => {
  const refused = (name: string, code: Parameters<typeof coded>[0], harm: (layout: Layout) => void): void => {
    test(name, async () => {
      using rig = new StoreRig();
      await rig.text("content");
      rig.close();
      const layout = layoutOf(rig.home);
      harm(layout);
      const before = contentsOf(layout);
      for (const readOnly of [false, true])
        assert.throws(() => openStore(rig.home, { readOnly }), coded(code));
      assert.deepEqual(contentsOf(layout), before);
    });
  };
  refused("an empty database", "STORE_DATABASE_DAMAGED", ({ databaseFile }) => truncateSync(databaseFile, 0));
  refused("a database cut in half", "STORE_DATABASE_DAMAGED", ({ databaseFile }) =>
    truncateSync(databaseFile, statSync(databaseFile).size / 2),
  );
  refused("a database that is something else", "STORE_DATABASE_DAMAGED", ({ databaseFile }) =>
    writeFileSync(databaseFile, "x".repeat(8192)),
  );
  refused("a missing database", "STORE_DATABASE_DAMAGED", ({ databaseFile }) => rmSync(databaseFile));
  refused("a schema of the future", "STORE_SCHEMA_FOREIGN", ({ schemaFile }) =>
    writeFileSync(schemaFile, "11"),
  );
  refused("a table that is missing", "STORE_DATABASE_DAMAGED", ({ databaseFile }) =>
    execute(databaseFile, "drop table DerivationOutputs"),
  );
  refused("a column that is missing", "STORE_SCHEMA_FOREIGN", ({ databaseFile }) =>
    execute(databaseFile, "alter table ValidPaths drop column ca"),
  );
  refused("paths of another store directory", "STORE_SCHEMA_FOREIGN", ({ databaseFile }) =>
    execute(databaseFile, "update ValidPaths set path = replace(path, '/nix/store', '/gnu/store')"),
  );
});

function execute(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

test("a cut-off database is said to be cut off, with what to do", async () => {
  using rig = new StoreRig();
  await rig.text("content");
  rig.close();
  const { databaseFile } = layoutOf(rig.home);
  truncateSync(databaseFile, statSync(databaseFile).size - 4096);
  assert.throws(
    () => openStore(rig.home),
    (error: PipeliteError) => {
      assert.match(error.message, /it is cut off after \d+ of \d+ bytes$/);
      assert.match(error.hint ?? "", /copy of the file/);
      assert.equal(error.exitCode, 3);
      return true;
    },
  );
});

test("columns that other versions add are passed over", async () => {
  using rig = new StoreRig();
  const path = await rig.text("before");
  rig.close();
  execute(layoutOf(rig.home).databaseFile, "alter table ValidPaths add column provenance text");
  assert.equal(rig.store.info(path)?.path, path);
  assert.ok(rig.store.isValid(await rig.text("after")));
});

test("a damaged page met later is said to be damage", async () => {
  using rig = new StoreRig();
  for (let index = 0; index < 40; index++) await rig.text(`text-${index}`);
  rig.close();
  const { databaseFile } = layoutOf(rig.home);
  const bytes = readFileSync(databaseFile);
  bytes.fill(0xa5, 4096);
  writeFileSync(databaseFile, bytes);
  assert.throws(() => rig.store.validPaths(), coded("STORE_DATABASE_DAMAGED"));
});

test("a database that another process holds is said to be busy", () => {
  using rig = new StoreRig();
  rig.store.validPaths();
  const layout = layoutOf(rig.home);
  using holder = new DatabaseSync(layout.databaseFile);
  using other = new DatabaseSync(layout.databaseFile);
  holder.exec("begin immediate");
  assert.throws(() => guard(layout, () => other.exec("begin immediate")), coded("STORE_BUSY"));
});

test("a disk that fails under a file that is open is told with the home, and a file that is named is told itself", () => {
  using rig = new StoreRig();
  const layout = layoutOf(rig.home);
  const failure = Object.assign(new Error("EIO"), { code: "EIO", syscall: "write" });
  const fail = () => guard(layout, () => assert.fail(failure));
  assert.throws(
    fail,
    (error) => isPipeliteError(error, "STORE_DISK_FAILED") && error.message.includes(rig.home),
  );
  Object.assign(failure, { path: "/a" });
  assert.throws(fail, failure);
});

test("a home below a file is refused", () => {
  using rig = new StoreRig();
  const file = rig.write({ file: "" });
  assert.throws(() => openStore(`${file}/home`), coded("STORE_READ_ONLY"));
});

const isRoot = process.geteuid?.() === 0;

/** Runs a script as an ordinary user where the tests run as root, else as who they run as. */
function asOrdinaryUser(home: string, code: string): { status: number | null; output: string } {
  const node = [process.execPath, ...storeScript(code), home];
  const demote = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const [command = "", ...args] = isRoot ? [...demote, ...node] : node;
  const done = spawnSync(command, args, { encoding: "utf8" });
  return { status: done.status, output: done.stdout + done.stderr };
}

describe("an ordinary user", () => {
  test("has a store of their own that works", () => {
    using rig = new StoreRig();
    chmodSync(rig.folder, 0o777);
    const source = rig.source();
    const { status, output } = asOrdinaryUser(
      rig.home,
      `const { path } = await store.addTree(${JSON.stringify(source)}, { name: "mine" });
       await store.addRoot(${JSON.stringify(rig.path("link"))}, path);
       await store.addTree(${JSON.stringify(source)}, { name: "garbage" });
       store.close();
       using again = openStore(store.home);
       const gone = await again.gc();
       const { problems } = await again.verify({ checkContents: true });
       console.log(path, gone.paths.length, problems.length);`,
    );
    assert.equal(status, 0, output);
    assert.match(output, /^\/nix\/store\/\w{32}-mine 1 0\n$/);
    if (isRoot) execFileSync("chown", ["-R", "0:0", rig.folder]);
  });

  test(
    "is told that the home of somebody else is not writable, and nothing is written",
    { skip: !isRoot && "not root" },
    () => {
      using rig = new StoreRig();
      chmodSync(rig.folder, 0o755);
      rig.store.validPaths();
      rig.close();
      const before = contentsOf(layoutOf(rig.home));
      const { status, output } = asOrdinaryUser(rig.home, "");
      assert.notEqual(status, 0);
      assert.match(output, /STORE_READ_ONLY/);
      assert.deepEqual(contentsOf(layoutOf(rig.home)), before);
    },
  );
});

test(
  "a home on a read-only file system is refused, and can still be read",
  { skip: !isRoot && "not root" },
  async () => {
    using rig = new StoreRig();
    mkdirSync(rig.home);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", rig.home]);
    try {
      const path = await rig.text("there");
      rig.close();
      execFileSync("mount", ["-o", "remount,ro", rig.home]);
      assert.throws(() => openStore(rig.home), coded("STORE_READ_ONLY"));
      assert.throws(() => openStore(`${rig.home}/not/there/yet`), coded("STORE_READ_ONLY"));
      using store = openStore(rig.home, { readOnly: true });
      assert.deepEqual(store.validPaths(), [path]);
    } finally {
      rig.close();
      execFileSync("umount", [rig.home]);
    }
  },
);
