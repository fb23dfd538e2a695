// What shows nothing although it computes: a formula that reads no evidence, or only the value it is to give; an `accept`
// that any value would pass; a status that is none. A stage can write such a check, so the audit looks for it.
import { isPipeliteError } from "#base/errors.ts";
import type { Claim } from "#home/run-record.ts";
import { STATUSES } from "./claims.ts";
import { parseReference } from "./evidence-files.ts";
import { parseFormula, readsOf, type Formula } from "#formula/syntax.ts";
import { evaluateAccept } from "#formula/accept.ts";
import type { Value } from "#formula/value.ts";

/** Why the formula can't show the value; undefined when it reads something else than that. */
export function emptyFormula(formula: Formula, { evidence }: Claim): string | undefined {
  const { entries, isRealising } = readsOf(formula);
  if (isRealising) return undefined;
  if (entries.length === 0) return "its formula reads no evidence";
  const own = parseReference(evidence.at(-1) ?? "");
  const place = own?.kind === "store" ? /^(\/checks\/\d+)\/value$/.exec(own.pointer ?? "")?.[1] : undefined;
  if (own?.kind !== "store" || place === undefined) return undefined;
  const isOwn = (index: number): boolean => {
    const read = parseReference(evidence[index - 1] ?? "");
    if (read?.kind === "record") return read.pointer.startsWith("/claims");
    const { path, file, pointer = "" } = read ?? own;
    const isSame = path === own.path && file === own.file;
    return (
      isSame && (`${pointer}/`.startsWith(`${place}/`) || /^(\/checks(\/\*(\/value)?)?)?$/.test(pointer))
    );
  };
  return entries.every(isOwn) ? "its formula reads only what the check itself states" : undefined;
}

/**
 * Why the status can't be what `accept` makes of the value.
 * @throws FORMULA_INVALID of an `accept` that is not a formula or too long, before any of it is tried
 */
export function emptyStatus(claim: Claim): string | undefined {
  const { status, accept, value, limit } = claim;
  if (!STATUSES.includes(status)) return `its status is '${status}', which is none`;
  if (status === "passed" && value === null) return "it passed without a value";
  if (accept === undefined) return undefined;
  if (status === "recorded") return "nothing is asked of it, but it says what is accepted";
  parseFormula(accept);
  const results = [...(PROBES[typeof value] ?? []), ...literalsIn(accept), limit ?? null, null].map((probe) =>
    acceptedValue(claim, probe),
  );
  return results.some((each) => each !== true && each !== undefined) ||
    results.every((each) => each === undefined)
    ? undefined
    : `'${accept}' would accept any value`;
}

/** Numbers and texts in a formula, which it may hold the value against. */
function literalsIn(formula: string): Value[] {
  const found = formula.matchAll(/"(?:[^"\\\n]|\\.)*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g);
  return [...found].flatMap(([text]): Value[] => {
    if (!text.startsWith('"')) return [Number(text), -Number(text)];
    try {
      return [JSON.parse(text) as string];
    } catch {
      return [];
    }
  });
}

const PROBES: Readonly<Record<string, readonly Value[]>> = {
  number: [-1e300, -1, 0, 1, 1e300],
  boolean: [true, false],
  string: ["", "\u{10ffff}"],
};

/** What `accept` says of a value; undefined when it can't be told of such a one. */
function acceptedValue({ accept = "", limit = null, id }: Claim, value: Value): Value | undefined {
  try {
    return evaluateAccept(accept, { value, limit }, id);
  } catch (error) {
    if (isPipeliteError(error)) return undefined;
    throw error;
  }
}
