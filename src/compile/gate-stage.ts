// The code of a gate: reads the verdict of its subject and fails when that is anything but `passed`.
import { parseJudgedJson } from "#base/strict-json.ts";
import type { Reader } from "#author/files.ts";

interface Verdict {
  status?: unknown;
  checks?: { id?: unknown; status?: unknown; statement?: unknown }[];
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
  if (status === "passed") return { "gate.json": { status } };
  console.error(`The gate stays shut: ${verdict} says '${String(status)}', not 'passed'`);
  for (const check of checks) {
    if (check.status !== "passed")
      console.error(`  ${String(check.id)}: ${String(check.status)}: ${String(check.statement)}`);
  }
  process.exit(1);
}
