// Registration: the one step that makes paths valid. It happens in one transaction, after the files are in
// place, so a path is either registered and whole, or garbage that the next collection takes.
import { readFileSync } from "node:fs";
import { parseDerivation, type Derivation } from "#nix/derivation.ts";
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
    for (const registration of registrations) addPath(store, registration, registeredAt);
    for (const registration of registrations) addReferences(store, registration);
    for (const realisation of realisations) addRealisation(store, realisation);
  });
}

function addPath(store: StoreDatabase, registration: Registration, registeredAt: number): void {
  const { path, narHash, narSize, deriver, ultimate, signatures = [], contentAddress } = registration;
  const known = store.statement("select id, sigs from ValidPaths where path = ?").get(path);
  if (known !== undefined) {
    const merged = new Set([...String(known["sigs"] ?? "").split(" "), ...signatures].filter(Boolean));
    store
      .statement("update ValidPaths set sigs = ? where id = ?")
      .run([...merged].join(" ") || null, integerColumn(known, "id"));
    return;
  }
  const sql = `insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca)
    values (?, ?, ?, ?, ?, ?, ?, ?)`;
  store
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
  if (isDerivationPath(path)) addDerivationOutputs(store, path);
}

function addReferences(store: StoreDatabase, { path, references }: Registration): void {
  const referrer = pathId(store, path);
  for (const reference of references) {
    const id = pathId(store, reference);
    if (id === undefined || referrer === undefined) {
      throw pipeliteError("STORE_REFERENCE_MISSING", { path, reference });
    }
    store.statement("insert or ignore into Refs (referrer, reference) values (?, ?)").run(referrer, id);
  }
}

/** Nix finds what a path was built by, and what a derivation keeps alive, through these rows. */
function addDerivationOutputs(store: StoreDatabase, drvPath: StorePath): void {
  const derivation = readDerivation(store, drvPath);
  const drv = pathId(store, drvPath) ?? null;
  for (const [id, output] of derivation.outputs) {
    if (output.kind !== "input-addressed" && output.kind !== "fixed") continue;
    store
      .statement("insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)")
      .run(drv, id, output.path);
  }
}

/** Reads a derivation out of the store; its files are enough, it need not be registered. */
export function readDerivation(store: StoreDatabase, drvPath: StorePath): Derivation {
  const bytes = readFileSync(physicalPath(store.layout, drvPath));
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
