// Files of a package as one packed stream: one member of gzip, one frame of zstd, the same bytes however they were read.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, inflateRawSync, zstdDecompressSync, type InflateRaw } from "node:zlib";
import fc from "fast-check";
import { NarParser } from "#nix/nar.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { keptPayload, packPayload, type Codec } from "#ship/payload.ts";
import type { ShippedFile } from "#ship/shipment.ts";
import { StoreTree } from "#ship/store-tree.ts";
import { addedFile } from "#ship/tree.ts";
import { finish } from "#base/steps.ts";
import { isPipeliteError } from "#base/errors.ts";
import { unlistedTree } from "#store/scan.ts";
import { dumpSteps, hashSteps } from "#store/tree.ts";
import { inputs } from "../rig/peer.ts";

const base = mkdtempSync(join(tmpdir(), "payload-"));
after(() => rmSync(base, { recursive: true }));

const MIB = 1024 * 1024;
const HEAD = 10;
const TAIL = 8;

/** Half of it repeats, half does not. */
function contentOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = (at >> 12) % 2 === 0 ? at % 251 : state >>> 24;
  }
  return bytes;
}

let files = 0;
async function packed(parts: readonly Uint8Array[], codec: Codec) {
  const file = join(base, String((files += 1)));
  const payload = await packPayload(parts, codec, { file, isHashed: true });
  const bytes = readFileSync(file);
  assert.equal(payload.size, bytes.length);
  assert.equal(payload.sha256, createHash("sha256").update(bytes).digest("hex"));
  return { ...payload, bytes };
}

const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 3.5 * MIB, 4 * MIB, 4 * MIB + 1, 8 * MIB, 9 * MIB];

test("a payload of any size is one member of gzip, and comes back", async () => {
  for (const size of SIZES) {
    const content = contentOf(size);
    const { bytes, ...payload } = await packed([content], "gzip");
    assert.deepEqual([...bytes.subarray(0, HEAD)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    assert.ok(gunzipSync(bytes).equals(content), `${size} bytes`);
    const options = { info: true } as const;
    const { buffer, engine } = inflateRawSync(bytes.subarray(HEAD), options) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    assert.ok(buffer.equals(content));
    assert.equal(engine.bytesWritten, bytes.length - HEAD - TAIL, "there is no second member");
    assert.equal(payload.unpackedSize, size);
    assert.equal(payload.unpackedSha256, createHash("sha256").update(content).digest("hex"));
  }
});

test("blocks of gzip know what came before them", async () => {
  const words = Buffer.from(
    Array.from({ length: 400_000 }, (_, at) => `word${(at * 7919) % 1009} `).join(""),
  );
  const three = words.subarray(0, 3 * MIB);
  assert.equal(three.length, 3 * MIB);
  const { size } = await packed([three], "gzip");
  let alone = 0;
  for (const at of [0, 1, 2])
    alone += (await packed([three.subarray(at * MIB, (at + 1) * MIB)], "gzip")).size;
  // A block that knows nothing has to say each of a thousand words once in full.
  assert.ok(size + 2 * 2000 < alone, `${size} bytes in one, ${alone} in three`);
});

test("a payload of any size comes back from zstd, and is one frame", async () => {
  for (const size of SIZES) {
    const content = contentOf(size);
    const { bytes } = await packed([content], "zstd");
    assert.ok(zstdDecompressSync(bytes).equals(content), `${size} bytes`);
    assert.equal(framesIn(bytes), 1, `${size} bytes`);
  }
});

/** RFC 8878, 3.1: the blocks of each frame are passed over. */
function framesIn(bytes: Buffer): number {
  let [at, count] = [0, 0];
  while (at < bytes.length) {
    assert.equal(bytes.readUInt32LE(at), 0xfd2fb528);
    const flags = bytes[at + 4] ?? 0;
    const isSingle = (flags & 0x20) !== 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    assert.equal(flags & 3, 0, "no dictionary");
    at += 5 + (isSingle ? 0 : 1) + sizeBytes;
    for (let isLast = false; !isLast;) {
      const header = bytes.readUIntLE(at, 3);
      isLast = (header & 1) === 1;
      at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
    }
    if ((flags & 4) !== 0) at += 4;
    count += 1;
  }
  return count;
}

test("the bytes do not depend on the pieces", async () => {
  const content = contentOf(10 * MIB);
  const wanted = { gzip: await packed([content], "gzip"), zstd: await packed([content], "zstd") };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 * MIB }), { maxLength: 6 }),
      fc.constantFrom<Codec>("gzip", "zstd"),
      async (cuts, codec) => {
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, content.length]) {
          pieces.push(content.subarray(at, at + cut));
          at += cut;
        }
        const { sha256 } = await packed(pieces, codec);
        assert.equal(sha256, wanted[codec].sha256);
      },
    ),
    { numRuns: inputs(10) },
  );
});

test("what has been packed is not packed again, unless it is damaged or something in it is another", async () => {
  const folder = join(base, "kept");
  const path = parseStorePath(`/nix/store/${"0".repeat(32)}-words`);
  const partsOf = (text: string) => [Buffer.from("head"), addedFile("words", Buffer.from(text))];
  const kept = async (text: string) => {
    const { file, sha256 } = await keptPayload(partsOf(text), "gzip", { folder, path });
    return { file, sha256, inode: statSync(file).ino, text: gunzipSync(readFileSync(file)).toString() };
  };
  const first = await kept("one");
  assert.equal(first.text, "headone");
  assert.deepEqual(await kept("one"), first, "it is the file of before");
  const other = await kept("two");
  assert.equal(other.text, "headtwo");
  assert.notEqual(other.file, first.file);
  writeFileSync(first.file, "damaged");
  const again = await kept("one");
  assert.deepEqual([again.sha256, again.text], [first.sha256, "headone"]);
});

/** A tree as it is registered when it is listed. */
function listed(place: string): StoreTree {
  const narHash = Buffer.from(finish(hashSteps(place)).narHash).toString("hex");
  return new StoreTree({ path: "/nix/store/tree", place, narHash, digests: ["md5", "sha256"] });
}

test("what is changed between listing and packing is refused, and nothing of it is kept", async () => {
  const folder = join(base, "changed");
  const tree = join(base, "tree");
  mkdirSync(tree);
  const path = parseStorePath("/nix/store/00000000000000000000000000000000-tree");
  for (const [content, code] of [
    ["other", "SHIPPED_PATH_CHANGED"],
    ["lo", "SHIPPED_FILE_CHANGED"],
    ["longer than it was", "SHIPPED_PATH_CHANGED"],
  ] as const) {
    writeFileSync(join(tree, "file"), "words");
    const { files: all } = listed(tree);
    writeFileSync(join(tree, "file"), content);
    const parts = all.filter(({ source }) => source !== undefined);
    await assert.rejects(keptPayload(parts, "gzip", { folder, path }), (error) =>
      isPipeliteError(error, code),
    );
    assert.deepEqual(readdirSync(folder), []);
  }
});

test("what is changed between packing and packing again is refused", async () => {
  const place = join(base, "twice");
  mkdirSync(place);
  writeFileSync(join(place, "file"), "words");
  const { files: all } = listed(place);
  const parts = all.filter(({ source }) => source !== undefined);
  const pack = () => packPayload(parts, "zstd", { file: join(base, String((files += 1))) });
  const { sha256 } = await pack();
  assert.equal((await pack()).sha256, sha256);
  writeFileSync(join(place, "file"), "other");
  await assert.rejects(pack(), (error) => isPipeliteError(error, "SHIPPED_FILE_CHANGED"));
});

test("a copy of a file holds the file to what it was", async () => {
  const place = join(base, "copied");
  mkdirSync(place);
  writeFileSync(join(place, "file"), "words");
  const tree = listed(place);
  const [file] = tree.files.filter(({ kind }) => kind === "file");
  assert.ok(file);
  file.digests.sha256 = createHash("sha256").update("other").digest("hex");
  await assert.rejects(tree.readRest(), (error) => isPipeliteError(error, "SHIPPED_FILE_CHANGED"));
});

/** What a file of packages says of itself, and what it is. */
function digestsOfAll(all: readonly ShippedFile[]): void {
  for (const { kind, source, digests, path } of all) {
    if (kind !== "file" || source === undefined || !("file" in source)) continue;
    const bytes = readFileSync(source.file);
    for (const algorithm of ["md5", "sha256"] as const)
      assert.equal(digests[algorithm], createHash(algorithm).update(bytes).digest("hex"), path);
    assert.equal(digests.sha1, "", "nobody asked for it");
  }
}

test("a tree is read once, in the order of the package, and held to the hash of its NAR", async () => {
  // Of `b` and `b.c` a package has `b`, `b.c`, `b.c/...`, `b/...`; a NAR has all of `b` first.
  const names = fc.constantFrom("a", "b", "b.c", "b-c", "b c", "b+", "b0", "z");
  const places = fc.array(names, { minLength: 1, maxLength: 3 });
  const sizes = fc.constantFrom(0, 1, 5, 300_000, MIB + 1);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(places, sizes), { maxLength: 12 }), async (entries) => {
      const place = mkdtempSync(join(base, "tree-"));
      for (const [parts, size] of entries) {
        const name = join(place, ...parts);
        if (parts.slice(1).some((_, at) => isFile(join(place, ...parts.slice(0, at + 1))))) continue;
        mkdirSync(dirname(name), { recursive: true });
        if (!existsSync(name)) writeFileSync(name, contentOf(size).subarray(0, size));
      }
      const tree = listed(place);
      const parts = tree.files.filter(({ source }) => source !== undefined);
      const file = join(base, String((files += 1)));
      const { unpackedSha256 } = await packPayload(parts, "zstd", { file, isHashed: true });
      digestsOfAll(tree.files);
      const all = createHash("sha256");
      for (const { source } of parts)
        if (source !== undefined && "file" in source) all.update(readFileSync(source.file));
      assert.equal(unpackedSha256, all.digest("hex"));
      const alone = listed(place);
      await alone.readRest();
      assert.deepEqual(
        alone.files.map(({ path, digests }) => [path, digests]),
        tree.files.map(({ path, digests }) => [path, digests]),
      );
      const heard = listed(place);
      const listener = heard.listener();
      if (listener !== undefined) {
        const parser = new NarParser(listener);
        finish(dumpSteps(unlistedTree(place), { sink: (chunk) => parser.push(chunk) }));
        parser.end();
        listener.finish();
        await heard.readRest();
      }
      assert.deepEqual(
        heard.files.map(({ digests }) => digests),
        tree.files.map(({ digests }) => digests),
      );
      const narHash = tree.narHash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
      const asAnother = async (): Promise<void> => {
        const another = new StoreTree({ path: "/nix/store/tree", place, narHash, digests: [] });
        const content = another.files.filter(({ source }) => source !== undefined);
        await packPayload(content, "zstd", { file: join(base, String((files += 1))) });
      };
      await assert.rejects(asAnother(), (error) => isPipeliteError(error, "SHIPPED_PATH_CHANGED"));
    }),
    { numRuns: inputs(100) },
  );
});

test("a tree that is told otherwise than it was listed is refused", () => {
  const place = join(base, "told");
  mkdirSync(join(place, "folder"), { recursive: true });
  writeFileSync(join(place, "folder/file"), "words");
  symlinkSync("folder", join(place, "link"));
  const changes: Record<string, (at: string) => void> = {
    "another target": (at) => (rmSync(join(at, "link")), symlinkSync("other", join(at, "link"))),
    "another size": (at) => writeFileSync(join(at, "folder/file"), "more words"),
    "another name": (at) => renameSync(join(at, "folder/file"), join(at, "folder/other")),
    "one more": (at) => writeFileSync(join(at, "more"), ""),
    "one less": (at) => rmSync(join(at, "link")),
  };
  for (const [what, change] of Object.entries(changes)) {
    const copy = join(base, what);
    cpSync(place, copy, { recursive: true, verbatimSymlinks: true });
    const listener = listed(copy).listener();
    assert.ok(listener);
    change(copy);
    const parser = new NarParser(listener);
    assert.throws(
      () => {
        finish(dumpSteps(unlistedTree(copy), { sink: (chunk) => parser.push(chunk) }));
        parser.end();
        listener.finish();
      },
      (error) => isPipeliteError(error, "SHIPPED_FILE_CHANGED"),
      what,
    );
  }
});

test("the hash of a tree with links, programs and empty folders is that of its NAR", async () => {
  const tree = join(base, "whole");
  mkdirSync(join(tree, "b/empty"), { recursive: true });
  mkdirSync(join(tree, "b.c"));
  writeFileSync(join(tree, "b/large"), contentOf(MIB), { mode: 0o755 });
  writeFileSync(join(tree, "b/none"), "");
  symlinkSync("b/none", join(tree, "link"));
  const whole = listed(tree);
  await whole.readRest();
  digestsOfAll(whole.files);
  writeFileSync(join(tree, "b/none"), "no");
  await assert.rejects(
    new StoreTree({ path: "/nix/store/tree", place: tree, narHash: whole.narHash, digests: [] }).readRest(),
    (error) => isPipeliteError(error, "SHIPPED_PATH_CHANGED"),
  );
});

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}
