// `pipelite run --debug`: where a stage failed.
import type { FailedStage } from "#app/shell.ts";
import type { Home } from "#home/home.ts";
import { say, type Context, type GlobalFlags } from "./context.ts";

interface Debugging {
  /** Stages that were asked for and not built: nothing can be seen of how they fail. */
  left: readonly string[];
  failed: readonly FailedStage[];
  home: Home;
  signal: AbortSignal;
}

/** Names the folder of each stage that was kept, and opens them one after the other where there is a terminal. */
export async function debugStages(
  context: Context,
  flags: GlobalFlags,
  { left, failed, home, signal }: Debugging,
): Promise<void> {
  const { keptFolder, openFailed } = await import("#app/shell.ts");
  if (left.length > 0) {
    const force = left.map((name) => `--force ${name}`).join(" ");
    say(context, flags, `not built, so that nothing failed: ${left.join(", ")}; ${force} builds again`);
  }
  for (const stage of failed) {
    const folder = keptFolder(home, stage);
    if (folder === undefined) continue;
    say(
      context,
      flags,
      `stage '${stage.name}' was built in ${folder}, which stays until \`pipelite store gc\``,
    );
    if (!context.isInteractive || flags.json) continue;
    const onStart = (line: string): void => {
      context.leaveInterrupts();
      say(context, flags, line);
    };
    await openFailed(home, stage, { env: context.env, signal, onStart });
  }
}
