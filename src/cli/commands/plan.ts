// `pipelite plan`: what a run would build and why, without building.
import { largest } from "#base/extremes.ts";
import { homeOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { paramsOf, splitTarget } from "#cli/target.ts";
import { planPipeline, type Plan } from "#run/plan.ts";
import { formatCount } from "#view/format.ts";
import { createPaint, wantsColor, type Paint } from "#view/paint.ts";

export interface PlanFlags extends GlobalFlags {
  param: readonly (readonly [string, string])[] | undefined;
}

export async function plan(context: Context, flags: PlanFlags, ...words: string[]): Promise<void> {
  const planned = await planPipeline({
    ...splitTarget(context, words),
    home: homeOf(context, flags.store),
    params: paramsOf(flags.param),
    paranoid: false,
  });
  if (flags.json) printJson(context, planned);
  else print(context, describePlan(planned, createPaint(wantsColor(flags.color, context.stdout))));
}

function describePlan({ pipeline, stages }: Plan, paint: Paint): string {
  const columns = largest(
    stages.map(({ name }) => name.length),
    0,
  );
  const toBuild = stages.filter(({ status }) => status === "build").length;
  const lines = stages.map(({ name, status, reason }) => {
    const word = paint(status.padEnd("cached".length), status === "build" ? "busy" : "faint");
    const why = reason === undefined ? "" : `  ${reason.text}`;
    return `  ${paint(name.padEnd(columns), "name")}  ${word}${why}`.trimEnd();
  });
  const cached = stages.length - toBuild;
  const counts = `${toBuild} to build, ${cached} cached`;
  return [`${paint(pipeline, "name")}: ${formatCount(stages.length, "stage")}: ${counts}`, ...lines].join(
    "\n",
  );
}
