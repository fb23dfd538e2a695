// What goes wrong in modules of a pipeline when nobody waits for it any more.
import { isPipeliteError, systemErrorCode, type PipeliteError } from "#base/errors.ts";
import { placeInStack } from "#author/source-position.ts";
import { pipeliteError } from "#compile/errors.ts";

/** @returns undefined where nothing of the user's has to do with it. */
export function pipelineFault(thrown: unknown): PipeliteError | undefined {
  if (isPipeliteError(thrown)) return undefined;
  // Node's own, for a promise that was rejected with something else than an Error.
  const isBare = !(thrown instanceof Error) || systemErrorCode(thrown) === "ERR_UNHANDLED_REJECTION";
  const place = thrown instanceof Error ? placeInStack(thrown.stack ?? "") : undefined;
  if (place === undefined && !isBare) return undefined;
  const problem = isBare ? "it threw what is no Error" : `${thrown.name}: ${thrown.message}`;
  return pipeliteError("PIPELINE_FAILED", { place: place ?? "pipeline.ts", problem }, thrown);
}
