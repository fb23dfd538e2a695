// The references of a whole store in memory: marking what is alive takes one query each for paths and
// references, not one for every path.
import { parseStorePath, storePathHash, type StorePath } from "#nix/store-path.ts";
import { integerColumn, optionalText, textColumn } from "./database.ts";
import type { StoreDatabase } from "./query.ts";

export interface Graph {
  readonly ids: ReadonlyMap<StorePath, number>;
  readonly paths: ReadonlyMap<number, StorePath>;
  /** The id of the path with this hash part. */
  idOfHash(hash: string): number | undefined;
  references(id: number): readonly number[];
  referrers(id: number): readonly number[];
  /**
   * Adds to `live` these paths and all they keep alive: what they refer to, and the derivations they came
   * from.
   */
  mark(live: Set<number>, ids: Iterable<number>): void;
}

export function readGraph(store: StoreDatabase): Graph {
  const ids = new Map<StorePath, number>();
  const paths = new Map<number, StorePath>();
  const hashes = new Map<string, number>();
  const derivers = new Map<number, StorePath>();
  for (const row of store.statement("select id, path, deriver from ValidPaths").all()) {
    const id = integerColumn(row, "id");
    const path = parseStorePath(textColumn(row, "path"));
    ids.set(path, id);
    paths.set(id, path);
    hashes.set(storePathHash(path), id);
    const deriver = optionalText(row, "deriver");
    if (deriver) derivers.set(id, parseStorePath(deriver));
  }
  const references = new Map<number, number[]>();
  const referrers = new Map<number, number[]>();
  for (const row of store.statement("select referrer, reference from Refs").all()) {
    const referrer = integerColumn(row, "referrer");
    const reference = integerColumn(row, "reference");
    append(references, referrer, reference);
    append(referrers, reference, referrer);
  }
  const mark = (live: Set<number>, from: Iterable<number>): void => {
    const open = [...from];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (live.has(id)) continue;
      live.add(id);
      for (const reference of references.get(id) ?? []) open.push(reference);
      // As Nix does by default (keep-derivations): what is alive can still be built again.
      const deriver = derivers.get(id);
      const drv = deriver && ids.get(deriver);
      if (drv !== undefined) open.push(drv);
    }
  };
  return {
    ids,
    paths,
    idOfHash: (hash) => hashes.get(hash),
    references: (id) => references.get(id) ?? [],
    referrers: (id) => referrers.get(id) ?? [],
    mark,
  };
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
