// The Merkle tree of a transparency log: hashes of leaves and nodes, proofs that a leaf is in a tree and that one tree
// continues another, and their verification. Specification: RFC 6962, section 2.1; RFC 9162, section 2.1, for verifying.
import { asBuffer } from "#base/bytes.ts";
import { sha256 } from "#nix/hash.ts";

export type MerkleHash = Uint8Array;

/** Hashes of whole subtrees: `(level, index)` is that over the leaves `index * 2^level` up to the next of its kind. */
export type SubtreeHashes = (level: number, index: number) => MerkleHash;

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export function leafHash(entry: Uint8Array): MerkleHash {
  return sha256(Buffer.concat([LEAF, entry]));
}

export function nodeHash(left: MerkleHash, right: MerkleHash): MerkleHash {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** Hashes of the subtrees over these leaves, each made once. */
export function hashesOfLeaves(leaves: readonly MerkleHash[]): SubtreeHashes {
  const levels = [leaves];
  return (level, index) => {
    for (let next = levels.length; next <= level; next += 1) {
      const below = levels[next - 1] ?? [];
      const pairs = Math.floor(below.length / 2);
      levels.push(
        Array.from({ length: pairs }, (_, at) => nodeHash(leafAt(below, 2 * at), leafAt(below, 2 * at + 1))),
      );
    }
    return leafAt(levels[level] ?? [], index);
  };
}

function leafAt(hashes: readonly MerkleHash[], index: number): MerkleHash {
  const hash = hashes[index];
  if (hash === undefined) throw new RangeError(`there is no subtree ${index}`);
  return hash;
}

/** The hash of the tree of the first `size` leaves; that of no leaves is the hash of nothing. */
export function rootHash(size: number, hashes: SubtreeHashes): MerkleHash {
  return size === 0 ? sha256(new Uint8Array()) : rangeHash(0, size, hashes);
}

/**
 * What shows that leaf `index` is in the tree of `size` leaves, lowest first.
 * @throws RangeError where it is not
 */
export function proveInclusion(index: number, size: number, hashes: SubtreeHashes): MerkleHash[] {
  requireRange(index >= 0 && index < size, `leaf ${index} of ${size}`);
  const path = (at: number, from: number, to: number): MerkleHash[] => {
    if (to - from === 1) return [];
    const middle = from + splitOf(to - from);
    return at < middle
      ? [...path(at, from, middle), rangeHash(middle, to, hashes)]
      : [...path(at, middle, to), rangeHash(from, middle, hashes)];
  };
  return path(index, 0, size);
}

/**
 * What shows that the tree of `size` leaves begins with that of `earlier` leaves.
 * @throws RangeError where it can't
 */
export function proveConsistency(earlier: number, size: number, hashes: SubtreeHashes): MerkleHash[] {
  requireRange(earlier >= 0 && earlier <= size, `${earlier} of ${size} leaves`);
  const proof = (known: number, from: number, to: number, isWhole: boolean): MerkleHash[] => {
    if (known === to - from) return isWhole ? [] : [rangeHash(from, to, hashes)];
    const split = splitOf(to - from);
    const middle = from + split;
    return known <= split
      ? [...proof(known, from, middle, isWhole), rangeHash(middle, to, hashes)]
      : [...proof(known - split, middle, to, false), rangeHash(from, middle, hashes)];
  };
  return earlier === 0 ? [] : proof(earlier, 0, size, true);
}

/** Whether the proof leads from the hash of leaf `index` to the root of a tree of `size` leaves. RFC 9162, 2.1.3.2. */
export function verifyInclusion(claim: {
  leaf: MerkleHash;
  index: number;
  size: number;
  proof: readonly MerkleHash[];
  root: MerkleHash;
}): boolean {
  const { leaf, index, size, proof, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let [node, last] = [BigInt(index), BigInt(size - 1)];
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      hash = nodeHash(sibling, hash);
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && equal(hash, root);
}

/** Whether the tree of `size` leaves with one root begins with that of `earlier` leaves with the other. RFC 9162, 2.1.4.2. */
export function verifyConsistency(claim: {
  earlier: number;
  earlierRoot: MerkleHash;
  size: number;
  root: MerkleHash;
  proof: readonly MerkleHash[];
}): boolean {
  const { earlier, earlierRoot, size, root, proof } = claim;
  if (!isCount(earlier) || !isCount(size) || earlier > size) return false;
  if (earlier === size) return proof.length === 0 && equal(earlierRoot, root);
  if (earlier === 0) return proof.length === 0 && equal(earlierRoot, rootHash(0, noSubtree));
  const isPowerOfTwo = (BigInt(earlier) & (BigInt(earlier) - 1n)) === 0n;
  const [first, ...others] = isPowerOfTwo ? [earlierRoot, ...proof] : proof;
  if (first === undefined) return false;
  let [node, last] = [BigInt(earlier - 1), BigInt(size - 1)];
  while ((node & 1n) === 1n) [node, last] = [node >> 1n, last >> 1n];
  let [older, newer] = [first, first];
  for (const hash of others) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      [older, newer] = [nodeHash(hash, older), nodeHash(hash, newer)];
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else newer = nodeHash(newer, hash);
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && equal(older, earlierRoot) && equal(newer, root);
}

/** The hash over leaves `from` up to `to`: of a whole subtree as it is known, else of its two parts. */
function rangeHash(from: number, to: number, hashes: SubtreeHashes): MerkleHash {
  const width = to - from;
  const level = Math.log2(width);
  if (Number.isInteger(level) && from % width === 0) return hashes(level, from / width);
  const middle = from + splitOf(width);
  return nodeHash(rangeHash(from, middle, hashes), rangeHash(middle, to, hashes));
}

/** The largest power of two below a width of at least two. */
function splitOf(width: number): number {
  return 2 ** Math.floor(Math.log2(width - 1));
}

function noSubtree(): never {
  throw new RangeError("a tree of no leaves has no subtree");
}

function requireRange(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(`there is no ${what}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function equal(a: MerkleHash, b: MerkleHash): boolean {
  return asBuffer(a).equals(b);
}
