// Store paths of every kind, held to those real Nix computes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { contentAddressedPath, parseContentAddress, writeContentAddress } from "#nix/content-address.ts";
import { equalHashes, hashBytes, parseHash, sha256, type HashAlgorithm } from "#nix/hash.ts";
import { checkStorePathName, isDerivationPath, isStorePath, makeFixedPath } from "#nix/store-path.ts";
import { makeSourcePath, makeTextPath, parseStorePath, parseStorePathBase } from "#nix/store-path.ts";
import { sortPaths, storePathBase, storePathHash, storePathName } from "#nix/store-path.ts";

interface FixedVector {
  algorithm: HashAlgorithm;
  method: "flat" | "recursive";
  hash: string;
  name: string;
  path: string;
}

function readText(name: string): string {
  return readFileSync(join(import.meta.dirname, "vectors", name), "utf8");
}

const someHash = "migf3i53pc35bf1lkscgbi243my58ims";
const somePath = parseStorePath(`/nix/store/${someHash}-note.txt`);

test("Paths of fixed content are those of nix-store --print-fixed-path", () => {
  const vectors: FixedVector[] = JSON.parse(readText("fixed-path.json"));
  assert.ok(vectors.length > 0);
  for (const { algorithm, method, hash, name, path } of vectors) {
    assert.equal(makeFixedPath({ name, method, hash: parseHash(hash, algorithm) }), path);
  }
});

test("Paths of text objects, with and without references, are those of builtins.toFile", () => {
  const { texts }: { texts: Record<"note" | "linked", string> } = JSON.parse(readText("drv.json"));
  const note = makeTextPath({ name: "note.txt", sha256: sha256(Buffer.from("a note\n")) });
  assert.equal(note, texts.note);
  const content = sha256(Buffer.from(`see ${note}\n`));
  assert.equal(makeTextPath({ name: "linked.txt", sha256: content, references: [note, note] }), texts.linked);
  const hash = { algorithm: "sha256", bytes: content } as const;
  assert.equal(makeFixedPath({ name: "linked.txt", method: "text", hash, references: [note] }), texts.linked);
});

test("The parts of a store path", () => {
  assert.equal(storePathName(somePath), "note.txt");
  assert.equal(storePathHash(somePath), someHash);
  assert.equal(storePathBase(somePath), `${someHash}-note.txt`);
  assert.equal(parseStorePathBase(`${someHash}-note.txt`), somePath);
  assert.ok(isStorePath(somePath));
  assert.ok(!isStorePath(`${somePath}/inside`));
  assert.ok(!isDerivationPath(somePath));
  assert.ok(isDerivationPath(parseStorePath(`/nix/store/${someHash}-x.drv`)));
});

test("Names as long as allowed, and with every allowed character, are taken", () => {
  checkStorePathName("n".repeat(211));
  checkStorePathName("+-._?=09azAZ");
  checkStorePathName(".hidden");
  checkStorePathName("...");
});

test("References are part of a path in any order, a self-reference is another path", () => {
  const narSha256 = sha256(Buffer.from("x"));
  const other = makeSourcePath({ name: "b", narSha256 });
  const paths = [other, somePath, other];
  const path = makeSourcePath({ name: "a", narSha256, references: paths });
  assert.equal(path, makeSourcePath({ name: "a", narSha256, references: paths.toReversed() }));
  assert.notEqual(path, makeSourcePath({ name: "a", narSha256, references: paths, selfReference: true }));
  assert.notEqual(path, makeSourcePath({ name: "a", narSha256 }));
  assert.deepEqual(sortPaths(paths), [other, somePath].toSorted());
});

test("Content addresses are read, written in one form, and give back the path they belong to", () => {
  for (const method of ["flat", "recursive", "git"] as const) {
    for (const algorithm of ["md5", "sha1", "sha256", "sha512"] as const) {
      const address = { method, hash: hashBytes(algorithm, Buffer.from("x")) };
      const parsed = parseContentAddress(writeContentAddress(address));
      assert.equal(parsed.method, method);
      assert.ok(equalHashes(parsed.hash, address.hash));
      const path = makeFixedPath({ name: "x", ...address });
      assert.equal(contentAddressedPath(path, address, []), path);
    }
  }
  const text = { method: "text", hash: hashBytes("sha256", Buffer.from("x")) } as const;
  assert.match(writeContentAddress(text), /^text:sha256:[0-9a-z]{52}$/);
  const textPath = makeTextPath({ name: "t", sha256: text.hash.bytes, references: [somePath] });
  assert.equal(
    contentAddressedPath(textPath, parseContentAddress(writeContentAddress(text)), [somePath]),
    textPath,
  );
  const tree = { method: "recursive", hash: text.hash } as const;
  const self = makeSourcePath({
    name: "s",
    narSha256: tree.hash.bytes,
    references: [somePath],
    selfReference: true,
  });
  assert.equal(contentAddressedPath(self, tree, [somePath, self]), self);
  assert.notEqual(contentAddressedPath(self, tree, [somePath]), self);
});
