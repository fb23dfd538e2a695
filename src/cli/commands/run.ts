// `pipelite run`: realise a pipeline, with a view that fits where the output goes.
import { PipeliteError } from "#base/errors.ts";
import { endWith, hasUnicode, homeOf, pathOf, print, type Context, type GlobalFlags } from "#cli/context.ts";
import { paramsOf, splitTarget } from "#cli/target.ts";
import { runPipeline, type RunOptions } from "#run/run.ts";
import { wantsColor } from "#view/paint.ts";
import { createView, type View } from "#view/view.ts";

export interface RunFlags extends GlobalFlags {
  engine: "embedded" | "nix";
  jobs: number | undefined;
  param: readonly (readonly [string, string])[] | undefined;
  out: string;
  noLink: boolean;
  keepGoing: boolean;
  timeout: number | undefined;
  sandbox: "bubblewrap" | "unshare" | "none" | undefined;
  paranoid: boolean;
  model: string | undefined;
  modelName: string | undefined;
}

export async function run(context: Context, flags: RunFlags, ...words: string[]): Promise<void> {
  const view = openView(context, flags);
  context.onExit(view.close);
  let tree: string | undefined;
  const signal = context.interruption();
  signal.addEventListener("abort", view.cancelling);
  try {
    const outcome = await runPipeline({
      ...splitTarget(context, words),
      home: homeOf(context, flags.store),
      engine: flags.engine,
      jobs: flags.jobs,
      params: paramsOf(flags.param),
      out: flags.noLink ? null : pathOf(context, flags.out),
      keepGoing: flags.keepGoing,
      timeoutMs: flags.timeout,
      sandbox: flags.sandbox,
      paranoid: flags.paranoid,
      model: modelOf(flags),
      listener: (event) => {
        if (event.type === "run-finished") tree = event.link ?? event.tree;
        view.listener(event);
      },
      signal,
    });
    endWith(context, outcome.exitCode);
  } finally {
    view.close();
  }
  if (!flags.json && tree !== undefined && context.stdout.isTTY !== true) print(context, tree);
}

function openView(context: Context, flags: RunFlags): View {
  if (flags.json) return createView("json", context.stdout);
  const { stderr, env, cwd } = context;
  const kind = stderr.isTTY === true && env["TERM"] !== "dumb" ? "tree" : "plain";
  return createView(kind, stderr, {
    color: wantsColor(flags.color, stderr),
    unicode: hasUnicode(context),
    verbosity: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
    cwd,
  });
}

function modelOf({ model, modelName }: RunFlags): RunOptions["model"] {
  if (modelName !== undefined) return { name: modelName, ...(model !== undefined && { url: model }) };
  if (model === undefined) return undefined;
  throw new PipeliteError("ARGUMENT_MISSING", {
    name: "--model-name",
    suggestion: "Answers are pinned by the model's name: give it with --model-name",
  });
}
