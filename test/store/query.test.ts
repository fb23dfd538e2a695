// Questions about how paths hang together.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "#base/bytes.ts";
import { storePathHash, type StorePath } from "#nix/store-path.ts";
import { registerPaths } from "#store/register.ts";
import { openDatabase, transact } from "#store/database.ts";
import { layoutOf } from "#store/layout.ts";
import { closure, referrers, sortedClosure, storeDatabase } from "#store/query.ts";
import { makeTextPath } from "#nix/store-path.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

describe("queries", () => {
  test("closure, referrers and the chain between two paths", async () => {
    using rig = new StoreRig();
    const a = await rig.text("a");
    const b = await rig.text("b", [a]);
    const c = await rig.text("c", [a]);
    const d = await rig.text("d", [b, c]);
    const e = await rig.text("e", [d, b]);
    const lone = await rig.text("lone");
    const { store } = rig;
    assert.deepEqual(store.closure([d]), [a, b, c, d].toSorted());
    assert.deepEqual(store.closure([]), []);
    assert.deepEqual(store.closure([lone, a]), [a, lone].toSorted());
    assert.deepEqual(store.referrers(a), [b, c].toSorted());
    assert.deepEqual(store.whyDepends(e, a), [e, b, a]);
    assert.deepEqual(store.whyDepends(e, e), [e]);
    assert.equal(store.whyDepends(e, lone), undefined);
    assert.equal(store.pathOfHash(storePathHash(c)), c);
    assert.equal(store.pathOfHash(storePathHash(absentPath())), undefined);
    const sorted = store.sortedClosure([e]);
    for (const [index, path] of sorted.entries()) {
      for (const reference of store.info(path)?.references ?? [])
        assert.ok(sorted.indexOf(reference) < index);
    }
  });

  test("what is not valid is said to be so", async () => {
    using rig = new StoreRig();
    assert.equal(rig.store.info(absentPath()), undefined);
    assert.equal(rig.store.isValid(absentPath()), false);
    assert.throws(() => rig.store.closure([absentPath()]), coded("STORE_PATH_NOT_VALID"));
    assert.throws(() => rig.store.whyDepends(absentPath(), absentPath()), coded("STORE_PATH_NOT_VALID"));
    await assert.rejects(
      rig.store.dumpNar(absentPath(), () => {}),
      coded("STORE_PATH_NOT_VALID"),
    );
  });
});

/** Paths 0..n-1 in the database alone, each referring to some before it. */
function registerGraph(rig: StoreRig, edges: readonly (readonly number[])[]) {
  rig.store.validPaths();
  rig.close();
  const layout = layoutOf(rig.home);
  const database = openDatabase(layout, { readOnly: false });
  const store = storeDatabase(layout, database);
  const paths = edges.map((_, index) => pathOf(index));
  transact(database, () => database.exec("delete from Refs; delete from ValidPaths;"));
  registerPaths(
    store,
    edges.map((targets, index) => ({
      path: pathOf(index),
      narHash: new Uint8Array(32),
      narSize: 1,
      references: targets.map((target) => pathOf(target)),
    })),
  );
  return { store, paths, database };
}

function pathOf(index: number): StorePath {
  const sha256 = new Uint8Array(32);
  new DataView(sha256.buffer).setUint32(0, index);
  return makeTextPath({ name: `n${index}`, sha256 });
}

test("the closure is what following references by hand gives", () => {
  const graph = fc.array(fc.array(fc.nat(30)), { minLength: 1, maxLength: 30 });
  using rig = new StoreRig();
  fc.assert(
    fc.property(graph, fc.nat(29), (raw, from) => {
      const edges = raw.map((targets, index) => targets.map((target) => target % (index + 1)));
      const start = from % edges.length;
      const { store, paths, database } = registerGraph(rig, edges);
      const reached = new Set([start]);
      for (const index of reached) for (const target of edges[index] ?? []) reached.add(target);
      const wanted = [...reached].map((index) => pathOf(index)).toSorted();
      assert.deepEqual(closure(store, [pathOf(start)]), wanted);
      assert.deepEqual(sortedClosure(store, [pathOf(start)]).toSorted(), wanted);
      const back = paths.filter((_, index) => edges[index]?.includes(start));
      assert.deepEqual(referrers(store, pathOf(start)), back.toSorted());
      database.close();
    }),
    { numRuns: 40 },
  );
});

test("a registration with a missing reference or a cycle changes nothing", () => {
  using rig = new StoreRig();
  const { store, database } = registerGraph(rig, [[]]);
  const entry = (path: StorePath, references: StorePath[]) => ({
    path,
    narHash: new Uint8Array(32),
    narSize: 1,
    references,
  });
  const [x, y] = [absentPath("x"), absentPath("y")];
  assert.throws(
    () => registerPaths(store, [entry(x, []), entry(y, [absentPath("z")])]),
    coded("STORE_REFERENCE_MISSING"),
  );
  assert.throws(() => registerPaths(store, [entry(x, [y]), entry(y, [x])]), coded("STORE_REFERENCE_CYCLE"));
  assert.deepEqual(store.statement("select count(*) as n from ValidPaths").get()?.["n"], 1);
  database.close();
});

test("signatures of a path that is valid already are added to those it has", async () => {
  using rig = new StoreRig();
  const { path } = await rig.store.addText("signed", utf8("x"));
  const info = rig.store.info(path);
  assert.ok(info !== undefined);
  rig.close();
  const layout = layoutOf(rig.home);
  const database = openDatabase(layout, { readOnly: false });
  const store = storeDatabase(layout, database);
  registerPaths(store, [{ ...info, signatures: ["k1:a"] }]);
  registerPaths(store, [{ ...info, signatures: ["k2:b", "k1:a"] }]);
  database.close();
  assert.deepEqual(rig.store.info(path)?.signatures, ["k1:a", "k2:b"]);
});
