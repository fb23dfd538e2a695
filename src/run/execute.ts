// A run that has something to do: load -> graph -> prepare, here, and what running.ts does with it.
import type { RunEvent } from "#home/events.ts";
import { pipeliteError } from "./errors.ts";
import { removeLeftovers } from "#engine/embedded.ts";
import { EngineOfRun } from "./open-engine.ts";
import { madeFrom, open, type OpenedPipeline } from "./open.ts";
import type { RunOptions, RunOutcome } from "./options.ts";
import { Run } from "./running.ts";
import { isShownNode } from "./select.ts";
import { openCaches } from "./substitute.ts";
import { tellNodes, tellReading } from "./tell-reading.ts";

export async function execute(options: RunOptions, start: { at: Date; ms: number }): Promise<RunOutcome> {
  const [debugged] = options.debug ?? [];
  if (debugged !== undefined && options.engine === "nix")
    throw pipeliteError("DEBUG_WITH_NIX", { stage: debugged });
  const { listener, signal } = options;
  removeLeftovers(options.home.folder);
  const engine = new EngineOfRun(options);
  let opened: OpenedPipeline | undefined;
  try {
    opened = await open(options, (store, _, secrets) => engine.open(store, secrets), {
      signal,
      force: options.force,
      debug: options.debug,
      loaded: options.beside?.loaded,
      onLoaded: () => engine.expect(),
      mayBegin: mayBegin(options),
      onGraph: ({ name, nodes }) =>
        listener({ type: "run-preparing", pipeline: name, stages: nodes.filter(isShownNode).length }),
      onRead: tellReading(listener),
      onNode: tellNodes(listener),
    });
    options.follow?.onMade(madeFrom(opened));
    const told = (event: RunEvent): void => run.tell(event);
    const caches = await openCaches(opened.work.store, options, told);
    const run = new Run(options, opened, { engine: engine.get(), caches }, start);
    return await run.execute();
  } finally {
    await engine.close();
    opened?.close();
  }
}

/** Nothing else waits for what is prepared, and what is built can be held back until all is. */
function mayBegin({ engine, follow, beside, debug = [] }: RunOptions): boolean {
  return engine !== "nix" && follow === undefined && beside === undefined && debug.length === 0;
}
