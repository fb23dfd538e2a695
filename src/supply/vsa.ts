// A verification summary (VSA): who looked at what by which policy, and what came of it, for those who will not look themselves.
// Plain DSSE and no Sigstore bundle, since slsa-verifier takes only that. Specification:
// https://slsa.dev/spec/v1.2/verification_summary
import { prettyJson } from "#base/canonical-json.ts";
import { VERSION } from "#base/version.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import type { SigningKey } from "#sigstore/key.ts";
import { signStatement } from "#sigstore/sign.ts";
import type { ResourceDigest, Statement } from "#sigstore/statement.ts";
import type { BundleFile } from "./attestations.ts";
import type { Finding } from "./finding.ts";
import { builderOfStatement } from "./provenance.ts";
import { assessSlsa } from "./slsa.ts";

const VSA_TYPE = "https://slsa.dev/verification_summary/v1";
const VERIFIER = "https://pipelite.dev/verifier/v1";

export interface Summary {
  status: Finding["status"];
  /** Of what was looked at. */
  subject: readonly ResourceDigest[];
  /** What it was looked at as. */
  resource: string;
  /** `sha256:<hex>` of the trust file. */
  policyDigest: string;
  /** The statements that hold. */
  statements: readonly Statement[];
  /** The files that they are in. */
  files: readonly Pick<BundleFile, "name" | "digest">[];
  /** ISO 8601. */
  at: string;
}

/** What was not found to hold in all is `FAILED`: there is no third word for what could not be looked at. */
export function writeSummary(
  { status, subject, resource, policyDigest, statements, files, at }: Summary,
  key: SigningKey,
): string {
  const sandboxes = statements.map((statement) => builderOfStatement(statement).sandbox);
  const isPassed = status === "holds";
  const { level } = assessSlsa({ isSigned: true, sandboxes });
  const { payload, payloadType, signature, keyId } = signStatement(
    {
      subject,
      predicateType: VSA_TYPE,
      predicate: {
        verifier: { id: VERIFIER, version: { pipelite: VERSION } },
        timeVerified: at,
        resourceUri: resource,
        policy: { uri: "trust.json", digest: { sha256: hexOf(policyDigest) } },
        inputAttestations: files.map(({ name, digest }) => ({
          uri: name,
          digest: { sha256: hexOf(digest) },
        })),
        verificationResult: isPassed ? "PASSED" : "FAILED",
        verifiedLevels: isPassed ? [`SLSA_BUILD_LEVEL_${level}`] : ["FAILED"],
        slsaVersion: "1.2",
      },
    },
    key,
  );
  const signatures = [{ keyid: keyId, sig: toBase64(signature) }];
  return prettyJson({ payloadType, payload: toBase64(payload), signatures });
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
