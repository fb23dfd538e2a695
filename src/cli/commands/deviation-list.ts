// `pipelite deviation list`: what departed from the plan in a run.
import { command, toggle } from "#cli/command.ts";
import { columnsOf, print, printJson, say } from "#cli/context.ts";
import { runNamedBy } from "#cli/run-argument.ts";
import { historyLocationOf } from "#cli/database.ts";
import { describeDeviations, describeMoves } from "#cli/deviation-text.ts";
import { runArgument } from "#cli/flags.ts";

export const deviationList = command({
  brief: "List the deviations of a run, with their states",
  about: [
    "Deviations open by themselves: a failed check or stage, a check that could not decide, a retry, a weaker sandbox, " +
      "values an audit did not get again, a signal of a control chart. EARLIER counts runs before that departed alike.",
  ],
  examples: [
    ["pipelite deviation list", "of the latest run"],
    ["pipelite deviation list 20261121T0351 --history", "of another run, with all moves"],
  ],
  flags: { history: toggle("Show the moves of each, too") },
  args: [runArgument],
  async run(context, flags, word) {
    const { listDeviations } = await import("#app/deviation.ts");
    const found = await listDeviations(historyLocationOf(context, flags), runNamedBy(context, word));
    const { runId, deviations } = found;
    if (flags.json) return printJson(context, found);
    if (deviations.length === 0) return say(context, flags, `run ${runId} has no deviations`);
    print(context, `run ${runId}\n\n${describeDeviations(deviations, columnsOf(context))}`);
    const moves = deviations.filter(({ history }) => history.length > 0);
    if (flags.history && moves.length > 0) print(context, `\n${moves.map(describeMoves).join("\n\n")}`);
  },
});
