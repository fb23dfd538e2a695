// `pipelite report`: the documents of any run, as files.
import { command, toggle, value } from "#cli/command.ts";
import { columnsOf, pathOf, print, printJson, say } from "#cli/context.ts";
import { runArgument } from "#cli/flags.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, tellRun, runNamedBy } from "#cli/run-argument.ts";

export const report = command({
  brief: "Write the documents of a run: batch record, evidence, report",
  about: [
    "Writes report.html, which holds everything in one file for reading and printing, and the same as data: the " +
      "executed batch record, the master record, deviations, evidence for clauses of standards, and CycloneDX " +
      "attestations. Works for failed runs and for runs that built nothing, too.",
    "Every value is a claim of the run or an identifier that says where it stands. Nothing in these documents says " +
      "that a requirement is met: persons decide that.",
  ],
  examples: [
    ["pipelite report", "the latest run, into report-RUN in this folder"],
    ["pipelite report 20261121T0351 --out documents", "another run, into a folder"],
    ["pipelite report --pdf", "and report.pdf, printed by Chromium"],
    ["pipelite report --json", "with the digest of each document, for programs"],
  ],
  flags: {
    out: value("DIR", "Folder to write to (default: report-RUN)", { alias: "o" }),
    pdf: toggle("Print the report to report.pdf, through Chromium"),
  },
  args: [runArgument],
  async run(context, flags, word) {
    const { writeReport } = await import("#app/report.ts");
    const { run, folder, documents } = await writeReport({
      home: openHomeOf(context, flags),
      which: runNamedBy(context, word),
      folderFor: (runId) => pathOf(context, flags.out ?? `report-${runId}`),
      pdfEnv: flags.pdf ? context.env : undefined,
    });
    const verdict = tellRun(context, flags, run);
    const { runId, record } = run;
    if (flags.json) {
      printJson(context, { runId, folder, documents });
      return verdict;
    }
    print(
      context,
      formatTable([["DOCUMENT", "SHA256"], ...documents.map((row) => [row.name, row.sha256])], {
        columns: columnsOf(context),
      }),
    );
    say(context, flags, `documents of run ${runId} (${record.status}): ${folder}`);
    return verdict;
  },
});
