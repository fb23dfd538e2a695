// The references of a whole store in memory: marking what is alive takes one query each for paths and
// references, not one for every path.
import { parseStorePath, STORE_DIR, storePathHash } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { StoreDatabase } from "./query.ts";

const NAME_START = STORE_DIR.length + 1;

/** A list for each kind of fact, since an object for each path is what a collector of garbage is busy with: a path is meant by its place in them. */
export interface ReferenceGraph {
  /** In the order in which they were registered. */
  readonly paths: readonly StorePath[];
  /** Of each path: its id in the database. */
  readonly ids: readonly number[];
  /** Bytes of its NAR. */
  readonly narSizes: readonly number[];
  /** Seconds since the epoch. */
  readonly registeredAt: readonly number[];
  placeOf(path: StorePath): number | undefined;
  /** The place of the path whose name in the store directory this is. */
  placeOfName(name: string): number | undefined;
  /** The place of the path with this hash part. */
  placeOfHash(hash: string): number | undefined;
  references(place: number): Int32Array;
  referrers(place: number): Int32Array;
  /**
   * Marks these paths and all they keep alive: what they refer to, and the derivations they came from.
   * @param live a one for each path that is marked
   */
  mark(live: Uint8Array, places: Iterable<number>): void;
}

export function readGraph(store: StoreDatabase): ReferenceGraph {
  const { paths, ids, narSizes, registeredAt, derivers } = readPaths(store);
  const names = new Map<string, number>();
  for (const [place, path] of paths.entries()) names.set(path.slice(NAME_START), place);
  const placeOfName = (name: string): number | undefined => names.get(name);
  const placeOf = (path: string): number | undefined =>
    path.startsWith(`${STORE_DIR}/`) ? placeOfName(path.slice(NAME_START)) : undefined;
  let hashes: Map<string, number> | undefined;
  const placeOfHash = (hash: string): number | undefined => {
    hashes ??= new Map(paths.map((path, place) => [storePathHash(path), place]));
    return hashes.get(hash);
  };
  const { references, referrers } = readReferences(store, ids);
  const mark = (live: Uint8Array, from: Iterable<number>): void => {
    const open = [...from];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (live[place] === 1) continue;
      live[place] = 1;
      for (const reference of references(place)) open.push(reference);
      // As Nix does by default (keep-derivations): what is alive can still be built again.
      const drv = placeOf(derivers[place] ?? "");
      if (drv !== undefined) open.push(drv);
    }
  };
  return {
    paths,
    ids,
    narSizes,
    registeredAt,
    placeOf,
    placeOfName,
    placeOfHash,
    references,
    referrers,
    mark,
  };
}

interface Paths {
  paths: StorePath[];
  ids: number[];
  narSizes: number[];
  registeredAt: number[];
  derivers: (string | null)[];
}

/** So many rows are asked for at a time, as one: each by itself takes twice as long, and all of them much memory. */
const PORTION = 10_000;

// No path has a space in it; all of them in one text, of which each is a part, leave a collector of garbage little to do.
const PATHS_SQL = `
  select json_group_array(id), group_concat(path, ' '), json_group_array(ifnull(narSize, 0)),
    json_group_array(registrationTime), json_group_array(deriver)
  from (select * from ValidPaths where id > ? order by id limit ${PORTION})`;

function readPaths(store: StoreDatabase): Paths {
  const all: Paths = { paths: [], ids: [], narSizes: [], registeredAt: [], derivers: [] };
  for (let last = -1; ;) {
    const [ids, paths, narSizes, times, derivers] = columnsOf(store, PATHS_SQL, last);
    const portion = numbersIn(ids);
    if (portion.length === 0) return all;
    for (const id of portion) all.ids.push(id);
    for (const path of String(paths).split(" ")) all.paths.push(parseStorePath(path));
    for (const size of numbersIn(narSizes)) all.narSizes.push(size);
    for (const time of numbersIn(times)) all.registeredAt.push(time);
    for (const deriver of JSON.parse(String(derivers)) as (string | null)[]) all.derivers.push(deriver);
    if (portion.length < PORTION) return all;
    last = portion.at(-1) ?? last;
  }
}

const REFERENCES_SQL = `
  select json_group_array(rowid), json_group_array(referrer), json_group_array(reference)
  from (select rowid, referrer, reference from Refs where rowid > ? order by rowid limit ${PORTION})`;

function readReferences(
  store: StoreDatabase,
  ids: readonly number[],
): Pick<ReferenceGraph, "references" | "referrers"> {
  const [referrers, references]: [number[], number[]] = [[], []];
  for (let last = -1; ;) {
    const [rows = [], from = [], to = []] = columnsOf(store, REFERENCES_SQL, last).map(numbersIn);
    for (const [at, id] of from.entries()) {
      const [referrer, reference] = [placeOfId(ids, id), placeOfId(ids, to[at] ?? -1)];
      // Others register meanwhile.
      if (referrer === undefined || reference === undefined) continue;
      referrers.push(referrer);
      references.push(reference);
    }
    if (rows.length < PORTION) break;
    last = rows.at(-1) ?? last;
  }
  return {
    references: listsOf(ids.length, referrers, references),
    referrers: listsOf(ids.length, references, referrers),
  };
}

/** One row that has all of a portion. */
function columnsOf(store: StoreDatabase, sql: string, last: number): readonly unknown[] {
  return Object.values(store.statement(sql).get(last) ?? {});
}

function numbersIn(column: unknown): number[] {
  const numbers = JSON.parse(String(column)) as unknown[];
  const wrong = numbers.find((value) => typeof value !== "number");
  if (wrong !== undefined) throw new TypeError(`a column of numbers holds ${JSON.stringify(wrong)}`);
  return numbers as number[];
}

function placeOfId(ids: readonly number[], id: number): number | undefined {
  let [low, high] = [0, ids.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? id) < id) low = middle + 1;
    else high = middle;
  }
  return ids[low] === id ? low : undefined;
}

const NONE = new Int32Array(0);

/** For each of so many places the values whose key it is. */
function listsOf(
  count: number,
  keys: readonly number[],
  values: readonly number[],
): (place: number) => Int32Array {
  // While they are filled, a list ends where in the end it is the next one that begins.
  const bounds = new Int32Array(count + 2);
  for (const key of keys) bounds[key + 2] = (bounds[key + 2] ?? 0) + 1;
  for (let at = 1; at < bounds.length; at += 1) bounds[at] = (bounds[at] ?? 0) + (bounds[at - 1] ?? 0);
  const lists = new Int32Array(values.length);
  for (const [at, key] of keys.entries()) {
    const end = bounds[key + 1] ?? 0;
    lists[end] = values[at] ?? 0;
    bounds[key + 1] = end + 1;
  }
  return (place) => {
    const [from, to] = [bounds[place] ?? 0, bounds[place + 1] ?? 0];
    return from === to ? NONE : lists.subarray(from, to);
  };
}
