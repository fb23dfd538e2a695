import type { BroughtTool, Source, StageContext } from "pipelite";
import { checkCertificate } from "../checks/certificate.ts";
import { checkExport, isKernelChecked } from "../lean/check.ts";
import { monsterWalkLean } from "../lean/index.ts";
import { NO_LEAN, runLean } from "../lean/lean.ts";
import type { Certificate } from "../mathematics/claim.ts";
import { CERTIFICATE_FORMAT } from "../mathematics/claim.ts";
import { computeFacts } from "../mathematics/facts.ts";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import { writeReport } from "../mathematics/report.ts";
import { listStatements } from "../mathematics/statements.ts";

interface Inputs {
  /** Lean files: the lemmas that the theorems rest on. */
  library: Source;
  /** Lean itself, when the run brings it. */
  lean?: BroughtTool | null;
}

/**
 * The facts, as exact integers; a certificate that states them, with what a second program found in it; and the theorems
 * among them, as a Lean file and as an export, with what Pipelite's Lean kernel found in the export, and Lean in the file
 * if it is there.
 * Throws RangeError when that program rejects a statement, the kernel does not accept the export, or Lean the file.
 */
export default function proof({ library, lean = null }: Inputs, context?: StageContext) {
  const facts = computeFacts();
  const certificate: Certificate = {
    format: CERTIFICATE_FORMAT,
    powers: PRIME_POWERS,
    statements: listStatements(facts),
  };
  const findings = recompute(certificate);
  const { ndjson, text, theorems } = monsterWalkLean(facts, library.path);
  const kernel = checkExport({ ndjson, theorems });
  const leanReport = lean === null ? NO_LEAN : runLean(lean, text, context?.temp ?? ".");
  const statements = findings.map(({ id, text, status }) => ({
    id,
    text,
    status: isKernelChecked(id, kernel) ? ("kernel-checked" as const) : status,
  }));
  const counted = statements.filter(({ status }) => status === "kernel-checked").length;
  return {
    "facts.json": facts,
    "certificate.json": certificate,
    "statements.json": { kernelChecked: counted, leanChecked: leanReport.status, statements },
    "MonsterWalk.lean": text,
    "MonsterWalk.ndjson": ndjson,
    "kernel-report.json": kernel,
    "lean-report.json": leanReport,
    "report.md": writeReport({ facts, statements, recomputed: findings.length, kernel, lean: leanReport }),
  };
}

/** What the second program finds; it gets what a stranger would get: the bytes. */
function recompute(certificate: Certificate) {
  const findings = checkCertificate(JSON.parse(JSON.stringify(certificate)));
  const rejected = findings.filter((finding) => finding.status === "rejected");
  if (rejected.length > 0) {
    const list = rejected.map(
      ({ id, text, reason }) => `${id}: ${text}${reason === undefined ? "" : ` (${reason})`}`,
    );
    throw new RangeError(`The second program rejects ${rejected.length} statements: ${list.join("; ")}`);
  }
  return findings;
}
