// Evidence for clauses, looked up in the facts of a run. The status of a clause follows from the claims alone.
import type { Claim } from "#home/run-record.ts";
import { claimsByName, figureOf, identifier, isFigure, recordIdentifiers } from "./facts.ts";
import type { Claims, Fact, ClaimFigure, Identifier } from "./facts.ts";
import type { DocumentInput } from "./input.ts";
import type { Clause, Mapping, EvidenceSource } from "./mappings.ts";

/**
 * - `supported`: every source gives evidence, and nothing speaks against it;
 * - `partial`: some give evidence, what they give is undecided, or a part of the clause is left to the organisation;
 * - `failed`: a claim failed, or no longer holds;
 * - `unavailable`: no source gives evidence;
 * - `organisational`: not for a run to show.
 */
export type ClauseStatus = "supported" | "partial" | "organisational" | "failed" | "unavailable";

/** Of one source; `unreviewed` is what a missing signature is called. */
export type SourceStatus = "supported" | "partial" | "failed" | "unreviewed" | "unavailable";

export interface SourceEvidence {
  name: string;
  /** What was looked up, and where: a kind of source, with a pattern where it has one. */
  from: EvidenceSource["from"];
  select?: string;
  status: SourceStatus;
  /** At most FACTS_MAX, those first that speak against the requirement. */
  facts: Fact[];
  /** There are more than are listed: the record and its claims have all. */
  isCut?: true;
}

/** As many facts as a reviewer can look at: what a run has of a kind may grow with its stages. */
export const FACTS_MAX = 24;
/** No more than will be listed, and one that tells that there are more. */
const LISTED_MAX = FACTS_MAX + 1;

export interface ClauseEvidence {
  clause: Identifier;
  title: string;
  kind: Clause["kind"];
  status: ClauseStatus;
  evidence: SourceEvidence[];
  duty?: string;
}

export interface StandardEvidence {
  standard: { edition: Identifier; name: Identifier; version: Identifier; title: string; owner: string };
  clauses: ClauseEvidence[];
}

export function evidenceFor(mapping: Mapping, input: DocumentInput): StandardEvidence {
  const { edition, name, version, title, owner, clauses } = mapping;
  const mark = (text: string) => identifier(text, `mapping:${edition}`);
  const lookup = { input, claims: claimsByName(input.record) };
  return {
    standard: { edition: mark(edition), name: mark(name), version: mark(version), title, owner },
    clauses: clauses.map(({ clause, kind, sources = [], duty, ...words }) => {
      const evidence = sources.map(({ name: what, from, select, ...rest }) => ({
        name: what,
        from,
        ...(select !== undefined && { select }),
        ...cut(lookUp({ name: what, from, ...(select !== undefined && { select }), ...rest }, lookup)),
      }));
      const found = kind === "organisational" ? kind : statusOf(evidence);
      const status = found === "supported" && duty !== undefined ? "partial" : found;
      return { clause: mark(clause), kind, status, evidence, ...(duty !== undefined && { duty }), ...words };
    }),
  };
}

function cut({ status, facts }: Found): Found & { isCut?: true } {
  if (facts.length <= FACTS_MAX) return { status, facts };
  const ordered = openFirst(facts, (fact) => isFigure(fact) && isOpen(fact));
  return { status, facts: ordered.slice(0, FACTS_MAX), isCut: true };
}

function isOpen({ status }: Pick<ClaimFigure, "status">): boolean {
  return status !== "passed" && status !== "recorded";
}

function openFirst<T>(all: readonly T[], isFirst: (each: T) => boolean): T[] {
  return [...all.filter(isFirst), ...all.filter((each) => !isFirst(each))];
}

function statusOf(evidence: readonly SourceEvidence[]): ClauseStatus {
  const statuses = evidence.map(({ status }) => status);
  if (statuses.includes("failed")) return "failed";
  if (statuses.every((status) => status === "supported")) return "supported";
  return statuses.some((status) => status === "supported" || status === "partial")
    ? "partial"
    : "unavailable";
}

interface Lookup {
  input: DocumentInput;
  claims: Claims;
}

type Found = Pick<SourceEvidence, "status" | "facts">;

function lookUp(source: EvidenceSource, { input, claims }: Lookup): Found {
  const { from, select = "" } = source;
  switch (from) {
    case "claims":
      return ofClaims(source, claims.matching(select), input);
    case "checks":
      return ofClaims(source, claims.checks(), input);
    case "record":
      return ofFacts(recordIdentifiers(input.record, select, LISTED_MAX));
    case "parameters":
      return ofFacts(parameterFacts(input));
    case "deviations":
      return ofDeviations(source, input);
    case "signatures":
      return ofSignatures(source, input);
    case "audit":
      return ofAudit(input);
    case "journal":
      return ofJournal(input);
  }
}

function ofFacts(facts: Fact[]): Found {
  return { status: facts.length === 0 ? "unavailable" : "supported", facts };
}

function ofClaims(
  { fails = [], absent = [] }: EvidenceSource,
  found: readonly Claim[],
  input: DocumentInput,
): Found {
  const broken = new Set(
    input.audit?.claims.filter(({ status }) => status === "fails").map(({ id }) => id) ?? [],
  );
  const isBad = ({ id, value, status }: Claim) =>
    status === "failed" || broken.has(id) || fails.includes(String(value));
  const isGood = (claim: Claim) => !isOpen(claim);
  const isAbsent = ({ value, status }: Claim) => status === "unavailable" || absent.includes(String(value));
  const status = found.every(isAbsent)
    ? "unavailable"
    : found.some(isBad)
      ? "failed"
      : found.every(isGood)
        ? "supported"
        : "partial";
  const listed = found.length <= FACTS_MAX ? found : openFirst(found, isOpen).slice(0, LISTED_MAX);
  return { status, facts: listed.map(figureOf) };
}

function ofJournal({ journal, recordProblem }: DocumentInput): Found {
  const lines = journal.filter(({ kind }) => kind === "run");
  const found = ofFacts(
    lines.map(({ sequence, digest }) => identifier(digest, `journal.ndjson#${sequence}/digest`)),
  );
  return recordProblem === undefined ? found : { ...found, status: "failed" };
}

function parameterFacts({ derivations }: DocumentInput): Fact[] {
  return derivations
    .values()
    .flatMap(({ stage, drvPath, parameters }) =>
      parameters
        .values()
        .map(({ pointer, value }) =>
          identifier(String(value), `${drvPath}#/params${pointer}`, `${stage} ${pointer.slice(1)}`),
        ),
    )
    .take(LISTED_MAX)
    .toArray();
}

function ofDeviations({ select }: EvidenceSource, { deviations, record }: DocumentInput): Found {
  const wanted = deviations.filter(({ kind }) => select === undefined || kind === select);
  if (record.status === "cancelled" && wanted.length === 0) return { status: "partial", facts: [] };
  return {
    status: wanted.every(({ state }) => state === "closed") ? "supported" : "partial",
    facts: wanted.map(({ id }) => identifier(id, `deviations#${id}/id`)),
  };
}

function ofSignatures({ select }: EvidenceSource, { signatures }: DocumentInput): Found {
  const wanted = signatures.flatMap((signature, index) =>
    select === undefined || signature.meaning === select ? [{ ...signature, index }] : [],
  );
  const facts = wanted.flatMap(({ signer, signedAt, index }) => [
    identifier(signer, `signatures#/${index}/signer`),
    identifier(signedAt, `signatures#/${index}/signedAt`),
  ]);
  const isBad = wanted.some(({ isValid, isJournalled }) => isJournalled && !isValid);
  const isGood = !isBad && wanted.some(({ isValid }) => isValid);
  return { status: facts.length === 0 ? "unreviewed" : isGood ? "supported" : "failed", facts };
}

function ofAudit({ audit }: DocumentInput): Found {
  if (audit === undefined) return { status: "unavailable", facts: [] };
  const status = { holds: "supported", fails: "failed", unavailable: "partial" } as const;
  return { status: status[audit.status], facts: [identifier(audit.auditedAt, "audit#/auditedAt")] };
}
