// A folder as a cache: what is pushed comes back, real Nix reads it, and we read what real Nix wrote.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { compress, decompressNar } from "#cache/compression.ts";
import { buildTraceFile, buildTraceFingerprint } from "#nix/build-trace.ts";
import { realisationId } from "#nix/realisation.ts";
import { signFingerprint } from "#nix/signature.ts";
import { parseStorePath, storePathBase, storePathHash } from "#nix/store-path.ts";
import { peer } from "../rig/peer.ts";
import { CacheRig, KEY, OTHER_KEY, pushTo, SIGNAL, takingFrom } from "./rig.ts";

describe("a folder as a cache", () => {
  for (const compression of ["zstd", "none"] as const) {
    test(`gives back what was put there, packed by ${compression}`, async () => {
      using rig = new CacheRig();
      const [lower, upper] = await rig.pair();
      const pushed = await pushTo(rig.store, rig.cache, [upper], { compression });
      assert.deepEqual(pushed.added.toSorted(), [lower, upper].toSorted());
      const { store } = rig.second;
      const taken = await takingFrom(store, [rig.cache]).substituter.take(upper, SIGNAL);
      assert.deepEqual(taken?.added.toSorted(), [lower, upper].toSorted());
      assert.deepEqual(store.info(upper)?.narHash, rig.store.info(upper)?.narHash);
      assert.deepEqual((await store.verify({ checkContents: true })).problems, []);
    });
  }

  test("what is packed in several frames comes back, whatever its length", async () => {
    const piece = 256 * 1024;
    const noise = randomBytes(piece);
    for (const length of [0, 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 13 * 1024 * 1024 + 5]) {
      const bytes = Buffer.alloc(length).fill(noise);
      const pieces = async function* () {
        for (let at = 0; at < length; at += piece) yield bytes.subarray(at, at + piece);
      };
      const packed = await bytesOf(compress(pieces(), "zstd"));
      assert.deepEqual(packed, await bytesOf(compress(pieces(), "zstd")), "the same bytes each time");
      const unpacked = decompressNar(chunked(packed, 1000), "zstd");
      assert.ok(unpacked !== undefined && bytes.equals(await bytesOf(unpacked)), `${length} bytes`);
    }
  });

  test("what breaks while it is packed is told, and nothing goes on", async () => {
    const broken = async function* () {
      for (let at = 0; at < 40; at += 1) yield randomBytes(256 * 1024);
      throw new Error("it broke");
    };
    await assert.rejects(bytesOf(compress(broken(), "zstd")), /it broke/);
  });

  test("does not get bytes that are not registered, nor a word about them", async () => {
    using rig = new CacheRig();
    const { path } = await rig.store.addTree(rig.source("made"), { name: "made" });
    const file = join(rig.store.physical(path), readdirSync(rig.store.physical(path))[0] ?? "");
    chmodSync(file, 0o644);
    writeFileSync(file, "changed");
    await assert.rejects(pushTo(rig.store, rig.cache, [path], { key: KEY }), (error) =>
      isPipeliteError(error, "STORE_HASH_MISMATCH"),
    );
    const left = readdirSync(rig.cache, { recursive: true });
    assert.deepEqual(left, ["nix-cache-info"]);
  });

  test("a second push adds nothing, and one that was cut off goes on", async () => {
    using rig = new CacheRig();
    const [lower, upper] = await rig.pair();
    await pushTo(rig.store, rig.cache, [upper]);
    const again = await pushTo(rig.store, rig.cache, [upper]);
    assert.deepEqual([again.added, again.present], [[], 2]);
    rmSync(`${rig.cache}/${storePathHash(upper)}.narinfo`);
    assert.deepEqual((await pushTo(rig.store, rig.cache, [upper])).added, [upper]);
    assert.ok(lower);
  });

  test("what does not follow from its content needs the signature of a trusted key", async () => {
    using rig = new CacheRig();
    const path = await inputAddressed(rig);
    await pushTo(rig.store, rig.cache, [path], { key: OTHER_KEY });
    const { store } = rig.second;
    const refusing = takingFrom(store, [rig.cache]);
    assert.equal(await refusing.substituter.take(path, SIGNAL), undefined);
    assert.deepEqual(
      refusing.refused.map(({ code }) => code),
      ["CACHE_UNTRUSTED"],
    );
    assert.equal(store.isValid(path), false);
    rmSync(rig.cache, { recursive: true });
    await pushTo(rig.store, rig.cache, [path], { key: KEY });
    assert.deepEqual((await takingFrom(store, [rig.cache]).substituter.take(path, SIGNAL))?.added, [path]);
  });

  test("a realisation counts only when a trusted key signed it", async () => {
    using rig = new CacheRig();
    const outPath = await rig.text("out");
    const id = realisationId(new Uint8Array(32).fill(7), "out");
    await rig.store.addRealisations([{ id, outPath, dependencies: new Map(), signatures: [] }]);
    const found = async () => {
      rmSync(rig.second.home, { recursive: true, force: true });
      return takingFrom(rig.second.store, [rig.cache]).substituter.realisation(id, SIGNAL);
    };
    await pushTo(rig.store, rig.cache, [outPath]);
    assert.equal(await found(), undefined);
    rig.second.close();
    await pushTo(rig.store, rig.cache, [outPath], { key: OTHER_KEY });
    assert.equal(await found(), undefined);
    rig.second.close();
    await pushTo(rig.store, rig.cache, [outPath], { key: KEY });
    assert.equal((await found())?.realisation.outPath, outPath);
  });

  test("an entry of the build trace, as newer Nix writes it, counts when a trusted key signed it", async () => {
    using rig = new CacheRig();
    const outPath = await rig.text("out");
    await pushTo(rig.store, rig.cache, [outPath], { key: KEY });
    const drvPath = parseStorePath(`/nix/store/${"0".repeat(32)}-a.drv`);
    const id = realisationId(new Uint8Array(32).fill(7), "out");
    const entry = { drvPath, output: "out", outPath, signatures: [] };
    const file = join(rig.cache, buildTraceFile(entry));
    mkdirSync(dirname(file), { recursive: true });
    // Caches of ours have none.
    const info = join(rig.cache, "nix-cache-info");
    writeFileSync(info, readFileSync(info, "utf8").replace(/^WantClosureQuery.*\n/m, ""));
    const asked = async (value: object): Promise<string | undefined> => {
      writeFileSync(file, JSON.stringify(value));
      const { substituter, refused } = takingFrom(rig.second.store, [rig.cache]);
      const found = await substituter.realisation(id, SIGNAL, drvPath);
      assert.equal(await substituter.realisation(id, SIGNAL), undefined);
      return found?.realisation.outPath ?? refused[0]?.code;
    };
    const signed = (key: typeof KEY, of = entry) => {
      const [keyName = "", sig = ""] = signFingerprint(key, buildTraceFingerprint(of)).split(":");
      return { keyName, sig };
    };
    const value = { outPath: storePathBase(outPath) };
    const key = { drvPath: storePathBase(drvPath), outputName: "out" };
    assert.equal(await asked({ ...value, signatures: [signed(KEY)] }), outPath);
    assert.equal(await asked({ key, value: { ...value, signatures: [signed(KEY)] } }), outPath);
    assert.equal(await asked({ ...value, signatures: [] }), undefined);
    assert.equal(await asked({ ...value, signatures: [signed(OTHER_KEY)] }), undefined);
    const other = { ...entry, drvPath: parseStorePath(`/nix/store/${"1".repeat(32)}-a.drv`) };
    assert.equal(await asked({ ...value, signatures: [signed(KEY, other)] }), undefined);
    const wrong = { ...key, drvPath: storePathBase(other.drvPath) };
    assert.equal(
      await asked({ key: wrong, value: { ...value, signatures: [signed(KEY)] } }),
      "CACHE_ANSWER_WRONG",
    );
  });

  test("real Nix copies from it, and we from what real Nix wrote", { skip: peer("nix") }, async () => {
    using rig = new CacheRig();
    const [, upper] = await rig.pair();
    const { path: large } = await rig.store.addText("large", randomBytes(9 * 1024 * 1024));
    await pushTo(rig.store, rig.cache, [upper, large]);
    const other = rig.path("other");
    rig.nixOn(other, "nix", "copy", "--from", `file://${rig.cache}`, upper, large);
    rig.nixOn(other, "nix-store", "--verify", "--check-contents");
    for (const compression of ["none", "zstd", "br", "xz", "gzip"]) {
      using third = new CacheRig();
      rig.nix("nix", "copy", "--to", `file://${third.cache}?compression=${compression}`, upper);
      const taken = await takingFrom(third.store, [third.cache]).substituter.take(upper, SIGNAL);
      assert.equal(taken?.added.length, 2, compression);
      assert.equal(third.nixComplaints(), "");
    }
  });

  test("a listing of Nix's own and ours are one", { skip: peer("nix") }, async () => {
    using rig = new CacheRig();
    const path = (await rig.store.addTree(rig.source(), { name: "tree" })).path;
    const { listingOf } = await import("#cache/listing.ts");
    rig.nix("nix", "copy", "--to", `file://${rig.cache}?write-nar-listing=1`, path);
    const file = readdirSync(rig.cache).find((name) => name.endsWith(".ls")) ?? "";
    const theirs: unknown = JSON.parse(readFileSync(`${rig.cache}/${file}`, "utf8"));
    assert.deepEqual(JSON.parse(JSON.stringify(listingOf(rig.store.physical(path)))), theirs);
  });
});

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}

/** A path that has no content address: as an input-addressed build would leave it. */
async function inputAddressed(rig: CacheRig) {
  const { path: other, narHash, narSize } = await rig.store.addTree(rig.source("made"), { name: "made" });
  const path = other.replace(/[^/]{32}-/, `${"1".repeat(32)}-`) as typeof other;
  await rig.store.addNar({ path, narHash, narSize, references: [] }, rig.store.narOf(other));
  return path;
}
