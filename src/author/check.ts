// Checks: a value that is computed from the files of nodes by a formula, and held against a limit. The formula is said once:
// the value, the status, the claim of the run, the gate and the audit all come from it.
import { isPipeliteError } from "#base/errors.ts";
import { parseFormula, readsOf, vocabularyOf, type Formula } from "#formula/syntax.ts";
import {
  isFileOf,
  isNode,
  isPlaceIn,
  node,
  type AnyNode,
  type FileOf,
  type Node,
  type PlaceIn,
} from "./nodes.ts";
import { knownOptions } from "./options.ts";
import type { Param } from "./param.ts";
import { refuseSecrets } from "./secret.ts";
import { callerPlace } from "./source-position.ts";
import type { CheckFiles } from "./verdict.ts";
import { pipeliteError } from "./errors.ts";

/** What a formula can read: a place in a JSON file, or a file or output as a whole, for its functions of files. */
type Evidence = PlaceIn | FileOf | AnyNode<never>;

type Limit = string | number | boolean;

export interface CheckOptions {
  /** What holds when the check has passed. */
  statement: string;
  /** What the formula reads: `$1` is the first entry. */
  evidence: Evidence | readonly Evidence[];
  /** The value, in the language of docs/audit.md: `significant(max(abs($1)), 6)`. */
  formula: string;
  /** When the check has passed: a formula over `value` and `limit`, such as `value <= limit`. */
  accept: string;
  /** What the value is held against. */
  limit?: Limit | Param<Limit>;
  /** Unit of the value. */
  unit?: string;
  /** Its name in the run. Default: the name of the result that it is, or that of its first evidence and `-check`. */
  name?: string;
}

const OPTIONS = ["statement", "evidence", "formula", "accept", "limit", "unit", "name"];
/** What `accept` may name. */
const ACCEPT_NAMES = ["value", "limit"];

/**
 * A check: its value is what `formula` gives of the evidence, its status what `accept` makes of that. It is a claim of the run;
 * one that failed fails the run, and `gate(subject, check)` stops what stands behind it.
 */
export function check(options: CheckOptions): Node<CheckFiles> {
  const place = callerPlace();
  const {
    name,
    evidence: given,
    statement,
    formula,
    accept,
    limit,
    unit,
  } = knownOptions(options, OPTIONS, place);
  const evidence: readonly Evidence[] = isOne(given) ? [given] : given;
  const wrong = (problem: string) => pipeliteError("CHECK_INVALID", { place, problem });
  refuseSecrets(options, place);
  if (typeof statement !== "string" || statement === "") throw wrong("it has no statement");
  if (!Array.isArray(evidence) || evidence.length === 0 || !evidence.every(isOne))
    throw wrong("its evidence must be a file, a place in one or a node");
  checkFormula(parsed(formula, "formula", wrong), evidence.length, wrong);
  const condition = parsed(accept, "accept", wrong);
  const { names } = vocabularyOf(condition);
  const stranger = names.find((each) => !ACCEPT_NAMES.includes(each));
  if (stranger !== undefined || readsOf(condition).entries.length > 0)
    throw wrong(`\`${accept}\` may read value and limit only`);
  if (!names.includes("value")) throw wrong(`\`${accept}\` does not read the value`);
  if (names.includes("limit") !== (limit !== undefined))
    throw wrong(limit === undefined ? "there is no limit" : `\`${accept}\` does not read the limit`);
  const inputs = {
    evidence: evidence.map((each) => (isPlaceIn(each) ? each.file : each)),
    pointers: evidence.map((each) => (isPlaceIn(each) ? each.pointer : null)),
    statement,
    formula,
    accept,
    ...(limit !== undefined && { limit }),
    ...(unit !== undefined && { unit }),
  };
  return node({ kind: "check", place, inputs, options: name === undefined ? {} : { name } });
}

function isOne(value: unknown): value is Evidence {
  return isPlaceIn(value) || isFileOf(value) || isNode(value);
}

type Wrong = (problem: string) => Error;

function parsed(text: string, name: string, wrong: Wrong): Formula {
  if (typeof text !== "string") throw wrong(`it has no \`${name}\``);
  try {
    return parseFormula(text);
  } catch (error) {
    throw isPipeliteError(error) ? wrong(error.message) : error;
  }
}

function checkFormula(formula: Formula, count: number, wrong: Wrong): void {
  const { entries, isRealising } = readsOf(formula);
  if (isRealising)
    throw wrong("`realise` is for claims that building again shows; a check reads what was built");
  if (entries.length === 0) throw wrong(`\`${formula.text}\` reads no evidence: $1 is the first entry`);
  const beyond = entries.find((entry) => entry < 1 || entry > count);
  if (beyond !== undefined)
    throw wrong(`\`${formula.text}\` reads $${beyond}, and there are ${count} entries of evidence`);
  const unused = Array.from({ length: count }, (_, index) => index + 1).find(
    (entry) => !entries.includes(entry),
  );
  if (unused !== undefined) throw wrong(`\`${formula.text}\` does not read $${unused}`);
}
