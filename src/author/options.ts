// Options are known ones: pipeline.ts need not have met the compiler.
import { suggestionFor } from "#base/near-words.ts";
import { checkCosts, COSTS } from "./costs.ts";
import { pipeliteError } from "./errors.ts";

export const STAGE_OPTIONS: readonly string[] = ["name", "environment", "addressing", ...COSTS];

/** A misspelt option must not be passed over. @throws OPTION_UNKNOWN, COST_INVALID */
export function knownOptions<T extends object>(options: T, known: readonly string[], place: string): T {
  const option = Object.keys(options).find((name) => !known.includes(name));
  if (option !== undefined)
    throw pipeliteError("OPTION_UNKNOWN", { place, option, suggestion: suggestionFor(option, known) });
  checkCosts(options, place);
  return options;
}
