// The judgement of one claim: the record states it as the evidence gives it, all evidence it reads is what the run left, and
// its formula comes to its value.
import { isDeepStrictEqual } from "node:util";
import { isPipeliteError } from "#base/errors.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { AuditBuild } from "./audit-builds.ts";
import type { Claim } from "#home/run-record.ts";
import { parseReference, type EvidenceFiles } from "./evidence-files.ts";
import { callsOf, parseFormula, type Formula } from "#formula/syntax.ts";
import { emptyFormula, emptyStatus } from "./empty-claims.ts";
import { contextOf, isEqual, type EvidencePlaces } from "./formula-context.ts";
import { evaluateAccept } from "#formula/accept.ts";
import { evaluate, type Value } from "#formula/formula.ts";
import type { AuditStatus, IntegrityFinding } from "./integrity.ts";

export interface AuditedClaim extends Omit<Claim, "status"> {
  /** Whether the claim holds. */
  status: AuditStatus;
  /** The status that the run gave it. */
  stated: string;
  /** What its formula came to. */
  recomputed?: Value;
  reason?: string;
}

/** What claims are judged on. */
export interface ClaimGround {
  store: Store;
  /** The version that made the record, where it is another: the claims it states may be others. */
  madeBy: string | undefined;
  /** The record of the run. */
  record: Value;
  /** Of every store path that was looked at. */
  paths: ReadonlyMap<string, IntegrityFinding>;
  /** Derivation -> what building it again gave. */
  builds: ReadonlyMap<string, AuditBuild>;
  /** Whether the record itself is what was journalled. */
  recordFinding: IntegrityFinding;
  files: EvidenceFiles;
}

/** @param expected what the evidence gives in its place, or why that can't be told */
export function judgeClaim(
  ground: ClaimGround,
  claim: Claim,
  expected: Claim | IntegrityFinding | undefined,
): AuditedClaim {
  const { status: stated, ...rest } = claim;
  const judged = (status: AuditStatus, reason: string, recomputed?: Value): AuditedClaim => ({
    ...rest,
    stated,
    status,
    ...(recomputed !== undefined && { recomputed }),
    ...(reason !== "" && { reason }),
  });
  const ofEvidence = evidenceProblem(ground, claim);
  if (ofEvidence?.status === "unavailable") return judged("unavailable", ofEvidence.reason ?? "");
  if (expected !== undefined && !("formula" in expected))
    return judged(expected.status, expected.reason ?? "");
  const altered = difference(claim, expected);
  if (altered !== undefined && ground.madeBy !== undefined)
    return judged(
      "unavailable",
      `it is as ${ground.madeBy} states it, which this version does not: ${altered}`,
    );
  if (altered !== undefined) return judged("fails", altered);
  if (ofEvidence !== undefined) return judged("fails", ofEvidence.reason ?? ofEvidence.id);
  try {
    const formula = parseFormula(claim.formula);
    const empty = emptyFormula(formula, claim) ?? emptyStatus(claim);
    if (empty !== undefined) return judged("fails", empty);
    const unmade = unmadeOf(ground, formula);
    if (unmade !== undefined) return judged(unmade.status, unmade.reason);
    const value = evaluate(formula, contextOf(placesOf(ground), claim.evidence));
    if (!isEqual(value, claim.value))
      return judged(
        "fails",
        `${claim.formula} gives ${shown(value)}, the claim says ${shown(claim.value)}`,
        value,
      );
    return acceptance(claim, (status, reason) => judged(status, reason, value));
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return judged("fails", error.message);
  }
}

/** The status must be what `accept` makes of the value. */
function acceptance(
  { accept, value, limit, status, id }: Claim,
  judged: (status: AuditStatus, reason: string) => AuditedClaim,
): AuditedClaim {
  if (accept === undefined || (status !== "passed" && status !== "failed")) return judged("holds", "");
  const isAccepted = evaluateAccept(accept, { value, limit: limit ?? null }, id);
  if (isAccepted === (status === "passed")) return judged("holds", "");
  return judged("fails", `its status is ${status}, but ${accept} is ${shown(isAccepted)}`);
}

/** Where the record's claim is not the one that the evidence gives. */
function difference(claim: Claim, expected: Claim | undefined): string | undefined {
  if (expected === undefined) return `the evidence gives no claim ${claim.id}`;
  const names = [...new Set([...Object.keys(claim), ...Object.keys(expected)])] as (keyof Claim)[];
  const name = names.find((key) => !isDeepStrictEqual(claim[key], expected[key]));
  if (name === undefined) return undefined;
  return `its ${name} is ${shown(claim[name])}, and by the evidence ${shown(expected[name])}`;
}

/** The first place among its evidence that is not what the run left. */
function evidenceProblem(ground: ClaimGround, { evidence }: Claim): IntegrityFinding | undefined {
  const findings = evidence.map((text): IntegrityFinding => {
    const reference = parseReference(text);
    if (reference === undefined)
      return { id: text, status: "fails", reason: `its evidence '${text}' is no place in this run` };
    if (reference.kind === "record") return ground.recordFinding;
    const found = ground.paths.get(reference.path);
    return (
      found ?? { id: text, status: "fails", reason: `its evidence ${text} is no output or input of this run` }
    );
  });
  return (
    findings.find(({ status }) => status === "fails") ?? findings.find(({ status }) => status !== "holds")
  );
}

/** A derivation of the formula that could not be built again, and why. */
function unmadeOf(
  { builds }: ClaimGround,
  formula: Formula,
): Exclude<AuditBuild, { path: string }> | undefined {
  for (const { parameters } of callsOf(formula, "realise")) {
    const [of] = parameters;
    const drvPath = of?.kind === "constant" ? String(of.value) : "";
    const again = builds.get(drvPath);
    if (again === undefined)
      return {
        status: "fails",
        reason: `the formula realises ${drvPath}, which is no derivation of this run`,
      };
    if (!("path" in again)) return again;
  }
  return undefined;
}

function placesOf({ files, record, store, builds }: ClaimGround): EvidencePlaces {
  return {
    files,
    record,
    locate: (path) => store.physical(parseStorePath(path)),
    again: (drvPath) => {
      const again = builds.get(drvPath);
      return again !== undefined && "path" in again ? again.path : undefined;
    },
  };
}

function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
