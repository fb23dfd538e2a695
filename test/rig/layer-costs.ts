// What a change of one path makes to be fetched again, for any way to lay paths out; and the way that dockerTools of nixpkgs
// and nix2container go by default.
import type { LayerPath } from "#package/layering.ts";

/** Bytes of the layers that hold a path or anything that needs it: all those are built again. */
export function bytesAfterChange(
  paths: readonly LayerPath[],
  layers: readonly (readonly string[])[],
  changed: string,
): number {
  const sizes = new Map(paths.map(({ id, size }) => [id, size]));
  const gone = new Set([changed]);
  for (let before = 0; before < gone.size;) {
    before = gone.size;
    for (const { id, references } of paths) if (references.some((each) => gone.has(each))) gone.add(id);
  }
  return layers
    .filter((layer) => layer.some((id) => gone.has(id)))
    .flat()
    .reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
}

/** Each of the paths that most others need (counted along all ways) is a layer, and what is left is the last one. */
export function popularity(paths: readonly LayerPath[], most: number): string[][] {
  const byId = new Map(paths.map((path) => [path.id, path]));
  const needed = new Set(paths.flatMap(({ references, id }) => references.filter((each) => each !== id)));
  const counts = new Map(paths.map(({ id }) => [id, 0]));
  const ways = new Map<string, Map<string, number>>();
  const waysFrom = (id: string): Map<string, number> => {
    const known = ways.get(id);
    if (known !== undefined) return known;
    const found = new Map([[id, 1]]);
    for (const reference of byId.get(id)?.references ?? []) {
      if (reference === id) continue;
      for (const [below, count] of waysFrom(reference)) found.set(below, (found.get(below) ?? 0) + count);
    }
    ways.set(id, found);
    return found;
  };
  for (const { id } of paths)
    if (!needed.has(id))
      for (const [below, count] of waysFrom(id)) counts.set(below, (counts.get(below) ?? 0) + count);
  const sorted = paths
    .map(({ id }) => id)
    .toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1));
  const single = sorted.slice(0, most - 1).map((id) => [id]);
  const rest = sorted.slice(most - 1);
  return rest.length === 0 ? single : [...single, rest];
}
