// Realisations in the store: written once, replaced when their output is another one, gone with their outputs, carried by
// exports.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { realisationId, type Realisation } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

function made(outPath: StorePath, seed: number, ...dependencies: Realisation[]): Realisation {
  const id = realisationId(new Uint8Array(32).fill(seed), "out");
  return {
    id,
    outPath,
    dependencies: new Map(dependencies.map((each) => [each.id, each.outPath])),
    signatures: [],
  };
}

describe("realisations", () => {
  test("are found again, with what they depend on", async () => {
    using rig = new StoreRig();
    const first = made(await rig.text("a"), 1);
    const second = made(await rig.text("b", [first.outPath]), 2, first);
    assert.equal(rig.store.realisation(first.id), undefined);
    await rig.store.addRealisations([first, second]);
    await rig.store.addRealisations([second]);
    assert.deepEqual(rig.store.realisation(first.id), first);
    assert.deepEqual(rig.store.realisation(second.id), second);
  });

  test("gain signatures; a new output takes the place of the old", async () => {
    using rig = new StoreRig();
    const [a, b] = [await rig.text("a"), await rig.text("b")];
    await rig.store.addRealisations([{ ...made(a, 1), signatures: ["k:1"] }]);
    await rig.store.addRealisations([{ ...made(a, 1), signatures: ["k:2"] }]);
    assert.deepEqual(rig.store.realisation(made(a, 1).id)?.signatures, ["k:1", "k:2"]);
    await rig.store.addRealisations([made(b, 1)]);
    assert.deepEqual(rig.store.realisation(made(a, 1).id), made(b, 1));
  });

  test("of what is not valid, or on what is not known, are refused, all of them", async () => {
    using rig = new StoreRig();
    const known = made(await rig.text("a"), 1);
    const absent = rig.store.addRealisations([known, made(absentPath(), 2)]);
    await assert.rejects(absent, coded("STORE_PATH_NOT_VALID"));
    const hanging = rig.store.addRealisations([made(known.outPath, 3, made(known.outPath, 9))]);
    await assert.rejects(hanging, coded("STORE_REFERENCE_MISSING"));
    assert.equal(rig.store.realisation(known.id), undefined);
  });

  test("go with their outputs", async () => {
    using rig = new StoreRig();
    const first = made(await rig.text("a"), 1);
    const second = made(await rig.text("b"), 2, first);
    await rig.store.addRealisations([first, second]);
    await rig.store.addRoot(rig.path("root"), second.outPath);
    rig.close();
    await rig.store.gc();
    assert.equal(rig.store.realisation(first.id), undefined);
    assert.deepEqual(rig.store.realisation(second.id), { ...second, dependencies: new Map() });
  });

  test("are carried by exports, and never change what a store knows", async () => {
    using rig = new StoreRig();
    const first = made(await rig.text("a"), 1);
    const second = made(await rig.text("b", [first.outPath]), 2, first);
    await rig.store.addRealisations([first, second]);
    const stream: Buffer[] = [];
    await rig.store.exportPaths([second.outPath], (chunk) => stream.push(Buffer.from(chunk)));
    using other = openStore(rig.path("other"));
    await other.importPaths(stream);
    assert.deepEqual(other.realisation(second.id), second);

    using third = openStore(rig.path("third"));
    const { path } = await third.addText("own", Buffer.from("own"));
    await third.addRealisations([made(path, 2)]);
    await third.importPaths(stream);
    assert.equal(third.realisation(second.id)?.outPath, path);
    assert.deepEqual(third.realisation(first.id), first);
  });
});
