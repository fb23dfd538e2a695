// The references of a whole store in memory: marking what is alive takes one query each for paths and
// references, not one for every path.
import type { SQLOutputValue } from "node:sqlite";
import { parseStorePath, STORE_DIR, storePathHash } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { StoreDatabase } from "./query.ts";

const NAME_START = STORE_DIR.length + 1;

export interface ReferenceGraph {
  readonly paths: ReadonlyMap<number, PathFacts>;
  idOf(path: StorePath): number | undefined;
  /** The id of the path whose name in the store directory this is. */
  idOfName(name: string): number | undefined;
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
  const names = new Map<string, number>();
  const sql = "select id, path, registrationTime, narSize, deriver from ValidPaths where id > ? order by id";
  for (const row of rowsOf(store, sql)) {
    const id = integerIn(row, 0);
    const path = parseStorePath(textIn(row, 1));
    const narSize = typeof row[3] === "number" ? row[3] : 0;
    const deriver = typeof row[4] === "string" ? row[4] : undefined;
    paths.set(id, { path, narSize, registeredAt: integerIn(row, 2), deriver });
    names.set(path.slice(NAME_START), id);
  }
  const idOfName = (name: string): number | undefined => names.get(name);
  const idOf = (path: string): number | undefined =>
    path.startsWith(`${STORE_DIR}/`) ? idOfName(path.slice(NAME_START)) : undefined;
  let hashes: Map<string, number> | undefined;
  const idOfHash = (hash: string): number | undefined => {
    hashes ??= new Map([...paths].map(([id, { path }]) => [storePathHash(path), id]));
    return hashes.get(hash);
  };
  const references = new Map<number, number[]>();
  const referrers = new Map<number, number[]>();
  const refsSql = "select rowid, referrer, reference from Refs where rowid > ? order by rowid";
  for (const row of rowsOf(store, refsSql)) {
    const [referrer, reference] = [integerIn(row, 1), integerIn(row, 2)];
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
    idOfName,
    idOfHash,
    references: (id) => references.get(id) ?? NONE,
    referrers: (id) => referrers.get(id) ?? NONE,
    mark,
  };
}

const NONE: readonly number[] = [];

/** So many rows are asked for at a time: each by itself takes twice as long, and all of them much memory. */
const PORTION = 1000;

/**
 * Rows as lists: to make an object of each takes longer than all else of reading it.
 * @param sql asks for those behind a number, in the order of their first column
 */
function* rowsOf(store: StoreDatabase, sql: string): Generator<readonly SQLOutputValue[]> {
  const statement = store.statement(`${sql} limit ${PORTION}`);
  statement.setReturnArrays(true);
  for (let last = -1; ;) {
    const rows = statement.all(last) as unknown as SQLOutputValue[][];
    yield* rows;
    const final = rows.at(-1);
    if (final === undefined || rows.length < PORTION) return;
    last = integerIn(final, 0);
  }
}

function integerIn(row: readonly SQLOutputValue[], column: number): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} holds ${String(value)}`);
  return value;
}

function textIn(row: readonly SQLOutputValue[], column: number): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} holds ${String(value)}`);
  return value;
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
