// Claims: what the outputs of a run state, each with the file and place it is stated in. A stage states claims by
// writing a `verdict.json` with `checks`; nothing is claimed here that no stage computed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The file of an output that holds checks. */
export const VERDICT_FILE = "verdict.json";

export interface Claim {
  /** `validation/frequency-71`: unique in a run. */
  id: string;
  statement: string;
  value: unknown;
  unit?: string;
  /** The status that the stage computed, as it is: only `passed` is a pass. */
  status: string;
  /** File in the result tree and JSON pointer: `validation/verdict.json#/checks/3`. */
  evidence: string;
}

interface Check {
  id?: unknown;
  statement?: unknown;
  value?: unknown;
  unit?: unknown;
  status?: unknown;
}

/** The claims of one output; `folder` is where it is on disk, `name` its name in the result tree. */
export function claimsOf(name: string, folder: string): Claim[] {
  const file = join(folder, VERDICT_FILE);
  if (!existsSync(file)) return [];
  const { checks = [] } = JSON.parse(readFileSync(file, "utf8")) as { checks?: Check[] };
  return checks.map((check, index) => ({
    id: `${name}/${textOr(check.id, String(index))}`,
    statement: textOr(check.statement, ""),
    value: check.value ?? null,
    ...(typeof check.unit === "string" && { unit: check.unit }),
    status: textOr(check.status, "untested"),
    evidence: `${name}/${VERDICT_FILE}#/checks/${index}`,
  }));
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
