// Of checks, what can be told before anything is built.
import { suggestionFor } from "#base/near-words.ts";
import type { CheckHandle } from "#author/nodes.ts";
import { parseFormula, vocabularyOf } from "#formula/syntax.ts";
import { pipeliteError } from "./errors.ts";

/** The file that a check writes. */
export const VERDICT = "verdict.json";

/** A formula that calls what there is not would fail after all that it reads was built. @throws CHECK_FUNCTION_UNKNOWN */
export async function refuseUnknownCalls({ inputs, place }: CheckHandle): Promise<void> {
  // Loaded where there is a check: it has the statistics with it.
  const { functionNames } = await import("#formula/formula.ts");
  const known = functionNames();
  for (const text of [inputs["formula"], inputs["accept"]]) {
    const unknown = vocabularyOf(parseFormula(String(text))).calls.find(({ name }) => !known.includes(name));
    if (unknown === undefined) continue;
    const { name } = unknown;
    throw pipeliteError("CHECK_FUNCTION_UNKNOWN", { place, name, suggestion: suggestionFor(name, known) });
  }
}
