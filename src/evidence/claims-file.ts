// The claims of a run as the result tree has them: `claims`, a line each, without the members that are as `otherwise` says.
// Most claims are recorded figures, and what these repeat would be a tenth of the evidence.
import type { Claim } from "#home/run-record.ts";

/** Of members that every claim has: one that is not there can mean nothing else. */
const OTHERWISE = {
  formula: "$1",
  kind: "figure",
  status: "recorded",
  value: null,
} satisfies Partial<Claim>;

/** What claims.json holds; each claim is shortened when it is its turn, since there may be many. */
export function claimsFile(claims: readonly Claim[]): { claims: Iterable<object>; otherwise: object } {
  return { claims: claims.values().map(shortened), otherwise: OTHERWISE };
}

type Shortened = { -readonly [K in keyof Claim]?: Claim[K] };

/** In the order of names, in which it is written. */
function shortened(claim: Claim): Shortened {
  const { accept, evidence, formula, id, kind, limit, problem, source, statement, status, unit, value } =
    claim;
  const kept: Shortened = {};
  if (accept !== undefined) kept.accept = accept;
  kept.evidence = evidence;
  if (formula !== OTHERWISE.formula) kept.formula = formula;
  kept.id = id;
  if (kind !== OTHERWISE.kind) kept.kind = kind;
  if (limit !== undefined) kept.limit = limit;
  if (problem !== undefined) kept.problem = problem;
  if (source !== undefined) kept.source = source;
  kept.statement = statement;
  if (status !== OTHERWISE.status) kept.status = status;
  if (unit !== undefined) kept.unit = unit;
  if (value !== OTHERWISE.value) kept.value = value;
  return kept;
}
