// `pipelite log`: what a stage printed, as it printed it; on a terminal without what could steer the terminal.
import { argument, command, usualValue } from "#cli/command.ts";
import { print, printDocument, printJson, say } from "#cli/context.ts";
import { openHomeOf, tellRun, runNamedBy } from "#cli/run-argument.ts";
import { cleanLines } from "#view/format.ts";

export const log = command({
  brief: "Print the log of a stage",
  examples: [
    ["pipelite log audio", "what the stage audio printed in the latest run"],
    ["pipelite log audio --run 20261121T0351", "in another run"],
  ],
  flags: { run: usualValue("RUN", "Run id or its start", { alias: "r", usual: "latest" }) },
  args: [argument("STAGE", "Name of a stage", "stage")],
  async run(context, flags, stage) {
    const app = await import("#app/runs.ts");
    const { run, log, isLater } = app.stageLog(
      openHomeOf(context, flags),
      runNamedBy(context, flags.run),
      stage,
    );
    const isTerminal = context.stdout.isTTY === true;
    if (flags.json) printJson(context, { runId: run.runId, stage, log, isLater });
    else if (log === "") say(context, flags, `stage ${stage} printed nothing`);
    else if (isTerminal) print(context, cleanLines(log));
    else printDocument(context, log);
    if (isLater)
      say(
        context,
        { quiet: false },
        `warning: this is what a later build of ${stage} printed; the log of run ${run.runId} is no longer there`,
      );
    return tellRun(context, { quiet: true }, run);
  },
});
