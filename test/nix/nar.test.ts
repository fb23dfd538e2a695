// NAR: writer and parser, held to what nix-store --dump writes and to each other.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { hex } from "#base/bytes.ts";
import { isPipeliteError, PipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { sha256 } from "#nix/hash.ts";
import { NarParser, NarWriter } from "#nix/nar.ts";
import { makeSourcePath } from "#nix/store-path.ts";
import {
  directory,
  file,
  narHashOf,
  narOf,
  nest,
  rewriteNar,
  symlink,
  vectorTrees,
  walkTree,
} from "./trees.ts";
import type { Tree } from "./trees.ts";

const FOLDER = join(import.meta.dirname, "vectors");
type Table = Record<string, { sha256: string; sizeBytes: number; path: string }>;
const table: Table = JSON.parse(readFileSync(join(FOLDER, "nar.json"), "utf8"));

test("The NAR of each tree is the one real Nix dumps, and so is its source path", () => {
  assert.deepEqual(Object.keys(table).toSorted(), Object.keys(vectorTrees).toSorted());
  for (const [name, tree] of Object.entries(vectorTrees)) {
    const nar = narOf(tree);
    assert.ok(nar.equals(readFileSync(join(FOLDER, "nar", `${name}.nar`))), name);
    assert.equal(hex(sha256(nar)), table[name]?.sha256);
    assert.equal(nar.length, table[name]?.sizeBytes);
    assert.equal(makeSourcePath({ name, narSha256: sha256(nar) }), table[name]?.path);
  }
});

test("The NAR of `hello` has 120 bytes and the hash known for it", () => {
  assert.equal(narOf(file("hello")).length, 120);
  const known = "0a430879c266f8b57f4092a0f935cf3facd48bbccde5760d4748ca405171e969";
  assert.equal(hex(narHashOf(file("hello"))), known);
});

test("A NAR in chunks of any size parses to what writes the same bytes", () => {
  for (const [name, tree] of Object.entries(vectorTrees)) {
    const nar = narOf(tree);
    for (const chunkSize of [1, 3, 8, 13, 64, 4096]) assert.ok(rewriteNar(nar, chunkSize).equals(nar), name);
  }
});

test("Contents larger than the buffer pass through whole, copied in pieces or not", () => {
  for (const size of [100_000, 131_072, 131_073, 262_143, 262_144, 262_145, 700_001]) {
    const content = Buffer.alloc(size, "0123456789 abc");
    const nar = narOf(directory({ a: file("x"), b: file(content), c: file("y", true) }));
    assert.ok(rewriteNar(nar).equals(nar));
    assert.ok(rewriteNar(nar, 65_536).equals(nar));
    assert.ok(nar.includes(content));
    assert.ok(nar.equals(writeThroughRoom(content)));
  }
});

function writeThroughRoom(content: Buffer): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)));
  writer.startDirectory();
  for (const [name, bytes, executable] of [
    ["a", Buffer.from("x"), false],
    ["b", content, false],
    ["c", Buffer.from("y"), true],
  ] as const) {
    writer.entry(Buffer.from(name));
    writer.startFile(executable, bytes.length);
    for (let at = 0; at < bytes.length;) {
      const room = writer.contentRoom();
      assert.ok(room.length >= 128 * 1024);
      const size = bytes.copy(room, 0, at);
      writer.contentWritten(size);
      at += size;
    }
    writer.endFile();
    writer.endEntry();
  }
  writer.endDirectory();
  writer.end();
  const nar = Buffer.concat(chunks);
  assert.equal(writer.sizeBytes, nar.length);
  return nar;
}

test("`take` stops at the end of a NAR and leaves what follows to its caller", () => {
  const nar = narOf(vectorTrees["names"] ?? file(""));
  const parser = new NarParser(new NarWriter(() => {}));
  const stream = Buffer.concat([nar, Buffer.from("more")]);
  assert.equal(parser.take(stream.subarray(0, 50)), 50);
  assert.ok(!parser.done);
  assert.equal(parser.take(stream.subarray(50)), nar.length - 50);
  assert.ok(parser.done);
  assert.equal(parser.sizeBytes, nar.length);
  assert.equal(parser.take(Buffer.from("more")), 0);
  parser.end();
});

const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"))
  .filter((name) => !/[\0/]/.test(name) && name !== "." && name !== "..");

const { tree: anyTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean())
      .map(([content, executable]) => file(content, executable)),
    anyName.map((target) => symlink(target)),
    fc
      .array(fc.tuple(anyName, tie("tree")), { maxLength: 4 })
      .map((entries) => directory(Object.fromEntries(entries))),
  ),
}));

test("Any tree: written, parsed in any chunks and written again it is the same bytes", () => {
  fc.assert(
    fc.property(anyTree, fc.integer({ min: 1, max: 300 }), (tree, chunkSize) => {
      const nar = narOf(tree);
      assert.equal(nar.length % 8, 0);
      assert.ok(rewriteNar(nar, chunkSize).equals(nar));
    }),
  );
});

test("A single flipped bit is refused, or parses to another tree: what is written again is the flipped NAR", () => {
  const nar = narOf(directory({ a: file("hello", true), b: directory({ c: symlink("a"), d: file("") }) }));
  let refused = 0;
  for (let bit = 0; bit < nar.length * 8; bit++) {
    const flipped = Buffer.from(nar);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      assert.ok(rewriteNar(flipped, 4096).equals(flipped), `bit ${bit} is lost`);
    } catch (error) {
      assert.ok(isPipeliteError(error) && error.code.startsWith("NAR_"), `bit ${bit}: ${String(error)}`);
      refused++;
    }
  }
  assert.ok(refused > nar.length * 7);
});

test("Every cut of a NAR is refused as truncated", () => {
  const nar = narOf(directory({ a: file("hello"), b: symlink("a") }));
  for (let size = 0; size < nar.length; size++) {
    assert.throws(() => rewriteNar(nar.subarray(0, size)), { code: "NAR_TRUNCATED" });
  }
});

const refusedTrees: [string, Tree, ErrorCode][] = [
  ["an empty name", directory({ "": file("") }), "NAR_NAME_INVALID"],
  ["the name .", directory({ ".": file("") }), "NAR_NAME_INVALID"],
  ["the name ..", directory({ "..": file("") }), "NAR_NAME_INVALID"],
  ["a slash in a name", directory({ "a/b": file("") }), "NAR_NAME_INVALID"],
  ["a zero byte in a name", directory({ "a\0": file("") }), "NAR_NAME_INVALID"],
  ["a name of 256 bytes", directory({ ["n".repeat(256)]: file("") }), "NAR_NAME_INVALID"],
  ["an empty target", symlink(""), "NAR_TARGET_INVALID"],
  ["a target of 4096 bytes", symlink("t".repeat(4096)), "NAR_TARGET_INVALID"],
  ["a target with a zero byte", symlink("a\0b"), "NAR_TARGET_INVALID"],
  ["64 nested directories", nest(64, file("")), "NAR_TOO_DEEP"],
];

for (const [what, tree, code] of refusedTrees) {
  test(`The writer refuses ${what}`, () => assert.throws(() => narOf(tree), { code }));
}

test("The writer refuses names out of order and twice", () => {
  for (const [first, second] of [
    ["b", "a"],
    ["a", "a"],
  ] as const) {
    const writer = new NarWriter(() => {});
    writer.startDirectory();
    writer.entry(Buffer.from(first));
    walkTree(file(""), writer);
    writer.endEntry();
    assert.throws(() => writer.entry(Buffer.from(second)), { code: "NAR_ORDER_WRONG" });
  }
});

test("The writer refuses a file that has become shorter or longer", () => {
  const shorter = new NarWriter(() => {});
  shorter.startFile(false, 3);
  shorter.content(Buffer.from("ab"));
  assert.throws(() => shorter.endFile(), { code: "NAR_SIZE_CHANGED", details: { wanted: 3, actual: 2 } });
  const longer = new NarWriter(() => {});
  longer.startFile(false, 1);
  assert.throws(() => longer.content(Buffer.from("ab")), PipeliteError);
  const room = new NarWriter(() => {});
  room.startFile(false, 1);
  room.contentRoom();
  assert.throws(() => room.contentWritten(2), { code: "NAR_SIZE_CHANGED" });
});

test("Calls in a wrong order are bugs, not NARs", () => {
  const wrong: ((writer: NarWriter) => void)[] = [
    (writer) => writer.end(),
    (writer) => writer.content(Buffer.from("x")),
    (writer) => writer.endFile(),
    (writer) => writer.entry(Buffer.from("a")),
    (writer) => writer.endDirectory(),
    (writer) => (walkTree(file("x"), writer), walkTree(file("x"), writer)),
    (writer) => (writer.startDirectory(), writer.startDirectory()),
    (writer) => (writer.startDirectory(), writer.endEntry()),
    (writer) => (writer.startDirectory(), writer.end()),
  ];
  for (const calls of wrong) assert.throws(() => calls(new NarWriter(() => {})), { code: "ERR_ASSERTION" });
});
