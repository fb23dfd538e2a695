// A log as static files: 256 hashes a tile, and the entries themselves in bundles of as many.
// Specification: https://c2sp.org/tlog-tiles
import { nodeHash, type SubtreeHashes, type MerkleHash } from "./merkle.ts";

export const TILE_WIDTH = 256;
const TILE_LEVELS = 8;
const HASH_SIZE = 32;
/** The length of an entry has two bytes. */
export const ENTRY_MAX = 65_535;

/** One tile: the `width` hashes `index * 256 ...` of the nodes at level `8 * level` of the tree. */
export interface Tile {
  level: number;
  index: number;
  /** 1 to 256; fewer than 256 where the tree has no more yet. */
  width: number;
}

/** Where a tile is, such as `tile/1/x001/067.p/12`. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${indexPath(index)}${partOf(width)}`;
}

/** Where the bundle with the entries of a tile of level 0 is. */
export function bundlePath({ index, width }: Pick<Tile, "index" | "width">): string {
  return `tile/entries/${indexPath(index)}${partOf(width)}`;
}

/** Groups of three digits, all but the last with an `x`. */
function indexPath(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join("/");
}

function partOf(width: number): string {
  return width === TILE_WIDTH ? "" : `.p/${width}`;
}

/** The tiles that a tree of `size` leaves has and one of `known` leaves had not, those without a change left out. */
export function tilesBetween(known: number, size: number): Tile[] {
  const tiles: Tile[] = [];
  let [from, to] = [known, size];
  for (let level = 0; from < to; level += 1) {
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index += 1)
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, to - index * TILE_WIDTH) });
    [from, to] = [Math.floor(from / TILE_WIDTH), Math.floor(to / TILE_WIDTH)];
  }
  return tiles;
}

/** The widest tile that a tree of `size` leaves has in a place; undefined where it has none. */
export function tileIn(size: number, level: number, index: number): Tile | undefined {
  const nodes = Math.floor(size / TILE_WIDTH ** level);
  const width = Math.min(TILE_WIDTH, nodes - index * TILE_WIDTH);
  return width > 0 ? { level, index, width } : undefined;
}

/**
 * Hashes of subtrees of a tree of `size` leaves, from its tiles.
 * @param read the bytes of a tile: as many hashes as it is wide
 */
export function hashesOfTiles(size: number, read: (tile: Tile) => Uint8Array): SubtreeHashes {
  const tiles = new Map<string, Uint8Array>();
  const hashIn = (level: number, index: number): MerkleHash => {
    const place = Math.floor(index / TILE_WIDTH);
    const key = `${level}/${place}`;
    let bytes = tiles.get(key);
    if (bytes === undefined) {
      const tile = tileIn(size, level, place);
      if (tile === undefined) throw new RangeError(`a tree of ${size} leaves has no tile ${key}`);
      bytes = read(tile);
      if (bytes.length !== tile.width * HASH_SIZE)
        throw new RangeError(`${tilePath(tile)} has ${bytes.length} bytes`);
      tiles.set(key, bytes);
    }
    const hash = hashAt(bytes, index % TILE_WIDTH);
    if (hash.length === 0) throw new RangeError(`a tree of ${size} leaves has no hash ${level}/${index}`);
    return hash;
  };
  const subtree = (level: number, index: number): MerkleHash =>
    level % TILE_LEVELS === 0
      ? hashIn(level / TILE_LEVELS, index)
      : nodeHash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1));
  return subtree;
}

/** The hash that a whole tile has in the tile above it. */
export function tileRoot(tile: Uint8Array): MerkleHash {
  let hashes = Array.from({ length: tile.length / HASH_SIZE }, (_, at) => hashAt(tile, at));
  while (hashes.length > 1)
    hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
      nodeHash(hashes[2 * at] ?? new Uint8Array(), hashes[2 * at + 1] ?? new Uint8Array()),
    );
  return hashes[0] ?? new Uint8Array();
}

function hashAt(tile: Uint8Array, at: number): MerkleHash {
  return tile.subarray(at * HASH_SIZE, (at + 1) * HASH_SIZE);
}

/** Entries one after the other, each after its length in two bytes. @throws RangeError of an entry that is too long */
export function writeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > ENTRY_MAX) throw new RangeError(`an entry has ${entry.length} bytes`);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}
