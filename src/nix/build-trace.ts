// What Nix 2.35 and newer have in the place of realisations: an entry of the build trace says which path a resolved derivation gave
// for an output, and is keyed by the path of the derivation. A binary cache keeps the value of one as
// `build-trace-v2/<derivation>/<output>.doi`. They are read only: Nix 2.8 knows nothing of them. Specification: Nix 2.35, release notes
// ("realisations keyed by store path") and manual, "Build Trace Entry"; `libstore/realisation.cc`.
import { canonicalJson } from "#base/canonical-json.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "./errors.ts";
import { parseStorePathBase, storePathBase, type StorePath } from "./store-path.ts";

export interface BuildTraceEntry {
  readonly drvPath: StorePath;
  readonly output: string;
  readonly outPath: StorePath;
  /** As those of store paths are written: `NAME:BASE64`. */
  readonly signatures: readonly string[];
}

type Key = Pick<BuildTraceEntry, "drvPath" | "output">;

/** Where a binary cache has the entry. */
export function buildTraceFile({ drvPath, output }: Key): string {
  return `build-trace-v2/${storePathBase(drvPath)}/${output}.doi`;
}

/** What signatures of an entry sign (a byte string): all of it but them. */
export function buildTraceFingerprint({ drvPath, output, outPath }: BuildTraceEntry): string {
  return canonicalJson({
    key: { drvPath: storePathBase(drvPath), outputName: output },
    value: { outPath: storePathBase(outPath) },
  });
}

/**
 * The value of an entry, or a whole one, which must have this key. Signatures may be objects or, as before 2.35, texts.
 * @throws PipeliteError REALISATION_INVALID, STORE_PATH_INVALID
 */
export function parseBuildTrace(text: string, key: Key): BuildTraceEntry {
  let found: unknown;
  try {
    found = parseStrictJson(text);
  } catch (error) {
    throw pipeliteError("REALISATION_INVALID", { reason: "it is not JSON" }, error);
  }
  if (!isObject(found)) refuse("it is not an object");
  const isKeyed = "key" in found || "value" in found;
  if (isKeyed) requireKey(found["key"], key);
  const value = isKeyed ? found["value"] : found;
  if (!isObject(value)) refuse("its value is not an object");
  const { outPath, signatures = [] } = value;
  if (typeof outPath !== "string") refuse("outPath must be a text");
  if (!Array.isArray(signatures)) refuse("signatures must be a list");
  return { ...key, outPath: parseStorePathBase(outPath), signatures: signatures.map(signatureOf) };
}

function requireKey(found: unknown, { drvPath, output }: Key): void {
  if (!isObject(found) || found["drvPath"] !== storePathBase(drvPath) || found["outputName"] !== output)
    refuse(`it is not about ${output} of ${drvPath}`);
}

function signatureOf(signature: unknown): string {
  if (typeof signature === "string") return signature;
  if (!isObject(signature)) refuse("a signature must be an object or a text");
  const { keyName, sig } = signature;
  if (typeof keyName !== "string" || typeof sig !== "string" || keyName.includes(":"))
    refuse("a signature has a keyName and a sig");
  return `${keyName}:${sig}`;
}

function refuse(reason: string): never {
  throw pipeliteError("REALISATION_INVALID", { reason });
}
