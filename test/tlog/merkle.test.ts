// The tree against the vectors of Certificate Transparency, and its proofs against every change of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "#base/bytes.ts";
import {
  hashesOfLeaves,
  leafHash,
  proveConsistency,
  proveInclusion,
  rootHash,
  verifyConsistency,
  verifyInclusion,
  type MerkleHash,
} from "#tlog/merkle.ts";
import {
  bundlePath,
  hashesOfTiles,
  tileIn,
  tilePath,
  tileRoot,
  tilesBetween,
  writeEntryBundle,
  type Tile,
} from "#tlog/tiles.ts";

/** Leaves and roots of the tests of certificate-transparency (C++ and Go): each root is of so many leaves. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const numbered = (count: number): MerkleHash[] =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

test("roots are those of Certificate Transparency", () => {
  const tree = hashesOfLeaves(LEAVES.map((leaf) => leafHash(Buffer.from(leaf, "hex"))));
  assert.deepEqual(
    ROOTS.map((_, size) => hex(rootHash(size, tree))),
    ROOTS,
  );
});

test("every leaf of every tree up to 40 is shown to be in it, and in no other place, tree or form", () => {
  const leaves = numbered(41);
  const tree = hashesOfLeaves(leaves);
  for (let size = 1; size <= 40; size += 1) {
    const root = rootHash(size, tree);
    for (let index = 0; index < size; index += 1) {
      const claim = { leaf: tree(0, index), index, size, proof: proveInclusion(index, size, tree), root };
      assert.equal(verifyInclusion(claim), true, `${index} of ${size}`);
      const wrong = [
        { index: index + 1 },
        { index: index - 1 },
        { leaf: tree(0, size) },
        { root: rootHash(size + 1, tree) },
        { proof: claim.proof.slice(1) },
        { proof: [...claim.proof, root] },
        { proof: [root, ...claim.proof] },
        { index: index + 0.5 },
        { size: Number.NaN },
        { index: size },
        ...claim.proof.map((_, at) => ({ proof: claim.proof.with(at, root) })),
      ];
      for (const change of wrong)
        if (size > 1 || !("proof" in change && change.proof.length === 0))
          assert.equal(verifyInclusion({ ...claim, ...change }), false, JSON.stringify(change));
    }
  }
});

test("every tree up to 40 is shown to go on from every earlier one, and from no other", () => {
  const tree = hashesOfLeaves(numbered(42));
  const other = hashesOfLeaves(numbered(42).with(0, leafHash(Buffer.from("another"))));
  for (let size = 1; size <= 40; size += 1)
    for (let earlier = 0; earlier <= size; earlier += 1) {
      const claim = {
        earlier,
        earlierRoot: rootHash(earlier, tree),
        size,
        root: rootHash(size, tree),
        proof: proveConsistency(earlier, size, tree),
      };
      assert.equal(verifyConsistency(claim), true, `${earlier} of ${size}`);
      const wrong = [
        { proof: [...claim.proof, claim.root] },
        { earlier: size + 1 },
        { earlierRoot: rootHash(earlier === 0 ? 1 : earlier, other) },
        // Every tree goes on from that of nothing.
        ...(earlier === 0
          ? []
          : [
              { root: rootHash(size + 1, tree) },
              { root: rootHash(size, other) },
              { earlierRoot: rootHash(earlier - 1, tree) },
            ]),
        ...(claim.proof.length === 0 ? [] : [{ proof: claim.proof.slice(1) }]),
        ...claim.proof.map((_, at) => ({ proof: claim.proof.with(at, rootHash(41, other)) })),
      ];
      for (const change of wrong)
        assert.equal(
          verifyConsistency({ ...claim, ...change }),
          false,
          `${earlier} of ${size} ${JSON.stringify(change)}`,
        );
    }
});

test("a proof of what is not there can't be made", () => {
  const tree = hashesOfLeaves(numbered(3));
  assert.throws(() => proveInclusion(3, 3, tree), RangeError);
  assert.throws(() => proveConsistency(4, 3, tree), RangeError);
});

/** The tiles of a log that grew by these steps, as files. */
function grow(sizes: readonly number[], leaves: readonly MerkleHash[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const tree = hashesOfLeaves(leaves);
  let known = 0;
  for (const size of sizes) {
    for (const tile of tilesBetween(known, size)) {
      const hashes = Array.from({ length: tile.width }, (_, at) =>
        tree(8 * tile.level, 256 * tile.index + at),
      );
      files.set(tilePath(tile), Buffer.concat(hashes));
    }
    known = size;
  }
  return files;
}

test("a log that grows has every tile that its trees need, and a root from tiles is the root", () => {
  const leaves = numbered(600);
  const tree = hashesOfLeaves(leaves);
  const sizes = [0, 1, 2, 255, 256, 257, 511, 512, 600];
  const files = grow(sizes, leaves);
  const read = (tile: Tile): Uint8Array => {
    const bytes = files.get(tilePath(tile));
    assert.ok(bytes, tilePath(tile));
    return bytes;
  };
  for (const size of sizes)
    assert.equal(hex(rootHash(size, hashesOfTiles(size, read))), hex(rootHash(size, tree)), String(size));
  const hashes = hashesOfTiles(600, read);
  assert.equal(hex(tileRoot(read({ level: 0, index: 1, width: 256 }))), hex(tree(8, 1)));
  assert.deepEqual(proveInclusion(300, 600, hashes), proveInclusion(300, 600, tree));
  assert.throws(() => hashes(0, 600), RangeError);
  assert.throws(
    () =>
      rootHash(
        2,
        hashesOfTiles(2, () => Buffer.alloc(63)),
      ),
    /tile\/0\/000\.p\/2 has 63 bytes/,
  );
});

test("tiles lie where tlog-tiles has them", () => {
  const paths = [
    [{ level: 0, index: 0, width: 256 }, "tile/0/000"],
    [{ level: 1, index: 1_234_067, width: 256 }, "tile/1/x001/x234/067"],
    [{ level: 0, index: 999, width: 1 }, "tile/0/999.p/1"],
    [{ level: 2, index: 1000, width: 17 }, "tile/2/x001/000.p/17"],
  ] as const;
  for (const [tile, path] of paths) assert.equal(tilePath(tile), path);
  assert.equal(bundlePath({ index: 273, width: 112 }), "tile/entries/273.p/112");
  // The example of the specification: 70,000 entries.
  assert.deepEqual(
    [tileIn(70_000, 0, 273), tileIn(70_000, 1, 1), tileIn(70_000, 2, 0), tileIn(70_000, 3, 0)],
    [
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
      undefined,
    ],
  );
});

test("entries of a bundle stand after their lengths, and one that is too long is refused", () => {
  const entries = ["", "a", "b".repeat(65_535)].map((text) => Buffer.from(text));
  const [, a = Buffer.of(), b = Buffer.of()] = entries;
  assert.deepEqual(
    writeEntryBundle(entries),
    Buffer.concat([Buffer.of(0, 0, 0, 1), a, Buffer.of(255, 255), b]),
  );
  assert.throws(() => writeEntryBundle([Buffer.alloc(65_536)]), /65536 bytes/);
});
