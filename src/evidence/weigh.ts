// What the formulas of a claim come to over its evidence: whether they show anything, the value, and whether it is accepted. The end of
// a run and an audit both ask this, the audit twice of the same claim.
import { isPipeliteError } from "#base/errors.ts";
import type { Claim } from "#home/run-record.ts";
import { evaluateAccept } from "#formula/accept.ts";
import { evaluate, type Value } from "#formula/formula.ts";
import { parseFormula, readsOf } from "#formula/syntax.ts";
import { emptyFormula, emptyStatus } from "./empty-claims.ts";
import { contextOf, isEqual, type EvidencePlaces } from "./formula-context.ts";
import { isClaimValue } from "./run-claims.ts";

export interface Weighed {
  /** Why it shows nothing, or can't be computed. */
  problem?: string;
  computed?: Computed;
  /** What `accept` says of the stated value, where there is one. */
  accepted?: Value;
  acceptProblem?: string;
}

export interface Computed {
  isSame: boolean;
  /** In a few words. */
  shown: string;
  /** One value: a list may have millions. */
  value?: Value;
}

/** @param isRealisable whether builds made again are there for the formula; without it what needs them is not computed */
export function weigh(claim: Claim, places: EvidencePlaces, isRealisable: boolean): Weighed {
  try {
    const formula = parseFormula(claim.formula);
    const problem = emptyFormula(formula, claim) ?? emptyStatus(claim);
    if (problem !== undefined) return { problem };
    const isLeft = !isRealisable && readsOf(formula).isRealising;
    const value = isLeft ? undefined : evaluate(formula, contextOf(places, claim.evidence));
    return { ...(value !== undefined && { computed: computedOf(value, claim) }), ...acceptanceOf(claim) };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { problem: error.message };
  }
}

function computedOf(value: Value, claim: Claim): Computed {
  const isSame = isEqual(value, claim.value);
  return { isSame, shown: shown(value), ...(isClaimValue(value) && { value }) };
}

function acceptanceOf({
  accept,
  value,
  limit = null,
  id,
}: Claim): Pick<Weighed, "accepted" | "acceptProblem"> {
  if (accept === undefined) return {};
  try {
    return { accepted: evaluateAccept(accept, { value, limit }, id) };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return { acceptProblem: error.message };
  }
}

export function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
