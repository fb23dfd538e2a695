// What may be registered together: nothing is valid before it is there, one that can't be registered takes no other with it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratchPath } from "#nix/placeholder.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { StoreRig } from "./rig.ts";

const DRV = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-stage.drv");

/** @param more content that is not small any more */
function registerOne(rig: StoreRig, name: string, more: { after?: Promise<unknown>; bytes?: number } = {}) {
  const { after, bytes = 0 } = more;
  const folder = join(rig.home, "made");
  mkdirSync(folder, { recursive: true });
  const scratch = join(folder, name);
  writeFileSync(scratch, name.padEnd(bytes));
  const { promise: moved, resolve: onMoved } = Promise.withResolvers<void>();
  const output = { scratch, scratchPath: scratchPath(DRV, name), name, references: [] };
  const registered = rig.store.registerOutputs([output], { mayWait: true, onMoved, after });
  // Looked at below.
  registered.catch(() => undefined);
  return { moved, registered };
}

test("outputs that may wait are moved at once, and registered when somebody wants them", async () => {
  using rig = new StoreRig();
  const all = ["a", "b", "c"].map((name) => registerOne(rig, name));
  await Promise.all(all.map(({ moved }) => moved));
  assert.deepEqual(rig.store.validPaths(), []);
  rig.store.registerNow();
  const paths = (await Promise.all(all.map(({ registered }) => registered))).flat().map(({ path }) => path);
  assert.deepEqual(rig.store.validPaths(), paths.toSorted());
});

test("without being asked they are registered soon; a large one keeps nobody waiting", async () => {
  using rig = new StoreRig();
  const large = registerOne(rig, "large", { bytes: 2 * 1024 * 1024 });
  const small = registerOne(rig, "small");
  assert.equal((await large.registered).length, 1);
  assert.equal((await small.registered).length, 1);
});

test("one whose derivation could not be written is not registered, and the others are", async () => {
  using rig = new StoreRig();
  const refused = Promise.reject(new Error("no derivation"));
  refused.catch(() => undefined);
  const [bad, good] = [registerOne(rig, "bad", { after: refused }), registerOne(rig, "good")];
  await Promise.all([bad.moved, good.moved]);
  rig.store.registerNow();
  await assert.rejects(bad.registered, /no derivation/);
  const [kept] = await good.registered;
  assert.deepEqual(rig.store.validPaths(), [kept?.path]);
});

test("nothing is registered before what it comes after", async () => {
  using rig = new StoreRig();
  const { promise: after, resolve: written } = Promise.withResolvers<void>();
  const one = registerOne(rig, "one", { after });
  await one.moved;
  rig.store.registerNow();
  await rig.text("another");
  assert.equal(rig.store.countPaths(), 1);
  written();
  await one.registered;
  assert.equal(rig.store.countPaths(), 2);
});
