// Options are known ones: pipeline.ts need not have met the compiler.
import { suggestionFor } from "#base/near-words.ts";
import { pipeliteError } from "./errors.ts";

const LIMITS = ["memoryBytes", "processes", "outputBytes", "logBytes"];
export const STAGE_OPTIONS = ["name", "environment", "timeoutMs", "addressing", "limits"];

/** A misspelt option must not be passed over. @throws OPTION_UNKNOWN */
export function knownOptions<T extends object>(options: T, known: readonly string[], place: string): T {
  const limits =
    "limits" in options && typeof options.limits === "object" ? Object.keys(options.limits ?? {}) : [];
  const unknown = [
    ...Object.keys(options).flatMap((name) => (known.includes(name) ? [] : [[name, known] as const])),
    ...limits.flatMap((name) => (LIMITS.includes(name) ? [] : [[name, LIMITS] as const])),
  ];
  const [first] = unknown;
  if (first === undefined) return options;
  const [option, names] = first;
  throw pipeliteError("OPTION_UNKNOWN", { place, option, suggestion: suggestionFor(option, names) });
}
