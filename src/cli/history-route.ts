// The commands below `pipelite history`.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import type { HistoryFlags, HistoryListFlags } from "./commands/history.ts";
import { withContext, type Context } from "./context.ts";
import { databaseFlag } from "./database-flag.ts";
import { globalAliases, globalFlags, optionalTextArgument, parseCount } from "./flags.ts";

const list: Command<Context> = buildCommand<HistoryListFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/history.ts")).historyList),
  parameters: {
    flags: {
      ...globalFlags,
      database: databaseFlag,
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "20",
        brief: "Show this many",
        placeholder: "N",
      },
      all: { kind: "boolean", default: false, brief: "Show all" },
    },
    aliases: { ...globalAliases, n: "limit", a: "all" },
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("PIPELINE", "Only its runs: a name, a pipeline.ts or its folder")],
    },
  },
  docs: { brief: "List the runs of all machines that share the database, newest first" },
});

const sync: Command<Context> = buildCommand<HistoryFlags, [], Context>({
  loader: async () => withContext((await import("./commands/history.ts")).historySync),
  parameters: { flags: { ...globalFlags, database: databaseFlag }, aliases: globalAliases },
  docs: { brief: "Add new run records to the index" },
});

const rebuild: Command<Context> = buildCommand<HistoryFlags, [], Context>({
  loader: async () => withContext((await import("./commands/history.ts")).historyRebuild),
  parameters: { flags: { ...globalFlags, database: databaseFlag }, aliases: globalAliases },
  docs: { brief: "Make the index again from the run records" },
});

export const historyRoutes = buildRouteMap({
  routes: { list, sync, rebuild },
  defaultCommand: "list",
  docs: { brief: "The index of run records: look at it, bring it up to date" },
});
