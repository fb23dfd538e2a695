// SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/): each object is a package whose file name is its store path.
import { documentJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { BASE_URL, GRAPH_IS, HASHES_ARE, hashOf, keyed, TIME_IS_FIXED } from "./bom.ts";
import type { Bom, BomObject, ComponentType, BomPackage, Party } from "./bom.ts";
import { purlOfPipeline } from "./purl.ts";

const UNKNOWN = "NOASSERTION";
const PIPELINE = "SPDXRef-Pipeline";

export function writeSpdx2(bom: Bom): string {
  const { closure, id: documentId, objects, pipeline, roots, supplier } = bom;
  const packages: object[] = [
    packageOf(PIPELINE, {
      name: pipeline,
      version: bom.version,
      purl: purlOfPipeline(bom),
      ...(supplier && { supplier }),
    }),
  ];
  const relationships: object[] = [relate("SPDXRef-DOCUMENT", "DESCRIBES", PIPELINE)];
  for (const root of roots) relationships.push(relate(PIPELINE, "DEPENDS_ON", idOf(root)));
  for (const object of objects) {
    const id = idOf(object.path);
    packages.push({ ...packageOf(id, object), ...storedOf(object) });
    for (const path of object.references) relationships.push(relate(id, "DEPENDS_ON", idOf(path)));
    for (const [key, facts] of keyed(object.contains)) {
      const inner = `${id}-${hexDigestOf(key).slice(0, 16)}`;
      packages.push(packageOf(inner, facts));
      relationships.push(relate(id, "CONTAINS", inner));
    }
  }
  const refs = refsOf(objects);
  return documentJson({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${pipeline}, ${closure} closure`,
    documentNamespace: `${BASE_URL}/spdx/${documentId}`,
    creationInfo: {
      created: bom.time,
      creators: [`Tool: pipelite-${bom.tool}`, ...(supplier ? [partyText(supplier)] : [])],
      comment: ["SBOM type: build", ...(bom.isTimeKnown ? [] : [TIME_IS_FIXED])].join("; "),
    },
    comment: `${HASHES_ARE}; ${GRAPH_IS}`,
    packages,
    relationships,
    ...(refs.length > 0 && {
      hasExtractedLicensingInfos: refs.map(([licenseId, name]) => ({ licenseId, extractedText: name, name })),
    }),
  });
}

/** Licences that SPDX has no name for, by what refers to them; sorted. */
export function refsOf(objects: readonly BomObject[]): [ref: string, words: string][] {
  const all = objects.flatMap((object) => [object, ...(object.contains ?? [])]);
  const refs = new Map(all.flatMap(({ licence }) => Object.entries(licence?.refs ?? {})));
  return [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function idOf(path: string): string {
  return `SPDXRef-${hashOf(path)}`;
}

function relate(from: string, relationshipType: string, to: string): object {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

function packageOf(id: string, { name, version, purl, cpe, licence, supplier, vcs }: BomPackage): object {
  const external = [
    ...(purl === undefined ? [] : [["PACKAGE-MANAGER", "purl", purl]]),
    ...(cpe === undefined ? [] : [["SECURITY", "cpe23Type", cpe]]),
  ];
  return {
    SPDXID: id,
    name,
    ...(version !== undefined && { versionInfo: version }),
    supplier: supplier ? partyText(supplier) : UNKNOWN,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: licence?.expression ?? UNKNOWN,
    copyrightText: UNKNOWN,
    ...(vcs !== undefined && { sourceInfo: vcs }),
    ...(external.length > 0 && {
      externalRefs: external.map(([referenceCategory, referenceType, referenceLocator]) => ({
        referenceCategory,
        referenceType,
        referenceLocator,
      })),
    }),
  };
}

function storedOf({ path, narHash, narSize, type }: BomObject): object {
  return {
    packageFileName: path,
    checksums: [{ algorithm: "SHA256", checksumValue: narHash }],
    primaryPackagePurpose: PURPOSES[type],
    comment: `NAR of ${narSize} bytes`,
  };
}

const PURPOSES: Readonly<Record<ComponentType, string>> = {
  application: "APPLICATION",
  library: "LIBRARY",
  "operating-system": "OPERATING-SYSTEM",
  file: "FILE",
};

/** There are persons and organisations only, and parentheses are for the address. */
function partyText({ name, email, isOrganisation = false }: Party): string {
  const plain = name.replaceAll(/[()]/g, " ").replaceAll(/\s+/g, " ").trim();
  return `${isOrganisation ? "Organization" : "Person"}: ${plain}${email === undefined ? "" : ` (${email})`}`;
}
