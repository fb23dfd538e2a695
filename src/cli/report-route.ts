// The flags of `pipelite report`.
import { buildCommand, type Command } from "@stricli/core";
import type { ReportFlags } from "./commands/report.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, optionalTextArgument } from "./flags.ts";

export const reportRoute: Command<Context> = buildCommand<ReportFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/report.ts")).report),
  parameters: {
    flags: {
      ...globalFlags,
      out: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Folder to write to (default: report-RUN)",
        placeholder: "DIR",
      },
      pdf: { kind: "boolean", default: false, brief: "Print the report to report.pdf, through Chromium" },
    },
    aliases: { ...globalAliases, o: "out" },
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("RUN", "Run id or its start (default: the latest run)", "run")],
    },
  },
  docs: { brief: "Write the documents of a run: batch record, evidence, report" },
});
