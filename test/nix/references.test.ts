// The reference scanner, held to a plain search of the whole text.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { sha256 } from "#nix/hash.ts";
import { ReferenceScanner } from "#nix/references.ts";
import { makeSourcePath, storePathHash, type StorePath } from "#nix/store-path.ts";
import { inputs, sweep } from "../rig/peer.ts";

const paths: StorePath[] = Array.from({ length: 40 }, (_, index) => {
  return makeSourcePath({ name: `p${index}`, narSha256: sha256(Buffer.from(`${index}`)) });
});
const [first, second] = paths as [StorePath, StorePath];

function scan(text: Buffer, candidates: StorePath[], chunkSize = text.length || 1): StorePath[] {
  const scanner = new ReferenceScanner(candidates);
  for (let at = 0; at < text.length; at += chunkSize) scanner.push(text.subarray(at, at + chunkSize));
  return scanner.found();
}

function search(text: Buffer, candidates: StorePath[]): StorePath[] {
  return candidates.filter((path) => text.includes(storePathHash(path))).toSorted();
}

test("A hash part is found anywhere: at both ends, inside digits, without a name, cut by any chunk", () => {
  const [one, two] = [storePathHash(first), storePathHash(second)];
  const texts = [
    one,
    `${one}${two}`,
    `x${one}`,
    `${one}e`,
    `0000${one}0000`,
    `${"z".repeat(31)}${one}`,
    `/nix/store/${two}`,
  ];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const wanted = search(bytes, paths);
    assert.ok(wanted.length > 0);
    for (let chunkSize = 1; chunkSize <= bytes.length; chunkSize++) {
      assert.deepEqual(scan(bytes, paths, chunkSize), wanted, `${text} in chunks of ${chunkSize}`);
    }
  }
});

test("A hash part is found at every distance from a byte that is no digit, and from another hash", () => {
  const [one, two] = [storePathHash(first), storePathHash(second)];
  for (let before = 0; before <= 40; before++) {
    for (let between = 0; between <= 40; between++) {
      const text = Buffer.from(`${"z".repeat(before)}-${"z".repeat(between)}${one}${two}`);
      assert.deepEqual(scan(text, paths), [first, second].toSorted(), `${before}, ${between}`);
    }
  }
});

test("What is no reference is not found: 31 digits, another case, an interrupted hash, no candidate", () => {
  const hash = storePathHash(first);
  const last = hash.slice(1);
  for (const text of [
    last,
    hash.slice(0, 31),
    hash.toUpperCase(),
    `${hash.slice(0, 16)}-${hash.slice(16)}`,
    "",
  ]) {
    assert.deepEqual(scan(Buffer.from(text), [first]), []);
  }
  assert.deepEqual(scan(Buffer.from(hash), []), []);
  assert.deepEqual(scan(Buffer.from(hash), [second]), []);
});

test("Any text in any chunks: found is what a plain search finds", { skip: sweep() }, () => {
  const piece = fc.oneof(
    fc.constantFrom(...paths.map(storePathHash)),
    fc.constantFrom(...paths.map((path) => storePathHash(path).slice(0, 20))),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdfghijklmnpqrsvwxyz".split("")), maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 100 }), (pieces, chunkSize) => {
      const text = Buffer.from(pieces.join(""), "latin1");
      assert.deepEqual(scan(text, paths, chunkSize), search(text, paths));
    }),
    { numRuns: inputs(300) },
  );
});
