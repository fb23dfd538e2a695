import { checkCertificate } from "../checks/certificate.ts";
import type { Certificate } from "../mathematics/claim.ts";
import { CERTIFICATE_FORMAT } from "../mathematics/claim.ts";
import { computeFacts } from "../mathematics/facts.ts";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import { writeReport } from "../mathematics/report.ts";
import { listStatements } from "../mathematics/statements.ts";

/** No proof kernel runs in this stage, so no statement may claim more than `recomputed`. */
const KERNEL = "unavailable";

/**
 * The facts, as exact integers; a certificate that states them; and what a second program found in the certificate.
 * Throws RangeError when that program rejects a statement.
 */
export default function proof() {
  const mathematics = computeFacts();
  const certificate: Certificate = {
    format: CERTIFICATE_FORMAT,
    powers: PRIME_POWERS,
    statements: listStatements(mathematics),
  };
  // the second program gets what a stranger would get: the bytes
  const findings = checkCertificate(JSON.parse(JSON.stringify(certificate)));
  const rejected = findings.filter((finding) => finding.status === "rejected");
  if (rejected.length > 0) {
    const list = rejected.map(
      ({ id, text, reason }) => `${id}: ${text}${reason === undefined ? "" : ` (${reason})`}`,
    );
    throw new RangeError(`The second program rejects ${rejected.length} statements: ${list.join("; ")}`);
  }
  return {
    "facts.json": mathematics.facts,
    "certificate.json": certificate,
    "statements.json": {
      kernelChecked: KERNEL,
      statements: findings.map(({ id, text, status }) => ({ id, text, status })),
    },
    "report.md": writeReport({ facts: mathematics.facts, statements: findings, kernel: KERNEL }),
  };
}
