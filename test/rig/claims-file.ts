// Reads claims.json of a result tree as anybody may: without the writer.
import { isObject } from "#base/strict-json.ts";
import type { Claim } from "#home/run-record.ts";

/** The claims of such a file, or of one of before, which was the list of whole claims. @throws SyntaxError */
export function claimsOfFile(value: unknown): Claim[] {
  if (Array.isArray(value)) return value as Claim[];
  if (!isObject(value)) throw new SyntaxError("claims.json holds neither claims nor a list of them");
  const { claims, otherwise } = value;
  if (!Array.isArray(claims) || !isObject(otherwise))
    throw new SyntaxError("claims.json holds no claims, or does not say what they are otherwise");
  return claims.map((claim) => ({ ...otherwise, ...(claim as Claim) }));
}
