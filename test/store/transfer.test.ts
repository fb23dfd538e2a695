// Paths as streams: NARs out and in, export and import in the format of `nix-store --export`, copies by real
// Nix in both directions.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { hex, utf8 } from "#base/bytes.ts";
import { writeContentAddress } from "#nix/content-address.ts";
import { sha256 } from "#nix/hash.ts";
import { makeFixedPath, makeSourcePath, type StorePath } from "#nix/store-path.ts";
import type { PathInfo } from "#store/query.ts";
import { openStore, type Store } from "#store/store.ts";
import { restoreNar, type NarToAdd } from "#store/transfer.ts";
import { hashTree } from "#store/tree.ts";
import { peer } from "../rig/peer.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

async function collect(write: (sink: (chunk: Uint8Array) => void) => unknown): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await write((chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

function infoOf(store: Store, path: StorePath): PathInfo {
  const info = store.info(path);
  assert.ok(info !== undefined);
  return info;
}

/** Cuts bytes into pieces of this size, as they come over a network. */
function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("dump and restore", () => {
  test("give the tree back, and real Nix's NAR", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const source = rig.source();
    writeFileSync(`${source}/run`, "#!", { mode: 0o755 });
    symlinkSync("run", `${source}/link`);
    mkdirSync(`${source}/empty`);
    const { path, narHash } = await rig.store.addTree(source, { name: "s" });
    const nar = await collect((sink) => rig.store.dumpNar(path, sink));
    const dumped = spawnSync("nix-store", ["--dump", source]).stdout;
    assert.ok(nar.equals(dumped));
    const restored = await restoreNar(pieces(nar, 7), rig.path("restored"));
    assert.equal(hex(restored.narHash), hex(narHash));
    assert.equal(hex((await hashTree(rig.path("restored"))).narHash), hex(narHash));
  });

  test("a path whose files somebody removed is said to be missing", async () => {
    using rig = new StoreRig();
    const path = await rig.text("gone");
    rmSync(rig.store.physical(path));
    await assert.rejects(
      rig.store.dumpNar(path, () => {}),
      coded("STORE_PATH_MISSING"),
    );
  });
});

describe("addNar", () => {
  async function prepare(rig: StoreRig) {
    using other = openStore(rig.path("other"));
    const { path } = await other.addTree(rig.source(), { name: "s" });
    const text = await other.addText("t", utf8("hello"));
    return {
      info: infoOf(other, path),
      nar: await collect((sink) => other.dumpNar(path, sink)),
      textInfo: infoOf(other, text.path),
      textNar: await collect((sink) => other.dumpNar(text.path, sink)),
    };
  }

  test("adds what is as it says, with signatures and address", async () => {
    using rig = new StoreRig();
    const { info, nar, textInfo, textNar } = await prepare(rig);
    const signed = { ...info, signatures: ["key:sig"] };
    assert.equal((await rig.store.addNar(signed, pieces(nar, 100))).added, true);
    assert.equal((await rig.store.addNar(signed, [])).added, false);
    await rig.store.addNar(textInfo, [textNar]);
    const { registeredAt: _, ...rest } = infoOf(rig.store, info.path);
    const { registeredAt: __, ...wanted } = signed;
    assert.deepEqual(rest, wanted);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("refuses another content, size, address or kind, and leaves nothing", async () => {
    using rig = new StoreRig();
    const { info, nar, textInfo, textNar } = await prepare(rig);
    rig.store.validPaths();
    const refuse = async (
      code: Parameters<typeof coded>[0],
      changed: NarToAdd,
      bytes: Uint8Array,
    ): Promise<void> => {
      await assert.rejects(rig.store.addNar(changed, pieces(bytes, 64)), coded(code));
      assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
    };
    const flipped = Buffer.from(textNar);
    flipped.write("j", textNar.indexOf("hello"));
    await refuse("STORE_HASH_MISMATCH", textInfo, flipped);
    await refuse("STORE_HASH_MISMATCH", { ...info, narSize: info.narSize + 1 }, nar);
    await refuse("NAR_TRUNCATED", info, nar.subarray(0, -8));
    await refuse("STORE_CONTENT_ADDRESS_WRONG", { ...info, path: absentPath() }, nar);
    const { contentAddress: _, ...plain } = info;
    await refuse("STORE_REFERENCE_MISSING", { ...plain, references: [absentPath()] }, nar);
    // A folder whose files happen to have the bytes of the file that was promised.
    using other = openStore(rig.path("other"));
    const folder = await other.addTree(rig.write({ "f/x": "hello" }).replace(/x$/, ""), { name: "f" });
    const hash = { algorithm: "sha256", bytes: sha256(utf8("hello")) } as const;
    const lie = {
      ...infoOf(other, folder.path),
      path: makeFixedPath({ name: "f", method: "flat", hash }),
      contentAddress: writeContentAddress({ method: "flat", hash }),
    };
    await refuse("STORE_OUTPUT_NOT_FLAT", lie, await collect((sink) => other.dumpNar(folder.path, sink)));
    // An address with the right path, but of other content.
    const wrong = makeSourcePath({ name: "s", narSha256: new Uint8Array(32) });
    const bytes = new Uint8Array(32);
    const contentAddress = writeContentAddress({ method: "recursive", hash: { algorithm: "sha256", bytes } });
    await refuse("STORE_HASH_MISMATCH", { ...info, path: wrong, contentAddress }, nar);
  });
});

describe("export and import", () => {
  test("carry a closure from store to store, content addresses included", async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.text("top", [leaf]);
    const tree = await rig.store.addTree(rig.source(), { name: "tree" });
    const stream = await collect((sink) => rig.store.exportPaths([top, tree.path], sink));
    for (const size of [3, 64 * 1024]) {
      using other = openStore(rig.path(`other-${size}`));
      const imported = await other.importPaths(pieces(stream, size));
      assert.deepEqual(imported.toSorted(), [leaf, top, tree.path].toSorted());
      for (const path of imported) {
        const { registeredAt: _, ...actual } = infoOf(other, path);
        const { registeredAt: __, ...wanted } = infoOf(rig.store, path);
        assert.deepEqual(actual, wanted);
      }
      assert.deepEqual((await other.verify({ checkContents: true })).problems, []);
    }
  });

  test("an import that ends too early leaves whole paths only", async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.text("top", [leaf]);
    const stream = await collect((sink) => rig.store.exportPaths([top], sink));
    using other = openStore(rig.path("other"));
    await assert.rejects(other.importPaths(pieces(stream.subarray(0, -100), 50)));
    assert.deepEqual(other.validPaths(), [leaf]);
    assert.equal(readdirSync(`${rig.path("other")}/nix/store`).length, 2);
  });

  test("real Nix imports what we export, and we what it exports", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.text("top", [leaf]);
    const stream = await collect((sink) => rig.store.exportPaths([top], sink));
    rig.write({ "stream-of-ours": stream });
    const shell = (script: string): void => {
      const { status, stderr } = spawnSync("sh", ["-c", script], { cwd: rig.folder, encoding: "utf8" });
      assert.equal(status, 0, stderr);
    };
    shell("nix-store --store ./nix-home --import < stream-of-ours");
    shell(`nix-store --store ./nix-home --export ${leaf} ${top} > stream-of-nix`);
    assert.ok(readFileSync(rig.path("stream-of-nix")).equals(stream));
    using other = openStore(rig.path("other"));
    await other.importPaths([readFileSync(rig.path("stream-of-nix"))]);
    assert.deepEqual(other.closure([top]), [leaf, top].toSorted());
  });
});

describe("real Nix on the same store", { skip: peer("nix", "nix-store") }, () => {
  test("lists, copies and verifies what we wrote, and we read what it wrote", async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.text("top", [leaf]);
    const added = rig.nix("nix-store", "--add", rig.source()) as StorePath;
    assert.deepEqual(rig.store.validPaths(), [leaf, top, added].toSorted());
    assert.equal(rig.nix("nix", "path-info", "--all"), rig.store.validPaths().join("\n"));
    assert.equal(infoOf(rig.store, added).contentAddress?.slice(0, 15), "fixed:r:sha256:");
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    assert.equal((await rig.store.addTree(rig.source(), { name: "source" })).path, added);

    rig.nix("nix", "copy", "--to", `file://${rig.path("cache")}`, top);
    rig.nixOn(rig.path("third"), "nix", "copy", "--from", `file://${rig.path("cache")}`, top);
    using third = openStore(rig.path("third"));
    assert.deepEqual(third.closure([top]), [leaf, top].toSorted());
    assert.equal(infoOf(third, leaf).contentAddress, infoOf(rig.store, leaf).contentAddress);
    assert.equal(rig.nixComplaints(), "");
  });

  test("deduplicates our files, and they are as before", async () => {
    using rig = new StoreRig();
    rig.write({ "a/x": "same content", "b/x": "same content", "b/y": "z" });
    for (const name of ["a", "b"]) await rig.store.addTree(rig.path(name), { name });
    rig.close();
    rig.nix("nix-store", "--optimise");
    assert.ok(readdirSync(`${rig.home}/nix/store/.links`).length > 0);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    await rig.store.gc();
    assert.deepEqual(readdirSync(`${rig.home}/nix/store/.links`), []);
  });
});
