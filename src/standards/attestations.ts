// The same evidence as CycloneDX attestations (CycloneDX 1.7, `definitions.standards` and `declarations`): which claims of
// the run speak for or against each requirement. Scores are left out: nothing that ran computes one.
import { VERSION } from "#base/version.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import type { Claim } from "#home/run-record.ts";
import { uuidFrom } from "#sbom/uuid.ts";
import type { ClauseEvidence, StandardEvidence } from "./clauses.ts";
import { claimsByName, isFigure, type Claims } from "./facts.ts";
import type { DocumentInput } from "./input.ts";
import { WORDING } from "./records.ts";

const ASSESSOR = "assessor:pipelite";

export function attestationsOf(input: DocumentInput, standards: readonly StandardEvidence[]): object {
  const { record } = input;
  const target = `run:${record.runId}`;
  const claims = claimsByName(record);
  const used = new Set(standards.flatMap(({ clauses }) => clauses.flatMap((clause) => claimIds(clause))));
  const cited = record.claims.filter(({ id }) => used.has(id));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.7",
    serialNumber: `urn:uuid:${uuidFrom(`attestations of ${record.runId} ${input.audit?.auditedAt ?? ""}`)}`,
    version: 1,
    metadata: {
      timestamp: record.finishedAt,
      tools: { components: [{ type: "application", name: "pipelite", version: VERSION }] },
      component: {
        type: "application",
        "bom-ref": target,
        name: record.pipeline,
        version: record.runId,
      },
    },
    definitions: { standards: standards.map(standardOf) },
    declarations: {
      assessors: [{ "bom-ref": ASSESSOR, thirdParty: false, organization: { name: "pipelite" } }],
      claims: cited.map((claim) => claimOf(claim, target)),
      evidence: cited.map((claim) => evidenceOf(claim, record.finishedAt)),
      attestations: standards.map((standard) => attestationOf(standard, claims)),
    },
  };
}

function claimIds({ evidence }: ClauseEvidence): string[] {
  return evidence.flatMap(({ facts }) => facts.filter(isFigure).map(({ claim }) => claim));
}

function standardOf({ standard, clauses }: StandardEvidence): object {
  return {
    "bom-ref": `standard:${standard.edition.identifier}`,
    name: standard.name.identifier,
    version: standard.version.identifier,
    owner: standard.owner,
    requirements: clauses.map((clause) => ({
      "bom-ref": requirementRef(standard.edition.identifier, clause),
      identifier: clause.clause.identifier,
      text: clause.title,
    })),
  };
}

function requirementRef(edition: string, { clause }: ClauseEvidence): string {
  return `requirement:${edition}:${clause.identifier}`;
}

function claimOf({ id, statement, formula }: Claim, target: string): object {
  return {
    "bom-ref": `claim:${id}`,
    target,
    predicate: statement,
    reasoning: formula,
    evidence: [`evidence:${id}`],
  };
}

function evidenceOf({ id, value, unit, status, limit, evidence }: Claim, created: string): object {
  const content = canonicalJson({
    claim: id,
    value,
    status,
    ...(unit !== undefined && { unit }),
    ...(limit !== undefined && { limit }),
  });
  return {
    "bom-ref": `evidence:${id}`,
    propertyName: id,
    created,
    data: [
      { name: "value", contents: { attachment: { contentType: "application/json", content } } },
      ...evidence.map((place) => ({ name: place, contents: { url: encodeURI(place) } })),
    ],
  };
}

function attestationOf({ standard, clauses }: StandardEvidence, claims: Claims): object {
  return {
    summary: WORDING,
    assessor: ASSESSOR,
    map: clauses.map((clause) => {
      const ids = [...new Set(claimIds(clause))];
      const isAgainst = (id: string) => claims.get(id)?.status === "failed";
      const against = ids.filter(isAgainst);
      return {
        requirement: requirementRef(standard.edition.identifier, clause),
        claims: ids.filter((id) => !isAgainst(id)).map((id) => `claim:${id}`),
        ...(against.length > 0 && { counterClaims: against.map((id) => `claim:${id}`) }),
        conformance: { rationale: rationaleOf(clause) },
      };
    }),
  };
}

function rationaleOf({ status, evidence, duty }: ClauseEvidence): string {
  const words = evidence.map((source) => `${source.name}: ${source.status}`);
  return [status, duty ?? "", ...words].filter((part) => part !== "").join("; ");
}
