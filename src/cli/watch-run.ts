// `pipelite run --watch`: a view for each run, one after the other.
import { EXIT } from "#base/errors.ts";
import type { RunOptions } from "#run/options.ts";
import type { View } from "#view/view.ts";
import { say, type Context, type ExitCode, type GlobalFlags } from "./context.ts";
import { reportProblem } from "./problem.ts";

interface Watching {
  flags: GlobalFlags;
  database: string | undefined;
  openView: () => View;
  /** What a single run says at its end. */
  tellEnd: (tree: string | undefined) => void;
}

/** Runs until the user stops it. */
export async function watchRun(
  context: Context,
  options: Omit<RunOptions, "listener">,
  { flags, database, openView, tellEnd }: Watching,
): Promise<ExitCode> {
  let view: View | undefined;
  let tree: string | undefined;
  const close = (): void => {
    view?.close();
    view = undefined;
  };
  context.onExit(close);
  options.signal.addEventListener("abort", () => view?.cancelling());
  const { watchPipeline } = await import("#app/watch.ts");
  try {
    await watchPipeline(options, database, {
      begin: () => {
        close();
        tree = undefined;
        const opened = openView();
        view = opened;
        return (event) => {
          if (event.type === "run-finished") tree = event.link ?? event.tree;
          opened.listener(event);
        };
      },
      ended: () => {
        close();
        tellEnd(tree);
      },
      failed: (error) => {
        close();
        const argv = flags.json ? ["--json"] : [`--color=${flags.color}`];
        reportProblem(error, argv, context);
      },
      waiting: (files) => {
        close();
        const what = files > 0 ? `${files} files` : "this pipeline";
        say(context, flags, `watching ${what}; Ctrl-C ends`);
      },
    });
  } finally {
    close();
  }
  return EXIT.interrupted;
}
