// `pipelite plan`: what a run would build and why, without building.
import { largest } from "#base/extremes.ts";
import { formatCount } from "#base/numbers.ts";
import { openCommand, optionalArgument } from "#cli/command.ts";
import { paintOf, print, printJson } from "#cli/context.ts";
import { cachesOf } from "#cli/caches.ts";
import {
  cacheFlag,
  trustedKeyFlag,
  engineFlag,
  paramFlag,
  paramsFlag,
  secretFlag,
  sandboxFlag,
} from "#cli/flags.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import type { Plan } from "#run/plan.ts";
import type { Paint } from "#view/paint.ts";

export const plan = openCommand({
  brief: "Show what a run would build, what is cached, and why",
  about: ["Builds nothing and runs no code of a stage."],
  examples: [
    ["pipelite plan", "the pipeline.ts of this folder"],
    ["pipelite plan --param seconds=20", "what another value would rebuild"],
  ],
  flags: {
    param: paramFlag,
    params: paramsFlag,
    secret: secretFlag,
    engine: engineFlag,
    sandbox: sandboxFlag,
    cache: cacheFlag,
    trustedKey: trustedKeyFlag,
  },
  arg: optionalArgument("PIPELINE|STAGE", "pipeline.ts or its folder, then stages", "stage"),
  async run(context, flags, ...words) {
    const app = await import("#app/plan.ts");
    const { pipeline, stages } = splitTarget(context, words);
    const planned = await app.plan({
      pipeline,
      stages,
      home: openHomeOf(context, flags),
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      secrets: Object.fromEntries(flags.secret),
      paranoid: false,
      engine: flags.engine,
      sandbox: flags.sandbox,
      env: context.env,
      caches: await cachesOf(context, flags),
    });
    if (flags.json) printJson(context, planned);
    else print(context, describePlan(planned, flags, paintOf(context, flags)));
  },
});

/** What is cached is counted, and named with --verbose, as a run does. */
function describePlan(
  { pipeline, stages }: Plan,
  { quiet, verbose }: { quiet: boolean; verbose: boolean },
  paint: Paint,
): string {
  const toBuild = stages.filter(({ status }) => status === "build").length;
  const elsewhere = stages.filter(({ status }) => status === "substitute").length;
  const listed = quiet ? [] : stages.filter(({ status }) => verbose || status !== "cached");
  const columns = largest(
    listed.map(({ name }) => name.length),
    0,
  );
  const width = elsewhere > 0 ? "substitute".length : "cached".length;
  const lines = listed.map(({ name, status, reason, from, each }) => {
    const word = paint(status.padEnd(width), status === "build" ? "busy" : "faint");
    const origin = from === undefined ? reason?.text : `from ${from}`;
    const items = each?.items === undefined ? [] : [`${formatCount(each.items, "item")} of ${each.list}`];
    const words = [...(origin === undefined ? [] : [origin]), ...items];
    const why = words.length === 0 ? "" : `  ${words.join("; ")}`;
    return `  ${paint(name.padEnd(columns), "name")}  ${word}${why}`.trimEnd();
  });
  const cached = stages.length - toBuild - elsewhere;
  const taken = elsewhere > 0 ? `, ${elsewhere} to substitute` : "";
  const open = stages.flatMap(({ each }) =>
    each !== undefined && each.items === undefined ? [each.list] : [],
  );
  const more = open.length === 0 ? "" : `, and what is made for each of ${open.join(", ")}`;
  const counts = `${toBuild} to build, ${cached} cached${taken}${more}`;
  return [`${paint(pipeline, "name")}: ${formatCount(stages.length, "stage")}: ${counts}`, ...lines].join(
    "\n",
  );
}
