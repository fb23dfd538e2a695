// The code of a check: evaluates its formula over its evidence and writes the verdict. It is the evaluator of the audit, bundled.
import type { Reader } from "#author/files.ts";
import type { Check, CheckFiles } from "#author/verdict.ts";
import { evaluateAccept } from "#formula/accept.ts";
import { evaluate } from "#formula/formula.ts";
import { parseFormula } from "#formula/syntax.ts";
import { EvidenceFiles } from "./evidence-files.ts";
import { emptyStatus } from "./empty-claims.ts";
import { contextOf } from "./formula-context.ts";
import { isClaimValue } from "./run-claims.ts";

interface Inputs {
  evidence: Reader<Readonly<Record<string, unknown>>>[];
  /** Of each evidence: the place in it; null for all of it. */
  pointers: (string | null)[];
  statement: string;
  formula: string;
  accept: string;
  limit?: string | number | boolean;
  unit?: string;
}

const STORE = "/nix/store/";

export default function checkStage({
  evidence,
  pointers,
  statement,
  formula,
  accept,
  limit,
  unit,
}: Inputs): CheckFiles {
  // Without a sandbox the store is elsewhere; what is said of it is the same.
  const root = evidence[0]?.path.slice(0, evidence[0].path.lastIndexOf(STORE)) ?? "";
  const places = evidence.map(({ path }, index) => {
    const pointer = pointers[index] ?? null;
    return `${path.slice(root.length)}${pointer === null ? "" : `#${pointer}`}`;
  });
  const context = contextOf({ files: new EvidenceFiles(), locate: (path) => root + path }, places);
  const value = evaluate(parseFormula(formula), context);
  if (!isClaimValue(value)) throw new TypeError(`${formula} gives a list or an object, not one value`);
  const isAccepted = evaluateAccept(accept, { value, limit: limit ?? null }, "check");
  if (typeof isAccepted !== "boolean") throw new TypeError(`${accept} is neither true nor false`);
  const status = isAccepted ? "passed" : "failed";
  const check: Check = {
    id: "check",
    statement,
    value,
    ...(unit !== undefined && { unit }),
    status,
    ...(limit !== undefined && { limit }),
    formula,
    accept,
    evidence: places,
  };
  const empty = emptyStatus({ ...check, kind: "check", formula, evidence: places });
  if (empty !== undefined) throw new Error(empty);
  console.log(`${statement}: ${value}${unit === undefined ? "" : ` ${unit}`}, ${status} (${accept})`);
  return { "verdict.json": { status, checks: [check] } };
}
