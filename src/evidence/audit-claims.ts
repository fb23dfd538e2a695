// The judgement of one claim: the record states it as the evidence gives it, all evidence it reads is what the run left, and
// its formula comes to its value.
import { isDeepStrictEqual } from "node:util";
import { isPipeliteError } from "#base/errors.ts";
import type { Steps } from "#base/steps.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { AuditBuild } from "./audit-builds.ts";
import type { Claim } from "#home/run-record.ts";
import { parseReference, type EvidenceFiles } from "./evidence-files.ts";
import { callsOf, parseFormula } from "#formula/syntax.ts";
import type { EvidencePlaces } from "./formula-context.ts";
import type { Value } from "#formula/formula.ts";
import type { AuditStatus, IntegrityFinding } from "./integrity.ts";
import { shown, type Weighed } from "./weigh.ts";
import type { Weigher } from "./weigher.ts";

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
  weigher: Weigher;
}

/** @param expected what the evidence gives in its place, or why that can't be told */
export function* judgeClaim(
  ground: ClaimGround,
  claim: Claim,
  expected: Claim | IntegrityFinding | undefined,
): Steps<AuditedClaim> {
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
  const made = buildsOf(ground, claim);
  const { problem, computed, ...acceptance } = yield* ground.weigher.weigh(
    claim,
    placesOf(ground),
    made.again,
  );
  if (problem !== undefined) return judged("fails", problem);
  if (made.again === undefined) return judged(made.status, made.reason);
  if (computed === undefined) return judged("fails", `${claim.formula} was not computed`);
  const { isSame, shown: found, value } = computed;
  if (!isSame)
    return judged("fails", `${claim.formula} gives ${found}, the claim says ${shown(claim.value)}`, value);
  const refused = refusalOf(claim, acceptance);
  return refused === undefined ? judged("holds", "", value) : judged("fails", refused, value);
}

/** The status must be what `accept` makes of the value. */
function refusalOf(
  { accept, status }: Claim,
  { accepted, acceptProblem }: Pick<Weighed, "accepted" | "acceptProblem">,
): string | undefined {
  if (accept === undefined || (status !== "passed" && status !== "failed")) return undefined;
  if (acceptProblem !== undefined) return acceptProblem;
  if (accepted === (status === "passed")) return undefined;
  return `its status is ${status}, but ${accept} is ${shown(accepted)}`;
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

/** Derivation of the formula -> what it gave again; or why one of them gave nothing. */
function buildsOf(
  { builds }: ClaimGround,
  { formula }: Claim,
): { again: Record<string, string> } | (Exclude<AuditBuild, { path: string }> & { again?: undefined }) {
  const made: [drvPath: string, path: string][] = [];
  for (const { parameters } of realisedIn(formula)) {
    const [of] = parameters;
    const drvPath = of?.kind === "constant" ? String(of.value) : "";
    const again = builds.get(drvPath);
    if (again === undefined)
      return {
        status: "fails",
        reason: `the formula realises ${drvPath}, which is no derivation of this run`,
      };
    if (!("path" in again)) return again;
    made.push([drvPath, again.path]);
  }
  return { again: Object.fromEntries(made) };
}

/** Of a formula that can't be read none: why not is told where it is weighed. */
function realisedIn(formula: string): ReturnType<typeof callsOf> {
  try {
    return callsOf(parseFormula(formula), "realise");
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return [];
  }
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
