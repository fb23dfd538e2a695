// The outputs of a run as they are on disk, held once more to what they are called. Its signature names the result tree, which is
// links: what lies behind them was hashed by an audit, and is who knows what by the time that a person has touched a token.
import { inTurns } from "#base/steps.ts";
import { checkPathSteps } from "#evidence/integrity.ts";
import { SeenFiles } from "#evidence/seen.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

/** Hashes the result of a run, its outputs, and all that they need. @throws OUTPUT_CHANGED; the signal's reason */
export async function requireOutputs(
  home: Home,
  { runId, tree, results, stages }: RunRecord,
  signal?: AbortSignal,
): Promise<void> {
  using store = openStore(home.folder, { readOnly: true });
  const changed = (problem: string) => pipeliteError("OUTPUT_CHANGED", { run: runId, problem });
  const ofStages = stages.flatMap(({ outPath }) => outPath ?? []).map(parseStorePath);
  const ofResult = [...Object.values(results), ...(tree === undefined ? [] : [tree])].map(parseStorePath);
  const gone = ofResult.find((path) => !store.isValid(path));
  if (gone !== undefined) throw changed(`${gone} is no longer in the store`);
  const seen = new SeenFiles(home.folder);
  for (const path of store.closure([...ofResult, ...ofStages.filter((each) => store.isValid(each))])) {
    const { status, reason } = await inTurns(checkPathSteps(store, path, new Map(), seen), signal);
    if (status !== "holds") throw changed(reason ?? `${path} can't be told`);
  }
  // What was hashed first may be another by the time that the last was.
  const change = seen.changed();
  if (change?.isCertain === true) throw changed(`${change.file} was changed while it was hashed`);
}
