import type { Source } from "pipelite";

/** A part of the image, with its grey values row by row. */
export interface Tile {
  /** What the stages of the tile are called by. */
  name: string;
  rows: number[][];
}

/** Cuts a plain PGM (P2) into squares; those at its edges may be smaller. */
export default async function tiles({ image, side }: { image: Source; side: number }) {
  const [kind, width = "0", height = "0", , ...values] = (await image.text()).trim().split(/\s+/);
  if (kind !== "P2") throw new Error(`the image is '${kind}', not a plain PGM`);
  const rows = Array.from({ length: Number(height) }, (_, y) =>
    values.slice(y * Number(width), (y + 1) * Number(width)).map(Number),
  );
  const found: Tile[] = [];
  for (let y = 0; y < Number(height); y += side)
    for (let x = 0; x < Number(width); x += side)
      found.push({
        name: `${x}-${y}`,
        rows: rows.slice(y, y + side).map((row) => row.slice(x, x + side)),
      });
  return { "tiles.json": found };
}
