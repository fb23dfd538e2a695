// The references of a whole store in memory: marking what is alive takes one query each for paths and
// references, not one for every path.
import { parseStorePath, STORE_DIR, STORE_HASH_LENGTH, storePathHash } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { integerColumn, optionalText, textColumn } from "./database.ts";
import type { StoreDatabase } from "./query.ts";

const HASH_START = STORE_DIR.length + 1;
const HASH_END = HASH_START + STORE_HASH_LENGTH;

export interface ReferenceGraph {
  readonly paths: ReadonlyMap<number, PathFacts>;
  idOf(path: StorePath): number | undefined;
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

export interface PathFacts {
  path: StorePath;
  /** Bytes of its NAR. */
  narSize: number;
  /** Seconds since the epoch. */
  registeredAt: number;
  deriver: string | undefined;
}

export function readGraph(store: StoreDatabase): ReferenceGraph {
  const paths = new Map<number, PathFacts>();
  const hashes = new Map<string, number>();
  const sql = "select id, path, deriver, narSize, registrationTime from ValidPaths";
  for (const row of store.statement(sql).iterate()) {
    const id = integerColumn(row, "id");
    const path = parseStorePath(textColumn(row, "path"));
    const narSize = typeof row["narSize"] === "number" ? row["narSize"] : 0;
    const registeredAt = integerColumn(row, "registrationTime");
    paths.set(id, { path, narSize, registeredAt, deriver: optionalText(row, "deriver") });
    hashes.set(storePathHash(path), id);
  }
  const idOf = (path: string): number | undefined => {
    const id = hashes.get(path.slice(HASH_START, HASH_END));
    return id !== undefined && paths.get(id)?.path === path ? id : undefined;
  };
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
      const deriver = paths.get(id)?.deriver;
      const drv = deriver === undefined ? undefined : idOf(deriver);
      if (drv !== undefined) open.push(drv);
    }
  };
  return {
    paths,
    idOf,
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
