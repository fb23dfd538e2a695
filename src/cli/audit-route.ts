// The flags of `pipelite audit`.
import { buildCommand, type Command } from "@stricli/core";
import type { AuditFlags } from "./commands/audit.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, optionalTextArgument, parseCount } from "./flags.ts";

export const auditRoute: Command<Context> = buildCommand<AuditFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/audit.ts")).audit),
  parameters: {
    flags: {
      ...globalFlags,
      jobs: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        brief: "Stages built again at a time (default: the cores of this machine)",
        placeholder: "N",
      },
    },
    aliases: { ...globalAliases, j: "jobs" },
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("RUN", "Run id or its start (default: the latest run)", "run")],
    },
  },
  docs: { brief: "Compute everything a run claims again from its evidence" },
});
