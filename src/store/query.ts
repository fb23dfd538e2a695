// Questions to the database: what is valid, what it is, and how paths hang together.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type PipeliteError } from "#base/errors.ts";
import { hex } from "#base/bytes.ts";
import { dependencyOrder } from "#base/order.ts";
import { parseHash } from "#nix/hash.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { integerColumn, optionalText, statementsOf, textColumn, type Row } from "./database.ts";
import type { Layout } from "./layout.ts";
import { pipeliteError } from "./errors.ts";

/** What the database knows of a valid path. */
export interface PathInfo {
  path: StorePath;
  /** sha256 of the NAR. */
  narHash: Uint8Array;
  /** Bytes of the NAR. */
  narSize: number;
  /** Sorted; holds the path itself where it mentions itself. */
  references: StorePath[];
  deriver?: StorePath;
  /** Built here, not copied from elsewhere. */
  ultimate: boolean;
  signatures: string[];
  /** `text:sha256:...`, `fixed:sha256:...` or `fixed:r:sha256:...`. */
  contentAddress?: string;
  /** Seconds since the epoch. */
  registeredAt: number;
}

export interface StoreDatabase {
  readonly layout: Layout;
  readonly database: DatabaseSync;
  /** A prepared statement, kept. */
  readonly statement: (sql: string) => StatementSync;
}

export function storeDatabase(layout: Layout, database: DatabaseSync): StoreDatabase {
  return { layout, database, statement: statementsOf(database) };
}

export function isValid(store: StoreDatabase, path: StorePath): boolean {
  return pathId(store, path) !== undefined;
}

/** Those of the paths that are valid. */
export function validAmong(store: StoreDatabase, wanted: readonly StorePath[]): Set<StorePath> {
  const sql = "select path from ValidPaths where path in (select value from json_each(?))";
  const rows = store.statement(sql).all(JSON.stringify(wanted));
  return new Set(rows.map((row) => textColumn(row, "path") as StorePath));
}

export function pathId(store: StoreDatabase, path: StorePath): number | undefined {
  const row = store.statement("select id from ValidPaths where path = ?").get(path);
  return row && integerColumn(row, "id");
}

/** @throws PipeliteError STORE_PATH_NOT_VALID */
export function requireValid(store: StoreDatabase, path: StorePath): void {
  if (!isValid(store, path)) throw notValid(store, path);
}

function notValid({ layout: { home } }: StoreDatabase, path: StorePath): PipeliteError {
  return pipeliteError("STORE_PATH_NOT_VALID", { home, path });
}

/** Sorted. */
export function validPaths(store: StoreDatabase): StorePath[] {
  return paths(store.statement("select path from ValidPaths order by path").all());
}

export function countPaths(store: StoreDatabase): number {
  const row = store.statement("select count(*) as count from ValidPaths").get();
  return row === undefined ? 0 : integerColumn(row, "count");
}

/** The one valid path with this hash part, for a cache that is asked by hash. */
export function pathOfHash(store: StoreDatabase, hash: string): StorePath | undefined {
  const low = `/nix/store/${hash}-`;
  const row = store
    .statement("select path from ValidPaths where path >= ? and path < ? limit 1")
    .get(low, `/nix/store/${hash}.`);
  return row && parseStorePath(textColumn(row, "path"));
}

export function pathInfo(store: StoreDatabase, path: StorePath): PathInfo | undefined {
  const row = store
    .statement(
      `select id, path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca
       from ValidPaths where path = ?`,
    )
    .get(path);
  if (row === undefined) return undefined;
  return infoOf(row, referencesOf(store, integerColumn(row, "id")));
}

/** What the archive of a valid path is. */
export function archiveOf(
  store: StoreDatabase,
  path: StorePath,
): Pick<PathInfo, "narHash" | "narSize"> | undefined {
  const row = store.statement("select hash, narSize from ValidPaths where path = ?").get(path);
  if (row === undefined) return undefined;
  return {
    narHash: parseHash(textColumn(row, "hash"), "sha256").bytes,
    narSize: narSizeOf(row),
  };
}

function narSizeOf({ narSize }: Row): number {
  return typeof narSize === "number" ? narSize : 0;
}

/** @throws PipeliteError STORE_PATH_NOT_VALID */
export function references(store: StoreDatabase, path: StorePath): StorePath[] {
  const id = pathId(store, path);
  if (id === undefined) throw notValid(store, path);
  return referencesOf(store, id);
}

/** Those of the paths that are valid and refer to any: asked once for all. */
export function referringAmong(store: StoreDatabase, wanted: readonly StorePath[]): Set<StorePath> {
  const sql = `select path from ValidPaths v where path in (select value from json_each(?))
    and exists (select 1 from Refs where referrer = v.id)`;
  const rows = store.statement(sql).all(JSON.stringify(wanted));
  return new Set(rows.map((row) => textColumn(row, "path") as StorePath));
}

function referencesOf(store: StoreDatabase, id: number): StorePath[] {
  const sql = `select v.path as path from Refs r join ValidPaths v on v.id = r.reference
    where r.referrer = ? order by v.path`;
  return paths(store.statement(sql).all(id));
}

function infoOf(row: Row, references: StorePath[]): PathInfo {
  const deriver = optionalText(row, "deriver");
  const contentAddress = optionalText(row, "ca");
  const signatures = optionalText(row, "sigs");
  return {
    path: parseStorePath(textColumn(row, "path")),
    narHash: parseHash(textColumn(row, "hash"), "sha256").bytes,
    narSize: narSizeOf(row),
    references,
    ...(deriver ? { deriver: parseStorePath(deriver) } : {}),
    ultimate: row["ultimate"] === 1,
    signatures: signatures ? signatures.split(" ") : [],
    ...(contentAddress ? { contentAddress } : {}),
    registeredAt: integerColumn(row, "registrationTime"),
  };
}

const CLOSURE_SQL = `
with recursive reached(id) as (
  select id from ValidPaths where path in (select value from json_each(?))
  union
  select r.reference from Refs r join reached on r.referrer = reached.id
)`;

/**
 * Everything these paths need: themselves, their references, and so on. Sorted.
 * @throws PipeliteError STORE_PATH_NOT_VALID
 */
export function closure(store: StoreDatabase, roots: Iterable<StorePath>): StorePath[] {
  const wanted = [...new Set(roots)];
  for (const path of wanted) requireValid(store, path);
  // All in one row, and put in order here: a row for each, in order, costs half as much again.
  const sql = `${CLOSURE_SQL}
    select json_group_array(v.path) as paths from reached join ValidPaths v using (id)`;
  const row = store.statement(sql).get(JSON.stringify(wanted)) ?? {};
  return (JSON.parse(textColumn(row, "paths")) as string[]).map(parseStorePath).toSorted();
}

/** Closure in an order in which each path follows what it refers to. */
export function sortedClosure(store: StoreDatabase, roots: Iterable<StorePath>): StorePath[] {
  const wanted = [...new Set(roots)];
  for (const path of wanted) requireValid(store, path);
  const paths = `${CLOSURE_SQL}
    select v.id as id, v.path as path from reached join ValidPaths v using (id) order by v.path`;
  const rows = store.statement(paths).all(JSON.stringify(wanted));
  const members = rows.map((row) => parseStorePath(textColumn(row, "path")));
  const places = new Map(rows.map((row, place) => [integerColumn(row, "id"), place]));
  const needs: number[][] = members.map(() => []);
  // Numbers alone, in one row each, and put in order here: paths, in words and sorted for each of them, would cost several times as much.
  const references = `${CLOSURE_SQL}
    select json_group_array(r.referrer) as referrers, json_group_array(r.reference) as reference
    from reached join Refs r on r.referrer = reached.id`;
  const row = store.statement(references).get(JSON.stringify(wanted)) ?? {};
  const [referrers = [], to = []] = ["referrers", "reference"].map(
    (name) => JSON.parse(textColumn(row, name)) as number[],
  );
  for (const [index, id] of referrers.entries()) {
    const [referrer, needed] = [places.get(id), places.get(to[index] ?? 0)];
    if (referrer !== undefined && needed !== undefined) needs[referrer]?.push(needed);
  }
  for (const each of needs) each.sort((a, b) => a - b);
  const order = dependencyOrder(members.keys(), (place) => needs[place] ?? []);
  return order.map((place) => members[place]).filter((path) => path !== undefined);
}

function closureEdges(store: StoreDatabase, roots: StorePath[]): Map<StorePath, StorePath[]> {
  const sql = `${CLOSURE_SQL}
    select a.path as referrer, b.path as reference
    from reached join Refs r on r.referrer = reached.id
    join ValidPaths a on a.id = r.referrer join ValidPaths b on b.id = r.reference
    order by a.path, b.path`;
  const edges = new Map<StorePath, StorePath[]>();
  for (const row of store.statement(sql).all(JSON.stringify(roots))) {
    const referrer = parseStorePath(textColumn(row, "referrer"));
    const reference = parseStorePath(textColumn(row, "reference"));
    const known = edges.get(referrer);
    if (known === undefined) edges.set(referrer, [reference]);
    else known.push(reference);
  }
  return edges;
}

/** Valid paths that refer to this one; sorted; holds the path itself where it mentions itself. */
export function referrers(store: StoreDatabase, path: StorePath): StorePath[] {
  const sql = `select v.path as path from Refs r join ValidPaths v on v.id = r.referrer
    where r.reference = (select id from ValidPaths where path = ?) order by v.path`;
  return paths(store.statement(sql).all(path));
}

/**
 * A shortest chain of references that begins with `from` and ends with `to`; undefined where `from` does not
 * need `to`.
 * @throws PipeliteError STORE_PATH_NOT_VALID
 */
export function whyDepends(store: StoreDatabase, from: StorePath, to: StorePath): StorePath[] | undefined {
  requireValid(store, from);
  requireValid(store, to);
  const edges = closureEdges(store, [from]);
  const cameFrom = new Map<StorePath, StorePath | undefined>([[from, undefined]]);
  for (const path of cameFrom.keys()) {
    if (path === to) return chainOf(cameFrom, to);
    for (const reference of edges.get(path) ?? []) {
      if (!cameFrom.has(reference)) cameFrom.set(reference, path);
    }
  }
  return undefined;
}

function chainOf(cameFrom: Map<StorePath, StorePath | undefined>, to: StorePath): StorePath[] {
  const chain: StorePath[] = [];
  for (let at: StorePath | undefined = to; at !== undefined; at = cameFrom.get(at)) chain.unshift(at);
  return chain;
}

/** Output name -> path of a valid derivation, as far as its outputs' paths are known in advance. */
export function derivationOutputs(store: StoreDatabase, drvPath: StorePath): Map<string, StorePath> {
  const sql = `select o.id as id, o.path as path from DerivationOutputs o
    join ValidPaths v on v.id = o.drv where v.path = ? order by o.id`;
  const rows = store.statement(sql).all(drvPath);
  return new Map(rows.map((row) => [textColumn(row, "id"), parseStorePath(textColumn(row, "path"))]));
}

/** `sha256:<hex>`, the rendering of the database. */
export function hashColumn(narHash: Uint8Array): string {
  return `sha256:${hex(narHash)}`;
}

function paths(rows: Row[]): StorePath[] {
  return rows.map((row) => parseStorePath(textColumn(row, "path")));
}
