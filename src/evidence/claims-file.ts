// The claims of a run as the result tree has them: `claims`, a line each, without the members that are as `otherwise` says.
// Most claims are recorded figures, and what these repeat would be a tenth of the evidence.
import type { Claim } from "#home/run-record.ts";

/** Of members that every claim has: one that is not there can mean nothing else. */
const OTHERWISE: Readonly<Record<string, unknown>> = {
  formula: "$1",
  kind: "figure",
  status: "recorded",
  value: null,
} satisfies Partial<Claim>;

/** What claims.json holds. */
export function claimsFile(claims: readonly Claim[]): { claims: object[]; otherwise: object } {
  const shortened = claims.map((claim) => {
    const kept: Record<string, unknown> = {};
    for (const name of Object.keys(claim)) {
      const value: unknown = claim[name as keyof Claim];
      if (OTHERWISE[name] !== value) kept[name] = value;
    }
    return kept;
  });
  return { claims: shortened, otherwise: OTHERWISE };
}
