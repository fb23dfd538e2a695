import type { Tile } from "./tiles.ts";

/** The mean grey of one tile. */
export default function measure({ tile }: { tile: Tile }) {
  const values = tile.rows.flat();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { "mean.json": { name: tile.name, mean: Number(mean.toFixed(3)) } };
}
