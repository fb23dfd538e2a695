// SPDX 3.0.1 (https://spdx.github.io/spdx-spec/v3.0.1/), as JSON-LD: packages, the relations between them with how complete they
// are, and a `build_Build` for each stage.
import { own } from "#base/own.ts";
import { documentJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { BASE_URL, GRAPH_IS, HASHES_ARE, hashOf, keyed, TIME_IS_FIXED } from "./bom.ts";
import type { Bom, BomObject, ComponentType, BomPackage, Party } from "./bom.ts";
import { purlOfPipeline } from "./purl.ts";
import { refsOf } from "./spdx2.ts";

const CREATION = "_:creation";
const DERIVATION_TYPE = `${BASE_URL}/derivation/v1`;

export function writeSpdx3(bom: Bom): string {
  return new Document(bom).write();
}

type Element = Readonly<Record<string, unknown>> & { spdxId: string };

class Document {
  readonly #bom: Bom;
  readonly #namespace: string;
  readonly #elements = new Map<string, Element>();

  constructor(bom: Bom) {
    this.#bom = bom;
    this.#namespace = `${BASE_URL}/spdx/${bom.id}`;
  }

  write(): string {
    const { pipeline, closure, version, supplier, roots, objects, time, tool } = this.#bom;
    const agent = this.#add("SoftwareAgent", "pipelite", { name: `pipelite ${tool}` });
    const using = this.#add("Tool", "tool", { name: "pipelite", summary: tool });
    const author = supplier && this.#partyId(supplier);
    const main = this.#package("pipeline", {
      name: pipeline,
      version,
      purl: purlOfPipeline(this.#bom),
      ...(supplier && { supplier }),
    });
    for (const [ref, words] of refsOf(objects))
      this.#add("simplelicensing_SimpleLicensingText", ref, {
        name: ref,
        simplelicensing_licenseText: words,
      });
    for (const object of objects) this.#object(object);
    this.#depends(main, roots);
    this.#builds();
    const element = [...this.#elements.keys()].toSorted();
    const sbom = this.#add("software_Sbom", "sbom", {
      name: `${pipeline}, ${closure} closure`,
      rootElement: [main],
      element,
      software_sbomType: ["build"],
    });
    this.#add("SpdxDocument", "document", {
      name: `${pipeline}, ${closure} closure`,
      comment: `${HASHES_ARE}; ${GRAPH_IS}`,
      profileConformance: ["core", "software", "simpleLicensing", "build"],
      rootElement: [sbom],
      element: [sbom, ...element],
    });
    const created = {
      "@id": CREATION,
      type: "CreationInfo",
      specVersion: "3.0.1",
      created: time,
      createdBy: [author ?? agent],
      createdUsing: [using],
      ...(!this.#bom.isTimeKnown && { comment: TIME_IS_FIXED }),
    };
    const sorted = [...this.#elements].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
    return documentJson({
      "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
      "@graph": [created, ...sorted],
    });
  }

  #id(local: string): string {
    return `${this.#namespace}#${encodeURIComponent(local)}`;
  }

  #add(type: string, local: string, members: object): string {
    const spdxId = this.#id(local);
    this.#elements.set(spdxId, { type, spdxId, creationInfo: CREATION, ...members });
    return spdxId;
  }

  #relate(from: string, relationshipType: string, to: readonly string[], completeness = "noAssertion"): void {
    const local = `relation-${hexDigestOf(`${from} ${relationshipType}`).slice(0, 32)}`;
    this.#add("Relationship", local, { from, relationshipType, to, completeness });
  }

  /** The store has all that an object refers to. */
  #depends(from: string, paths: readonly string[]): void {
    const to = paths.map((path) => this.#idOf(path));
    if (to.length > 0) this.#relate(from, "dependsOn", to, "complete");
  }

  #idOf(path: string): string {
    return this.#id(hashOf(path));
  }

  #object(object: BomObject): void {
    const { path, narHash, narSize, type, contains } = object;
    const id = this.#package(hashOf(path), object, {
      comment: `NAR of ${narSize} bytes`,
      verifiedUsing: [{ type: "Hash", algorithm: "sha256", hashValue: narHash }],
      software_primaryPurpose: PURPOSES[type],
      externalIdentifier: [
        {
          type: "ExternalIdentifier",
          externalIdentifierType: "other",
          identifier: path,
          comment: "Nix store path",
        },
        ...cpeOf(object),
      ],
    });
    this.#depends(id, object.references);
    const inside = keyed(contains).map(([key, facts]) =>
      this.#package(`${hashOf(path)}-${hexDigestOf(key).slice(0, 16)}`, facts, {
        ...(facts.cpe !== undefined && { externalIdentifier: cpeOf(facts) }),
      }),
    );
    if (inside.length > 0) this.#relate(id, "contains", inside);
  }

  #package(local: string, facts: BomPackage, more: object = {}): string {
    const { name, version, purl, licence, supplier, vcs } = facts;
    const id = this.#add("software_Package", local, {
      name,
      ...(version !== undefined && { software_packageVersion: version }),
      ...(purl !== undefined && { software_packageUrl: purl }),
      ...(supplier && { suppliedBy: this.#partyId(supplier) }),
      ...(vcs !== undefined && { software_sourceInfo: vcs }),
      ...more,
    });
    if (licence === undefined) return id;
    const refs = Object.keys(licence.refs).toSorted();
    const expression = this.#add(
      "simplelicensing_LicenseExpression",
      `licence-${hexDigestOf(licence.expression).slice(0, 32)}`,
      {
        simplelicensing_licenseExpression: licence.expression,
        ...(refs.length > 0 && {
          simplelicensing_customIdToUri: refs.map((key) => ({
            type: "DictionaryEntry",
            key,
            value: this.#id(key),
          })),
        }),
      },
    );
    this.#relate(id, "hasDeclaredLicense", [expression]);
    return id;
  }

  /** What nobody says to be a person or an organisation is an agent. */
  #partyId({ name, email, isOrganisation = false }: Party): string {
    return this.#add(
      isOrganisation ? "Organization" : "Agent",
      `agent-${hexDigestOf(`${name} ${email ?? ""}`).slice(0, 32)}`,
      {
        name,
        ...(email !== undefined && {
          externalIdentifier: [
            { type: "ExternalIdentifier", externalIdentifierType: "email", identifier: email },
          ],
        }),
      },
    );
  }

  #builds(): void {
    const { stages, materials, objects, params } = this.#bom;
    const present = new Set(objects.map(({ path }) => path));
    const outputs = new Map(
      stages.flatMap(({ name, output }) => (output ? [[name, output.path] as const] : [])),
    );
    const parameters = Object.entries(params).map(([key, value]) => ({
      type: "DictionaryEntry",
      key,
      value: typeof value === "string" ? value : JSON.stringify(value),
    }));
    for (const { name, inputs, derivation } of stages) {
      const id = this.#add("build_Build", `build-${name}`, {
        name,
        build_buildType: DERIVATION_TYPE,
        ...(derivation !== undefined && { build_buildId: derivation }),
        ...(parameters.length > 0 && { build_parameter: parameters }),
      });
      const read = inputs.flatMap((input) => outputs.get(input) ?? own(materials, input)?.path ?? []);
      const here = [...new Set(read)].filter((path) => present.has(path));
      if (here.length > 0)
        this.#relate(
          id,
          "hasInput",
          here.map((path) => this.#idOf(path)),
        );
      const output = outputs.get(name);
      if (output !== undefined && present.has(output)) this.#relate(id, "hasOutput", [this.#idOf(output)]);
    }
  }
}

function cpeOf({ cpe }: BomPackage): object[] {
  return cpe === undefined
    ? []
    : [{ type: "ExternalIdentifier", externalIdentifierType: "cpe23", identifier: cpe }];
}

const PURPOSES: Readonly<Record<ComponentType, string>> = {
  application: "application",
  library: "library",
  "operating-system": "operatingSystem",
  file: "file",
};
