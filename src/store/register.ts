// Registration: the one step that makes paths valid. It happens in one transaction, after the files are in
// place, so a path is either registered and whole, or garbage that the next collection takes.
import { wholeFile } from "#base/files.ts";
import { parseDerivation, type Derivation, type DerivationOutput } from "#nix/derivation.ts";
import type { Realisation } from "#nix/realisation.ts";
import { isDerivationPath, storePathName, type StorePath } from "#nix/store-path.ts";
import { integerColumn, transact } from "./database.ts";
import { physicalPath } from "./layout.ts";
import { addRealisation } from "./realisations.ts";
import { hashColumn, pathId, type PathInfo, type StoreDatabase } from "./query.ts";
import { pipeliteError } from "./errors.ts";

export interface Registration extends Omit<PathInfo, "registeredAt" | "ultimate" | "signatures"> {
  ultimate?: boolean;
  signatures?: readonly string[];
  /** Of a derivation, where they are known: else its file is read. */
  outputs?: ReadonlyMap<string, DerivationOutput>;
}

/**
 * Makes all of these paths valid, or none, and writes down what they realise. What one of them refers to must be valid or among them. A path
 * that is valid already stays as it is, but gains the signatures it did not have.
 * @throws PipeliteError STORE_REFERENCE_MISSING, STORE_REFERENCE_CYCLE
 */
export function registerPaths(
  store: StoreDatabase,
  registrations: readonly Registration[],
  realisations: readonly Realisation[] = [],
): void {
  if (registrations.length === 0 && realisations.length === 0) return;
  checkAcyclic(registrations);
  const registeredAt = Math.floor(Date.now() / 1000);
  transact(store.database, () => {
    const ids = new Map<StorePath, number>();
    for (const each of registrations) ids.set(each.path, addPath(store, each, registeredAt));
    addReferences(store, registrations, ids);
    for (const realisation of realisations) addRealisation(store, realisation);
  });
}

/** @returns its number in the database */
function addPath(store: StoreDatabase, registration: Registration, registeredAt: number): number {
  const { path, narHash, narSize, deriver, ultimate, signatures = [], contentAddress } = registration;
  const sql = `insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca)
    values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (path) do nothing`;
  const { changes, lastInsertRowid } = store
    .statement(sql)
    .run(
      path,
      hashColumn(narHash),
      registeredAt,
      deriver ?? null,
      narSize,
      ultimate === true ? 1 : null,
      signatures.join(" ") || null,
      contentAddress ?? null,
    );
  if (changes === 0) return addSignatures(store, path, signatures);
  const id = Number(lastInsertRowid);
  if (isDerivationPath(path)) addDerivationOutputs(store, id, registration);
  return id;
}

/** @returns the number of a path that is known */
function addSignatures(store: StoreDatabase, path: StorePath, signatures: readonly string[]): number {
  const known = store.statement("select id, sigs from ValidPaths where path = ?").get(path) ?? {};
  const merged = new Set([...String(known["sigs"] ?? "").split(" "), ...signatures].filter(Boolean));
  const id = integerColumn(known, "id");
  store.statement("update ValidPaths set sigs = ? where id = ?").run([...merged].join(" ") || null, id);
  return id;
}

/** So many go to the database at a time. */
const REFERENCES_AT_ONCE = 20_000;

function addReferences(
  store: StoreDatabase,
  registrations: readonly Registration[],
  ids: Map<StorePath, number>,
): void {
  let pairs: [referrer: number, reference: number][] = [];
  const write = (): void => {
    const sql = `insert into Refs (referrer, reference) select value ->> 0, value ->> 1 from json_each(?)
      where true on conflict (referrer, reference) do nothing`;
    store.statement(sql).run(JSON.stringify(pairs));
    pairs = [];
  };
  for (const { path, references } of registrations) {
    const referrer = ids.get(path) ?? 0;
    for (const reference of references) {
      const id = ids.get(reference) ?? pathId(store, reference);
      if (id === undefined) throw pipeliteError("STORE_REFERENCE_MISSING", { path, reference });
      ids.set(reference, id);
      if (pairs.push([referrer, id]) >= REFERENCES_AT_ONCE) write();
    }
  }
  if (pairs.length > 0) write();
}

/** Nix finds what a path was built by, and what a derivation keeps alive, through these rows. */
function addDerivationOutputs(
  store: StoreDatabase,
  drv: number,
  { path: drvPath, outputs }: Registration,
): void {
  for (const [id, output] of outputs ?? readDerivation(store, drvPath).outputs) {
    if (output.kind !== "input-addressed" && output.kind !== "fixed") continue;
    store
      .statement("insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)")
      .run(drv, id, output.path);
  }
}

/** Reads a derivation out of the store; its files are enough, it need not be registered. */
export function readDerivation(store: StoreDatabase, drvPath: StorePath): Derivation {
  const bytes = wholeFile(physicalPath(store.layout, drvPath));
  return parseDerivation(bytes, storePathName(drvPath).slice(0, -".drv".length));
}

function checkAcyclic(registrations: readonly Registration[]): void {
  const references = new Map(registrations.map((each) => [each.path, each.references]));
  const state = new Map<StorePath, "open" | "done">();
  const visit = (path: StorePath): void => {
    state.set(path, "open");
    for (const reference of references.get(path) ?? []) {
      if (reference === path || !references.has(reference) || state.get(reference) === "done") continue;
      if (state.get(reference) === "open") {
        throw pipeliteError("STORE_REFERENCE_CYCLE", { path, through: reference });
      }
      visit(reference);
    }
    state.set(path, "done");
  };
  for (const path of references.keys()) if (!state.has(path)) visit(path);
}
