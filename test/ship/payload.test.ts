// Files of a package as one packed stream: one member of gzip, one frame of zstd, the same bytes however they were read.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, inflateRawSync, zstdDecompressSync, type InflateRaw } from "node:zlib";
import fc from "fast-check";
import { parseStorePath } from "#nix/store-path.ts";
import { keptPayload, packPayload, type Codec } from "#ship/payload.ts";
import { addedFile, filesOfTree } from "#ship/tree.ts";
import { finish } from "#base/steps.ts";
import { isPipeliteError } from "#base/errors.ts";
import { hashSteps } from "#store/tree.ts";
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
  const payload = await packPayload(parts, codec, file);
  const bytes = readFileSync(file);
  assert.equal(payload.size, bytes.length);
  assert.equal(payload.sha256, createHash("sha256").update(bytes).digest("hex"));
  return { ...payload, bytes };
}

const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 3.5 * MIB, 9 * MIB];

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

test("what is changed between listing and packing is refused, and nothing of it is kept", async () => {
  const folder = join(base, "changed");
  const tree = join(base, "tree");
  mkdirSync(tree);
  const path = parseStorePath("/nix/store/00000000000000000000000000000000-tree");
  for (const content of ["other", "lo", "longer than it was"]) {
    writeFileSync(join(tree, "file"), "words");
    const { files: listed } = await filesOfTree("nix/store/tree", tree);
    writeFileSync(join(tree, "file"), content);
    const parts = listed.filter(({ source }) => source !== undefined);
    await assert.rejects(keptPayload(parts, "gzip", { folder, path }), (error) =>
      isPipeliteError(error, "SHIPPED_FILE_CHANGED"),
    );
    assert.deepEqual(readdirSync(folder), []);
  }
});

test("a tree that is read for a package has the hash of its NAR", async () => {
  const tree = join(base, "whole");
  mkdirSync(join(tree, "b/empty"), { recursive: true });
  mkdirSync(join(tree, "b.c"));
  writeFileSync(join(tree, "b/large"), contentOf(MIB), { mode: 0o755 });
  writeFileSync(join(tree, "b/none"), "");
  symlinkSync("b/none", join(tree, "link"));
  const { narHash } = await filesOfTree("nix/store/tree", tree);
  assert.equal(narHash, Buffer.from(finish(hashSteps(tree)).narHash).toString("hex"));
});
