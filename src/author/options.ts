// Options are known ones: pipeline.ts need not have met the compiler.
import { suggestionFor } from "#base/near-words.ts";
import { checkCosts, COSTS } from "./costs.ts";
import { pipeliteError } from "./errors.ts";

export const STAGE_OPTIONS: readonly string[] = ["name", "environment", "addressing", ...COSTS];

/** What options that are no costs must be, where they are known at all. */
const KINDS: readonly (readonly [name: string, wanted: string, accepts: (value: unknown) => boolean])[] = [
  // A secret is refused as one.
  ["name", "a text", (value) => typeof value === "string" || typeof value === "object"],
  ["addressing", '"content" or "input"', (value) => value === "content" || value === "input"],
  ["pattern", "a regular expression", (value) => value instanceof RegExp],
];

/** What pipeline.ts gave must be of this kind. @throws OPTION_INVALID */
export function requireKind(
  isRight: boolean,
  value: unknown,
  words: { what: string; wanted: string; place: string },
): void {
  if (!isRight) throw pipeliteError("OPTION_INVALID", { ...words, value: shown(value) });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "function"
      ? "a function"
      : String(value);
}

export function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A misspelt option must not be passed over. @throws OPTION_UNKNOWN, OPTION_INVALID, COST_INVALID */
export function knownOptions<T extends object>(options: T, known: readonly string[], place: string): T {
  if (!Array.isArray(options))
    requireKind(isRecord(options), options, { what: "options", wanted: "an object", place });
  const option = Object.keys(options).find((name) => !known.includes(name));
  if (option !== undefined)
    throw pipeliteError("OPTION_UNKNOWN", { place, option, suggestion: suggestionFor(option, known) });
  checkCosts(options, place);
  const given = options as Readonly<Record<string, unknown>>;
  for (const [what, wanted, accepts] of KINDS)
    requireKind(given[what] === undefined || accepts(given[what]), given[what], { what, wanted, place });
  return options;
}
