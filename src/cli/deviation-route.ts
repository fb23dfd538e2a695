// The flags of `pipelite deviation`.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import type { DeviationListFlags, DeviationMoveFlags } from "./commands/deviation.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, optionalTextArgument, textArgument } from "./flags.ts";
import { asFlag, keyFlag, passphraseFlag } from "./signing-key-flags.ts";

const list: Command<Context> = buildCommand<DeviationListFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/deviation.ts")).deviationList),
  parameters: {
    flags: {
      ...globalFlags,
      history: { kind: "boolean", default: false, brief: "Show the moves of each, too" },
    },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("RUN", "Run id or its start (default: the latest run)", "run")],
    },
  },
  docs: { brief: "List the deviations of a run, with their states" },
});

const move: Command<Context> = buildCommand<DeviationMoveFlags, [string, string], Context>({
  loader: async () => withContext((await import("./commands/deviation.ts")).deviationMove),
  parameters: {
    flags: {
      ...globalFlags,
      reason: { kind: "parsed", parse: String, brief: "Why it is moved", placeholder: "TEXT" },
      disposition: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "With dispositioned: rework, use-as-is or reject",
        placeholder: "WHAT",
      },
      as: asFlag,
      key: keyFlag,
      passphraseFile: passphraseFlag,
    },
    aliases: { ...globalAliases, k: "key" },
    positional: {
      kind: "tuple",
      parameters: [
        textArgument("ID", "Deviation"),
        textArgument("STATE", "investigating, dispositioned, capa, effectiveness-check or closed"),
      ],
    },
  },
  docs: { brief: "Move a deviation to another state, by a signature" },
});

export const deviationRoute = buildRouteMap({
  routes: { list, move },
  docs: { brief: "Deviations of runs and what is done about them" },
});
