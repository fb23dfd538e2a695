// A check that says `passed` is held to its own formulas before the run is judged: what a stage wrote is not believed where
// it can be computed, and what shows nothing is no pass.
import { isPipeliteError } from "#base/errors.ts";
import type { Claim } from "#home/run-record.ts";
import { evaluateAccept } from "#formula/accept.ts";
import { evaluate } from "#formula/formula.ts";
import { parseFormula, readsOf } from "#formula/syntax.ts";
import { emptyFormula, emptyStatus } from "./empty-claims.ts";
import { contextOf, isEqual, type EvidencePlaces } from "./formula-context.ts";

/** The claim, or, where it says `passed` and its formulas do not, the same as `failed` and why. */
export function heldToFormula(claim: Claim, places: EvidencePlaces): Claim {
  const problem = claim.status === "passed" ? problemOf(claim, places) : undefined;
  return problem === undefined ? claim : { ...claim, status: "failed", problem };
}

function problemOf(claim: Claim, places: EvidencePlaces): string | undefined {
  const { id, formula, accept, value, limit = null, evidence } = claim;
  try {
    const parsed = parseFormula(formula);
    const empty = emptyFormula(parsed, claim) ?? emptyStatus(claim);
    if (empty !== undefined) return empty;
    // What only building again can tell, the audit tells.
    if (!readsOf(parsed).isRealising) {
      const computed = evaluate(parsed, contextOf(places, evidence));
      const isSame = isEqual(computed, value);
      if (!isSame) return `${formula} gives ${shown(computed)}, the check says ${shown(value)}`;
    }
    const isAccepted = accept === undefined || evaluateAccept(accept, { value, limit }, id) === true;
    return isAccepted ? undefined : `${accept} is not true`;
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return error.message;
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}
