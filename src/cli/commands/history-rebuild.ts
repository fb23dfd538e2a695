// `pipelite history rebuild`: makes the index again from the run records.
import { formatCount } from "#base/numbers.ts";
import { command } from "#cli/command.ts";
import { printJson, say, type ExitCode } from "#cli/context.ts";
import { historyLocationOf, verdictOnRecords, warnOfRecords } from "#cli/database.ts";
import { databaseFlag } from "#cli/flags.ts";

export const historyRebuild = command({
  brief: "Make the index again from the run records",
  about: [
    "The run records are the truth, the index is made of them. What other machines put into a shared database stays.",
  ],
  examples: [["pipelite history rebuild", "after the index was damaged"]],
  flags: { database: databaseFlag },
  async run(context, flags): Promise<ExitCode> {
    const { remakeHistory } = await import("#app/history.ts");
    const { report, total, database } = await remakeHistory(historyLocationOf(context, flags));
    if (report.replaced !== undefined) say(context, flags, `what was damaged: ${report.replaced}`);
    warnOfRecords(context, report);
    if (flags.json) printJson(context, { database, ...report });
    else say(context, flags, `${formatCount(total, "run")} in ${database}`);
    return verdictOnRecords(report);
  },
});
