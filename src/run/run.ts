// One run of one pipeline: the one before again when nothing has changed, else a real one.
import { lstatSync } from "node:fs";
import { PipeliteError } from "#base/errors.ts";
import type { ExitCode } from "#base/errors.ts";
import type { RunRecord } from "#evidence/run-record.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import type { RunListener } from "./events.ts";
import { runAgain } from "./no-op.ts";
import type { PlanOptions } from "./plan.ts";

export interface RunOptions extends PlanOptions {
  engine: "embedded" | "nix";
  /** How many stages may be built at a time; default: the number of cores. */
  jobs?: number | undefined;
  /** Where the link to the result goes; null for none. */
  out: string | null;
  /** After a failure, build everything that does not need the failed stage. */
  keepGoing: boolean;
  /** For stages that set no time limit themselves. */
  timeoutMs?: number | undefined;
  sandbox?: SandboxKind | undefined;
  listener: RunListener;
  signal: AbortSignal;
}

export interface RunOutcome {
  runId: string;
  status: RunRecord["status"];
  exitCode: ExitCode;
}

export async function runPipeline(options: RunOptions): Promise<RunOutcome> {
  const start = { at: new Date(), ms: performance.now() };
  if (options.out !== null) checkLink(options.out);
  const again = runAgain(options);
  if (again !== undefined) return again;
  const { execute } = await import("./execute.ts");
  return execute(options, start);
}

function checkLink(link: string): void {
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isSymbolicLink()) throw new PipeliteError("RESULT_LINK_TAKEN", { link });
}
