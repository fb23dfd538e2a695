// The rows of many paths go at a time, without SQLite's own look at each foreign key: what depends on them goes, too, and what somebody
// refers to stays.
import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { utf8 } from "#base/bytes.ts";
import type { StorePath } from "#nix/store-path.ts";
import { layoutOf } from "#store/layout.ts";
import { peer } from "../rig/peer.ts";
import { coded, StoreRig } from "./rig.ts";

const MANY = 300;

/** Paths that nothing keeps, and a derivation among them. */
async function fill(rig: StoreRig): Promise<StorePath[]> {
  const [leaf] = [await rig.text("leaf")];
  const texts = Array.from({ length: MANY }, (_, index) =>
    rig.store.addText(`n${index}`, utf8(`${index}`), [leaf]),
  );
  const drv = await rig.store.addDerivation({
    name: "made",
    outputs: new Map([["out", { kind: "input-addressed", path: leaf }]]),
    inputDrvs: new Map(),
    inputSrcs: [leaf],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: [],
    env: new Map(),
  });
  const paths = [leaf, ...(await Promise.all(texts)).map(({ path }) => path), drv];
  const ids = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}!out` as const);
  const [one, other] = ids.map((id, at) => ({
    id,
    outPath: paths[at] ?? leaf,
    dependencies: new Map(),
    signatures: [],
  }));
  assert.ok(one !== undefined && other !== undefined);
  await rig.store.addRealisations([one, { ...other, dependencies: new Map([[one.id, one.outPath]]) }]);
  rig.close();
  return paths;
}

function rowsOf(rig: StoreRig): Record<string, unknown> {
  using database = new DatabaseSync(layoutOf(rig.home).databaseFile);
  const tables = ["ValidPaths", "Refs", "DerivationOutputs", "Realisations", "RealisationsRefs"];
  const counts = tables.map((table) => [
    table,
    database.prepare(`select count(*) as n from ${table}`).get()?.["n"],
  ]);
  return Object.fromEntries(counts) as Record<string, unknown>;
}

/** Does something while a collection reads what there is. */
function meanwhile(t: TestContext, action: () => void): void {
  const { readdir } = fs;
  t.mock.method(fs, "readdir", (...[path, options, callback]: Parameters<typeof readdir>): void =>
    readdir(path, options, (error, names) => {
      action();
      callback(error, names);
    }),
  );
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test("with many paths goes all that depends on them", { skip: peer("nix-store") }, async () => {
  using rig = new StoreRig();
  const paths = await fill(rig);
  assert.ok(Object.values(rowsOf(rig)).every((count) => count !== 0));
  assert.deepEqual(new Set((await rig.store.gc()).paths), new Set(paths));
  rig.close();
  assert.ok(Object.values(rowsOf(rig)).every((count) => count === 0));
  assert.equal(rig.nixComplaints(), "");
});

test("what somebody has registered since, who has no root for what it needs, loses nothing", async (t) => {
  using rig = new StoreRig();
  const [leaf] = await fill(rig);
  const before = rowsOf(rig);
  meanwhile(t, () => {
    using database = new DatabaseSync(layoutOf(rig.home).databaseFile);
    const values = `'${leaf}-new', 'sha256:${"0".repeat(64)}', 1`;
    database.exec(`insert into ValidPaths (path, hash, registrationTime) values (${values});
      insert into Refs select last_insert_rowid(), id from ValidPaths where path = '${leaf}'`);
  });
  await assert.rejects(rig.store.gc(), coded("STORE_PATH_IN_USE"));
  assert.deepEqual(rowsOf(rig), { ...before, ValidPaths: MANY + 3, Refs: Number(before["Refs"]) + 1 });
  assert.deepEqual(
    rig.store.validPaths().filter((path) => !fs.existsSync(rig.store.physical(path))),
    [`${leaf}-new`],
  );
});

test("a table that only somebody else knows is asked by SQLite", async () => {
  using rig = new StoreRig();
  await fill(rig);
  const { databaseFile } = layoutOf(rig.home);
  const count = (): unknown => {
    using database = new DatabaseSync(databaseFile);
    return database.prepare("select count(*) as n from Theirs").get()?.["n"];
  };
  {
    using database = new DatabaseSync(databaseFile);
    database.exec(`create table Theirs (path integer references ValidPaths(id) on delete cascade);
      insert into Theirs select id from ValidPaths`);
  }
  assert.equal(count(), MANY + 2);
  await rig.store.gc();
  rig.close();
  assert.equal(count(), 0);
});
