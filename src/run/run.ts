// One run of one pipeline: the one before again when nothing has changed, else a real one.
import { lstatSync } from "node:fs";
import { monotonicMs } from "#base/clock.ts";
import { runAgain } from "./no-op.ts";
import type { RunOptions, RunOutcome } from "./options.ts";
import { pipeliteError } from "./errors.ts";

export async function runPipeline(options: RunOptions): Promise<RunOutcome> {
  const start = { at: new Date(), ms: monotonicMs() };
  if (options.out !== null) checkLink(options.out);
  const again = runAgain(options);
  if (again !== undefined) return again;
  const { execute } = await import("./execute.ts");
  const tookMs = monotonicMs() - start.ms;
  return execute(options, { at: start.at, ms: performance.now() - tookMs });
}

function checkLink(link: string): void {
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isSymbolicLink()) throw pipeliteError("RESULT_LINK_TAKEN", { link });
}
