// The code of a gate: reads the verdict of its subject and fails when that is anything but `passed`.
import { parseJudgedJson } from "#base/strict-json.ts";
import { evaluateAccept } from "#formula/accept.ts";
import type { Value } from "#formula/value.ts";
import type { Reader } from "#author/files.ts";

interface Check {
  id?: unknown;
  status?: unknown;
  statement?: unknown;
  value?: Value;
  limit?: Value;
  accept?: unknown;
}

interface Verdict {
  status?: unknown;
  checks?: Check[];
}

interface Inputs {
  subject: Reader<Readonly<Record<string, unknown>>>;
  verdict: string;
}

export default async function gate({
  subject,
  verdict,
}: Inputs): Promise<{ "gate.json": { status: string } }> {
  const { status, checks = [] } = parseJudgedJson(await subject.text(verdict)) as Verdict;
  const lies = checks.filter(isLying);
  if (status === "passed" && lies.length === 0) return { "gate.json": { status } };
  const why = status === "passed" ? "a check in it did not pass" : "not 'passed'";
  console.error(`The gate stays shut: ${verdict} says '${String(status)}', ${why}`);
  for (const check of status === "passed" ? lies : checks) {
    if (check.status === "passed" && !isLying(check)) continue;
    const { id, status: stated, statement, value, limit, accept } = check;
    const found =
      value === undefined ? "" : `: ${shown(value)}${limit === undefined ? "" : `, limit ${shown(limit)}`}`;
    const but = stated === "passed" ? `, but ${String(accept)} is not true` : "";
    console.error(`  ${String(id)}: ${String(stated)}: ${String(statement)}${found}${but}`);
  }
  process.exit(1);
}

function shown(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A check that failed, or that says `passed` and does not by its own condition. */
function isLying({ id, status, value = null, limit = null, accept }: Check): boolean {
  if (status === "failed") return true;
  if (status !== "passed" || accept === undefined) return false;
  try {
    return typeof accept !== "string" || evaluateAccept(accept, { value, limit }, String(id)) !== true;
  } catch {
    return true;
  }
}
