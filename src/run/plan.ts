// What a run would do; builds nothing.
import type { Builds } from "#home/builds.ts";
import { programFolders } from "#base/environment.ts";
import type { BuildNode } from "#compile/nodes.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import { open } from "./open.ts";
import { Planner, type PlannedStage } from "./planner.ts";
import { findElsewhere } from "./substitute.ts";
import type { PlanOptions } from "./options.ts";
import type { Workspace } from "./realise.ts";

export interface Plan {
  pipeline: string;
  stages: PlannedStage[];
}

export async function planPipeline(options: PlanOptions): Promise<Plan> {
  const opened = await open(options, (_, builds) => isolationOf(options, builds));
  const { work, graph } = opened;
  try {
    const elsewhere = options.caches && (await offersOf(work, options.caches));
    const planner = new Planner(opened, options.model, opened.expand, elsewhere);
    const plan = () => work.foreseeing(() => planner.plan(graph.nodes));
    return { pipeline: opened.loaded.name, stages: await plan() };
  } finally {
    opened.close();
  }
}

async function offersOf(work: Workspace, caches: NonNullable<PlanOptions["caches"]>) {
  const { openSubstituter } = await import("#cache/open.ts");
  const { signal } = new AbortController();
  const substituter = openSubstituter(work.store, caches, signal, {});
  return (node: BuildNode) => findElsewhere(substituter, work.resolve(node).derivation, signal);
}

/** What a run would isolate its builds with: of interest, and looked for, only where something was built without. */
export async function isolationOf({ engine, sandbox, env }: PlanOptions, builds: Builds): Promise<string> {
  if (engine === "nix" || !builds.hasUnconfined()) return "planned";
  return (await detectSandbox(sandbox, programFolders(env))).kind;
}
