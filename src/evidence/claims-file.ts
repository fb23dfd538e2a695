// The claims of a run as the result tree has them: `claims`, a line each, without the members that are as `otherwise` says.
// Most claims are recorded figures, and what these repeat would be a tenth of the evidence.
import { isObject } from "#base/strict-json.ts";
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

/** The claims of such a file, or of one of before, which was the list of whole claims. @throws SyntaxError */
export function claimsOfFile(value: unknown): Claim[] {
  if (Array.isArray(value)) return value as Claim[];
  if (!isObject(value)) throw new SyntaxError("claims.json holds neither claims nor a list of them");
  const { claims, otherwise } = value;
  if (!Array.isArray(claims) || !isObject(otherwise))
    throw new SyntaxError("claims.json holds no claims, or does not say what they are otherwise");
  return claims.map((claim) => ({ ...otherwise, ...(claim as Claim) }));
}
