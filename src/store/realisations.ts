// The realisations of a store, in the tables that Nix keeps them in: who builds a derivation finds there what somebody
// else has built, we what Nix has, and Nix what we have.
import { splitRealisationId, type Realisation, type RealisationId } from "#nix/realisation.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { dependencyOrder } from "#base/order.ts";
import { integerColumn, optionalText, textColumn, transact, type Row } from "./database.ts";
import { pipeliteError } from "./errors.ts";
import { pathId, type StoreDatabase } from "./query.ts";

const COLUMNS = `r.id as id, r.drvPath as drvHash, r.outputName as output, v.path as path, r.signatures as signatures
  from Realisations r join ValidPaths v on v.id = r.outputPath`;

/** The realisation of this id, if the store has one; its output is valid. */
export function realisation(store: StoreDatabase, id: RealisationId): Realisation | undefined {
  if (!hasTable(store)) return undefined;
  const row = find(store, id);
  return row && ofRow(store, row);
}

/** Those of these ids that the store has: asked once for all. */
export function realisationsAmong(
  store: StoreDatabase,
  ids: readonly RealisationId[],
): Map<RealisationId, Realisation> {
  const found = new Map<RealisationId, Realisation>();
  if (!hasTable(store)) return found;
  const wanted = new Set(ids);
  const hashes = ids.map((id) => splitRealisationId(id).drvHash);
  const sql = `select ${COLUMNS} where r.drvPath in (select value from json_each(?))`;
  for (const row of store.statement(sql).all(JSON.stringify(hashes)))
    if (wanted.has(idOf(row))) found.set(idOf(row), ofRow(store, row));
  return found;
}

/** All realisations whose output is one of these paths, each after those it depends on. */
export function realisationsOf(store: StoreDatabase, paths: Iterable<StorePath>): Realisation[] {
  if (!hasTable(store)) return [];
  const sql = `select ${COLUMNS} where v.path in (select value from json_each(?)) order by r.id`;
  const found = new Map<RealisationId, Realisation>();
  for (const row of store.statement(sql).all(JSON.stringify([...paths]))) {
    const each = ofRow(store, row);
    found.set(each.id, each);
  }
  return dependencyOrder(found.values(), ({ dependencies }) =>
    [...dependencies.keys()].flatMap((id) => found.get(id) ?? []),
  );
}

/**
 * Writes down realisations, all or none. What one depends on must be there or come before it. One that is there already
 * gains signatures; where its output is another one by now, the new one takes its place.
 * @throws PipeliteError STORE_PATH_NOT_VALID, STORE_REFERENCE_MISSING
 */
export async function addRealisations(
  store: StoreDatabase,
  realisations: readonly Realisation[],
): Promise<void> {
  if (realisations.length === 0) return;
  transact(store.database, () => {
    for (const each of realisations) addRealisation(store, each);
  });
}

/** Writes down those that say nothing else than what is known here. */
export async function adoptRealisations(
  store: StoreDatabase,
  realisations: readonly Realisation[],
): Promise<void> {
  const isNews = ({ id, outPath }: Realisation): boolean => {
    const known = find(store, id);
    return known === undefined || textColumn(known, "path") === outPath;
  };
  await addRealisations(store, realisations.filter(isNews));
}

/** One of them, within a transaction. */
export function addRealisation(
  store: StoreDatabase,
  { id, outPath, dependencies, signatures }: Realisation,
): void {
  const { drvHash, output } = splitRealisationId(id);
  const path = pathId(store, outPath);
  if (path === undefined)
    throw pipeliteError("STORE_PATH_NOT_VALID", { path: outPath, home: store.layout.home });
  const known = find(store, id);
  const isSame = known !== undefined && textColumn(known, "path") === outPath;
  const signed = [...new Set([...(isSame ? signaturesOf(known) : []), ...signatures])];
  let referrer: number | bigint;
  if (known === undefined) {
    const sql = "insert into Realisations (drvPath, outputName, outputPath, signatures) values (?, ?, ?, ?)";
    referrer = store.statement(sql).run(drvHash, output, path, signed.join(" ")).lastInsertRowid;
  } else {
    referrer = integerColumn(known, "id");
    const sql = "update Realisations set outputPath = ?, signatures = ? where id = ?";
    store.statement(sql).run(path, signed.join(" "), referrer);
  }
  for (const dependency of dependencies.keys()) {
    const reference = find(store, dependency);
    if (reference === undefined)
      throw pipeliteError("STORE_REFERENCE_MISSING", { path: outPath, reference: dependency });
    const sql = `insert into RealisationsRefs (referrer, realisationReference) select ?1, ?2
      where not exists (select 1 from RealisationsRefs where referrer = ?1 and realisationReference = ?2)`;
    store.statement(sql).run(referrer, integerColumn(reference, "id"));
  }
}

function find(store: StoreDatabase, id: RealisationId): Row | undefined {
  const { drvHash, output } = splitRealisationId(id);
  return store.statement(`select ${COLUMNS} where r.drvPath = ? and r.outputName = ?`).get(drvHash, output);
}

function ofRow(store: StoreDatabase, row: Row): Realisation {
  const sql = `select ${COLUMNS} join RealisationsRefs d on d.realisationReference = r.id where d.referrer = ?`;
  const dependencies = store.statement(sql).all(integerColumn(row, "id"));
  return {
    id: idOf(row),
    outPath: parseStorePath(textColumn(row, "path")),
    dependencies: new Map(dependencies.map((each) => [idOf(each), parseStorePath(textColumn(each, "path"))])),
    signatures: signaturesOf(row),
  };
}

function idOf(row: Row): RealisationId {
  return `${textColumn(row, "drvHash")}!${textColumn(row, "output")}`;
}

function signaturesOf(row: Row): string[] {
  return (optionalText(row, "signatures") ?? "").split(" ").filter(Boolean);
}

/** A store that Nix made without `ca-derivations` has no such tables; opened to be written to, it gets them. */
function hasTable(store: StoreDatabase): boolean {
  if (haveTable.has(store)) return true;
  const sql = "select 1 from sqlite_master where type = 'table' and name = 'Realisations'";
  const has = store.statement(sql).get() !== undefined;
  if (has) haveTable.add(store);
  return has;
}

/** Nobody takes tables away. */
const haveTable = new WeakSet<StoreDatabase>();
