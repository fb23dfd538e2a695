import { isPipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";

/** A cached stage was built in the sandbox of the run that built it. */
export function sandboxesOf(home: Home, { record }: ReadRun): Map<string, string> {
  const built = record.stages.filter(
    ({ drvPath, outPath }) => drvPath !== undefined && outPath !== undefined,
  );
  const kinds = new Map<string, string>();
  const kindOf = (runId: string): string => {
    const known = kinds.get(runId) ?? readKind(home, runId);
    kinds.set(runId, known);
    return known;
  };
  return new Map(
    built.map(({ name, builtInRun }) => [
      name,
      builtInRun === undefined || builtInRun === record.runId ? record.sandbox.kind : kindOf(builtInRun),
    ]),
  );
}

function readKind(home: Home, runId: string): string {
  try {
    const { record, problem } = home.runs.read(runId);
    return problem === undefined ? record.sandbox.kind : "unknown";
  } catch (error) {
    if (isPipeliteError(error)) return "unknown";
    throw error;
  }
}
