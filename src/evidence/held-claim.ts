// A check that says `passed` is held to its own formulas before the run is judged: what a stage wrote is not believed where
// it can be computed, and what shows nothing is no pass.
import type { Claim } from "#home/run-record.ts";
import { shown, type Weighed } from "./weigh.ts";

/** The claim, or, where it says `passed` and its formulas do not, the same as `failed` and why. */
export function heldToFormula(claim: Claim, weighed: Weighed): Claim {
  const problem = problemOf(claim, weighed);
  return problem === undefined ? claim : { ...claim, status: "failed", problem };
}

function problemOf(
  { formula, accept, value }: Claim,
  { problem, computed, accepted, acceptProblem }: Weighed,
): string | undefined {
  if (problem !== undefined) return problem;
  // What only building again can tell, the audit tells.
  if (computed?.isSame === false) return `${formula} gives ${computed.shown}, the check says ${shown(value)}`;
  if (acceptProblem !== undefined) return acceptProblem;
  return accept === undefined || accepted === true ? undefined : `${accept} is not true`;
}
