// The flags of `pipelite trace`.
import { buildCommand, type Command } from "@stricli/core";
import type { TraceFlags } from "./commands/trace.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, optionalTextArgument } from "./flags.ts";

export const traceRoute: Command<Context> = buildCommand<TraceFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/trace.ts")).trace),
  parameters: {
    flags: {
      ...globalFlags,
      format: {
        kind: "enum",
        values: ["text", "chrome", "otlp"],
        default: "text",
        brief: "A timeline to read, or a file for Perfetto or OpenTelemetry",
        placeholder: "FORMAT",
      },
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("RUN", "Run id or its start (default: the latest run)", "run")],
    },
  },
  docs: { brief: "Show where the time of a run went" },
});
