// `pipelite run`: realise a pipeline, with a view that fits where the output goes.
import { endWith, hasUnicode, homeOf, pathOf, print, type Context, type GlobalFlags } from "#cli/context.ts";
import { databaseOf } from "#cli/database-flag.ts";
import type { Meaning } from "#cli/known.ts";
import { paramsOf, splitTarget } from "#cli/target.ts";
import type { RunOptions, RunOutcome } from "#run/options.ts";
import { runPipeline } from "#run/run.ts";
import { wantsColor } from "#view/paint.ts";
import { createView, type View } from "#view/view.ts";
import { pipeliteError } from "#cli/errors.ts";

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
  database: string | undefined;
}

export async function run(context: Context, flags: RunFlags, ...words: string[]): Promise<void> {
  const home = homeOf(context, flags.store);
  const database = databaseOf(context, flags.database);
  if (database !== undefined) (await import("#history/history.ts")).checkDatabase({ home, database });
  const wanted = viewOf(context, flags);
  const view = openView(context, wanted);
  const printsTree = !flags.json && context.stdout.isTTY !== true;
  context.onExit(view.close);
  let tree: string | undefined;
  let outcome: RunOutcome;
  const signal = context.interruption();
  signal.addEventListener("abort", view.cancelling);
  try {
    const options = {
      ...splitTarget(context, words),
      home,
      engine: flags.engine,
      jobs: flags.jobs,
      params: paramsOf(flags.param),
      out: flags.noLink ? null : pathOf(context, flags.out),
      keepGoing: flags.keepGoing,
      timeoutMs: flags.timeout,
      sandbox: flags.sandbox,
      paranoid: flags.paranoid,
      model: modelOf(flags),
    };
    outcome = await runPipeline({
      ...options,
      listener: (event) => {
        if (event.type === "run-finished") tree = event.link ?? event.tree;
        view.listener(event);
      },
      signal,
    });
    endWith(context, outcome.exitCode);
    // An endpoint may have a password in it, and a database wants to hear of every run.
    const isPlain = !flags.paranoid && flags.model === undefined && database === undefined;
    if (outcome.status === "passed" && isPlain) {
      context.keepMeaning?.({ options, view: wanted, printsTree, names: words });
    }
  } finally {
    view.close();
  }
  if (printsTree && tree !== undefined) print(context, tree);
  if (database !== undefined && outcome.status !== "cancelled") {
    const { indexRuns } = await import("#cli/index-runs.ts");
    await indexRuns(context, { home, database }, outcome);
  }
}

function viewOf(context: Context, flags: RunFlags): Meaning["view"] {
  if (flags.json) return { kind: "json" };
  return {
    kind: "lines",
    color: wantsColor(flags.color, context.stderr),
    unicode: hasUnicode(context),
    verbosity: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
    cwd: context.cwd,
  };
}

function openView({ stdout, stderr, env }: Context, wanted: Meaning["view"]): View {
  if (wanted.kind === "json") return createView("json", stdout);
  const isTerminal = stderr.isTTY === true && env["TERM"] !== "dumb";
  return createView(isTerminal ? "tree" : "plain", stderr, wanted);
}

function modelOf({ model, modelName }: RunFlags): RunOptions["model"] {
  if (modelName !== undefined) return { name: modelName, ...(model !== undefined && { url: model }) };
  if (model === undefined) return undefined;
  throw pipeliteError("ARGUMENT_MISSING", {
    name: "--model-name",
    suggestion: "Answers are pinned by the model's name: give it with --model-name",
  });
}
