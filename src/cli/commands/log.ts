// `pipelite log`: what a stage printed, as it printed it; on a terminal without what could steer the terminal.
import { argument, command, usualValue } from "#cli/command.ts";
import { homeOf, print, printJson, say } from "#cli/context.ts";
import { cleanLine } from "#view/format.ts";

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
    const found = app.stageLog(homeOf(context, flags.store), flags.run, stage);
    if (flags.json) return printJson(context, found);
    if (found.log === "") return say(context, flags, `stage ${stage} printed nothing`);
    const isTerminal = context.stdout.isTTY === true;
    print(context, isTerminal ? found.log.split("\n").map(cleanLine).join("\n") : found.log);
  },
});
