// Realisations: which output a derivation gave, where its path does not follow from the derivation. In the shape of Nix
// 2.4 to 2.34; Nix 2.35 keys them by the path of the derivation instead (build-trace.ts), and reads these no more. Specification: Nix 2.8
// `libstore/realisation.cc`; a binary cache keeps one as `realisations/<id>.doi`.
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { hex } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";
import { parseStorePathBase, storePathBase, type StorePath } from "./store-path.ts";

/** `sha256:<hex of the derivation's hash modulo>!<output>` */
export type RealisationId = string;

export interface Realisation {
  readonly id: RealisationId;
  readonly outPath: StorePath;
  /** The realisations of inputs that the output refers to. */
  readonly dependencies: ReadonlyMap<RealisationId, StorePath>;
  readonly signatures: readonly string[];
}

/** @param hashModulo as `hashModulo` gives it */
export function realisationId(hashModulo: Uint8Array, output: string): RealisationId {
  return `sha256:${hex(hashModulo)}!${output}`;
}

/** The two columns in which a database keeps an id. @throws PipeliteError REALISATION_INVALID */
export function splitRealisationId(id: RealisationId): { drvHash: string; output: string } {
  const [, drvHash, output] = /^(sha256:[0-9a-f]{64})!([0-9a-zA-Z+\-._?=]+)$/.exec(id) ?? [];
  if (drvHash === undefined || output === undefined) refuse(`'${id}' is no id`);
  return { drvHash, output };
}

/** As Nix writes it: compact JSON, keys in order. */
export function writeRealisation(realisation: Realisation): string {
  return canonicalJson(realisationJson(realisation));
}

/** What signatures of a realisation sign (a byte string): all of it but them. */
export function realisationFingerprint(realisation: Realisation): string {
  const { signatures: _, ...signed } = realisationJson(realisation);
  return canonicalJson(signed);
}

export function realisationJson({ id, outPath, dependencies, signatures }: Realisation) {
  const dependent = [...dependencies].map(([key, path]) => [key, storePathBase(path)] as const);
  return {
    dependentRealisations: Object.fromEntries(dependent),
    id,
    outPath: storePathBase(outPath),
    signatures: [...signatures],
  };
}

/** @throws PipeliteError REALISATION_INVALID, STORE_PATH_INVALID */
export function parseRealisation(text: string): Realisation {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    throw pipeliteError("REALISATION_INVALID", { reason: "it is not JSON" }, error);
  }
  return realisationOf(value);
}

/** The realisation that a JSON value stands for. @throws as parseRealisation */
export function realisationOf(value: unknown): Realisation {
  if (!isObject(value)) refuse("it is not an object");
  const { id, outPath, dependentRealisations = {}, signatures = [] } = value;
  if (typeof id !== "string" || typeof outPath !== "string") refuse("id and outPath must be texts");
  if (!isObject(dependentRealisations)) refuse("dependentRealisations must be an object");
  if (!Array.isArray(signatures)) refuse("signatures must be a list");
  splitRealisationId(id);
  const dependencies = new Map<RealisationId, StorePath>();
  for (const [key, path] of Object.entries(dependentRealisations)) {
    splitRealisationId(key);
    dependencies.set(key, parseStorePathBase(textOf(path)));
  }
  return { id, outPath: parseStorePathBase(outPath), dependencies, signatures: signatures.map(textOf) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : refuse("a text is wanted");
}

function refuse(reason: string): never {
  throw pipeliteError("REALISATION_INVALID", { reason });
}
