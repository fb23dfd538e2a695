// `pipelite history sync`: adds new run records to the index.
import { formatCount } from "#base/numbers.ts";
import { command } from "#cli/command.ts";
import { printJson, say, type ExitCode } from "#cli/context.ts";
import { historyLocationOf, verdictOnRecords, warnOfRecords } from "#cli/database.ts";
import { databaseFlag } from "#cli/flags.ts";

export const historySync = command({
  brief: "Add new run records to the index",
  about: [
    "Every command that reads the index does this first. Ends with 3 when a record is not the one that was indexed " +
      "before, or can't be read.",
  ],
  examples: [
    ["pipelite history sync", "add new runs to the file in the home"],
    ["pipelite history sync --database postgres://ci@db.example/runs", "to a database that machines share"],
  ],
  flags: { database: databaseFlag },
  async run(context, flags): Promise<ExitCode> {
    const { updateHistory } = await import("#app/history.ts");
    const { report, database } = await updateHistory(historyLocationOf(context, flags));
    warnOfRecords(context, report);
    if (flags.json) printJson(context, { database, ...report });
    else say(context, flags, `${formatCount(report.added, "run")} added to ${database}`);
    return verdictOnRecords(report);
  },
});
