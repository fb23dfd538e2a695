// A bill of materials as what a statement says: the subjects are the results that it is of, the predicate is the document itself.
// Specification: in-toto/attestation, spec/predicates/cyclonedx.md and spdx.md.
import { canonicalJson } from "#base/canonical-json.ts";
import { hex } from "#base/bytes.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { isStorePath, STORE_DIR, storePathBase, type StorePath } from "#nix/store-path.ts";
import type { BomFormat } from "#sbom/bom.ts";
import type { Statement } from "#sigstore/statement.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";
import { fails, holds, untested, type Finding } from "./finding.ts";
import type { StoreBytes } from "./store-bytes.ts";

const TYPES: Readonly<Record<BomFormat, string>> = {
  cyclonedx: "https://cyclonedx.org/bom",
  "cyclonedx-1.6": "https://cyclonedx.org/bom",
  spdx: "https://spdx.dev/Document/v2.3",
  spdx3: "https://spdx.dev/Document/v3",
};

/** @param results what the document is of; @throws PipeliteError SBOM_PATH_GONE */
export function sbomStatement(
  { format, text }: { format: BomFormat; text: string },
  results: readonly StorePath[],
  store: Store,
): Statement {
  const document: unknown = parseStrictJson(text);
  return {
    subject: results.map((path) => {
      const info = store.info(path);
      if (info === undefined) throw pipeliteError("SBOM_PATH_GONE", { path });
      const sha256 = hex(info.narHash);
      return { name: storePathBase(path), digest: { sha256, narHash: sha256 } };
    }),
    predicateType: TYPES[format],
    predicate: isObject(document) ? document : {},
  };
}

export function isSbomStatement({ predicateType }: Statement): boolean {
  return Object.values(TYPES).includes(predicateType);
}

/** The document in it, as text. */
export function documentOf({ predicate }: Statement): string {
  return canonicalJson(predicate);
}

/** Its subjects against the bytes that the store has. */
export function sbomSubjects({ subject }: Statement, bytes: StoreBytes): Finding[] {
  return subject.map(({ name, digest }) => {
    const what = `subject ${name}`;
    const path = `${STORE_DIR}/${name}`;
    if (!isStorePath(path)) return fails(what, "it names no store path");
    if (!bytes.store.isPresent(path)) return untested(what, "it is not in this store");
    const found = bytes.narHash(path);
    const isSame = digest["sha256"] === found && (digest["narHash"] ?? found) === found;
    return isSame ? holds(what, `sha256:${found}`) : fails(what, `its bytes have the hash ${found}`);
  });
}
