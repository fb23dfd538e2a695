// The condition under which a check has passed: a formula over its `value` and its `limit`, and nothing else.
import { pipeliteError } from "./errors.ts";
import { evaluate } from "./formula.ts";
import { parseFormula } from "./syntax.ts";
import type { Value } from "./value.ts";

/** @throws FORMULA_INVALID, FORMULA_FAILED; EVIDENCE_MISSING when it reads more than value and limit */
export function evaluateAccept(accept: string, names: Readonly<Record<string, Value>>, id: string): Value {
  const nothing = (): never => {
    throw pipeliteError("EVIDENCE_MISSING", { place: id, problem: "accept reads value and limit only" });
  };
  return evaluate(parseFormula(accept), {
    evidence: nothing,
    place: nothing,
    realise: nothing,
    read: nothing,
    measure: nothing,
    names,
  });
}
