// What a run would build, and why; builds nothing and runs no code of a stage.
import { planAgain } from "#run/no-op.ts";
import type { PlanOptions } from "#run/options.ts";
import type { Plan } from "#run/plan.ts";

export async function plan(options: PlanOptions): Promise<Plan> {
  return planAgain(options) ?? (await import("#run/plan.ts")).planPipeline(options);
}
